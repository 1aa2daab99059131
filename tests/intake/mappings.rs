//! The built-in mappings against payloads of each product's shape.
//!
//! Every `tests/fixtures/sources/<mapping>/<case>.json` is read by `rules/sources/<mapping>.toml`
//! and told in the words of a dry run; `<case>.txt` beside it holds what must come out.
//! `WATCHBELL_BLESS=1` writes those files anew: read the difference before keeping it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, EvidenceKind, Mapping, Report, dry_run, guess, read};
use watchbell::domain::instant::{Instant, parse_rfc3339, rfc3339};

fn received() -> Instant {
    parse_rfc3339("2026-11-21T12:00:00Z").expect("a time")
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn delivery(source: &str) -> DeliveryMeta {
    DeliveryMeta::json(SourceId::from(source), received())
}

/// Every built-in mapping by name.
fn mappings() -> BTreeMap<String, Mapping> {
    let mut mappings = BTreeMap::new();
    for path in files_under(&at("rules/sources"), "toml") {
        let text = std::fs::read_to_string(&path).expect("a mapping file");
        let mapping = Mapping::parse(&text).unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(mapping.name()), "a file is named as its mapping");
        mappings.insert(mapping.name().to_owned(), mapping);
    }
    mappings
}

fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn every_mapping_reads_its_fixtures_as_written_down() {
    let mut wrong = Vec::new();
    for (name, mapping) in mappings().iter().filter(|(_, mapping)| !mapping.is_native()) {
        let cases = files_under(&at("tests/fixtures/sources").join(name), "json");
        assert!(!cases.is_empty(), "mapping `{name}` has no fixture; add one under tests/fixtures/sources/{name}");
        for case in cases {
            let body = std::fs::read(&case).expect("a fixture");
            let told = match dry_run(mapping, &Vocabulary::default(), &delivery("under-test"), &body) {
                Ok(told) => told.to_string(),
                Err(unreadable) => format!("refused: {unreadable}\n"),
            };
            let golden = case.with_extension("txt");
            if std::env::var_os("WATCHBELL_BLESS").is_some() {
                std::fs::write(&golden, &told).expect("the golden file is written");
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            if told != expected {
                wrong.push(format!("{}\n--- expected\n{expected}\n+++ read\n{told}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_product_claims_more_than_times() {
    for (name, mapping) in mappings().iter().filter(|(_, mapping)| !mapping.is_native()) {
        for case in files_under(&at("tests/fixtures/sources").join(name), "json") {
            let body = std::fs::read(&case).expect("a fixture");
            for report in read(mapping, &Vocabulary::default(), &delivery("s"), &body).into_iter().flatten() {
                assert_only_times(&case.display().to_string(), &report);
                // Only VERIS is an analyst's word about an incident that is over.
                assert!(report.kind != EvidenceKind::BreachReport || name == "veris", "{}", case.display());
            }
        }
    }
}

fn assert_only_times(case: &str, report: &Report) {
    for claim in &report.claims {
        let key = claim.key.as_str();
        assert!(matches!(key, "event.occurred-at" | "event.detected-at" | "event.received-at"), "{case}: claims `{key}`");
    }
}

/// A payload of the folder of public samples, and where its parts stand.
struct Sample {
    mapping: &'static str,
    file: &'static str,
    /// How many events it holds, and where the first of them stands.
    events: usize,
    base: &'static str,
    id: &'static str,
    title: &'static str,
    occurred: &'static str,
    detected: &'static str,
}

#[rustfmt::skip]
const SAMPLES: [Sample; 42] = [
    sample("prometheus-alertmanager", "prometheus-alertmanager/webhook-v4.json", 2, "/alerts/0", "", "/annotations/title", "/startsAt", "/startsAt"),
    sample("wazuh", "wazuh/alert-indexed-gdpr-tags.json", 1, "/_source", "", "/rule/description", "", "/timestamp"),
    sample("wazuh", "wazuh/alert-minimal-fixture.json", 1, "", "/id", "/rule/description", "", ""),
    sample("aws-guardduty", "aws-guardduty/finding-iam-privilege-escalation.json", 1, "", "/id", "/title", "/service/eventFirstSeen", "/createdAt"),
    sample("aws-guardduty", "aws-guardduty/get-findings-rdp-bruteforce.json", 1, "/Findings/0", "/Id", "/Title", "/Service/EventFirstSeen", "/CreatedAt"),
    sample("aws-macie", "aws-macie/sensitive-data-finding-csv.json", 1, "", "/id", "/title", "", "/createdAt"),
    sample("aws-macie", "aws-macie/sensitive-data-finding-custom-identifier.json", 1, "", "/id", "/title", "", "/createdAt"),
    sample("aws-security-hub", "aws-security-hub/asff-guardduty-cloudtrail-disabled.json", 1, "", "/Id", "/Title", "/FirstObservedAt", "/CreatedAt"),
    sample("aws-security-hub", "aws-security-hub/asff-s3-public-read-passed.json", 1, "", "/Id", "/Title", "/FirstObservedAt", "/CreatedAt"),
    sample("aws-security-hub", "aws-security-hub/eventbridge-findings-imported-v2-ocsf.json", 1, "/detail/findings/0", "/finding_info/uid", "/finding_info/title", "/finding_info/first_seen_time_dt", "/finding_info/created_time_dt"),
    sample("ocsf", "aws-security-hub/eventbridge-findings-imported-v2-ocsf.json", 1, "/detail/findings/0", "/finding_info/uid", "/finding_info/title", "/finding_info/first_seen_time_dt", "/finding_info/created_time_dt"),
    sample("ocsf", "ocsf/data-security-finding-macie.json", 1, "", "/finding_info/uid", "/finding_info/title", "", "/finding_info/created_time_dt"),
    sample("ocsf", "ocsf/detection-finding-okta.json", 1, "", "/finding_info/uid", "/finding_info/title", "", "/time_dt"),
    sample("microsoft-sentinel", "microsoft-sentinel/incident-arm.json", 1, "", "/name", "/properties/title", "/properties/firstActivityTimeUtc", "/properties/createdTimeUtc"),
    sample("microsoft-defender-xdr", "microsoft-defender-xdr/incident.json", 1, "", "/incidentId", "/incidentName", "/alerts/0/firstActivity", "/alerts/0/creationTime"),
    sample("microsoft-graph", "microsoft-graph/security-incident.json", 1, "", "/id", "/displayName", "", "/createdDateTime"),
    sample("microsoft-graph", "microsoft-graph/alert-v2-anonymous-ip.json", 1, "", "/id", "/title", "/firstActivityDateTime", "/createdDateTime"),
    sample("microsoft-purview", "microsoft-purview/dlp-rule-match.json", 1, "/0", "/IncidentId", "/PolicyDetails/0/Rules/0/RuleName", "", "/CreationTime"),
    sample("azure-monitor", "azure-monitor/common-alert-schema-metric-resolved.json", 1, "/data", "/essentials/alertId", "/essentials/alertRule", "/essentials/firedDateTime", "/essentials/firedDateTime"),
    sample("splunk", "splunk/webhook-alert-action.json", 1, "", "", "", "", ""),
    sample("splunk", "splunk/es-notable.json", 1, "", "/event_id", "/rule_title", "", "/_time"),
    sample("elastic", "elastic/security-alert.json", 1, "", "/kibana.alert.uuid", "/kibana.alert.rule.name", "/kibana.alert.original_time", ""),
    sample("elastic", "elastic/case.json", 1, "", "/id", "/title", "", "/created_at"),
    sample("qradar", "qradar/offenses-list.json", 2, "/data/0", "/id", "/description", "/start_time", "/first_persisted_time"),
    sample("crowdstrike", "crowdstrike/event-stream-epp-detection-summary.json", 1, "", "/event/CompositeId", "/event/Name", "/event/ProcessStartTime", "/metadata/eventCreationTime"),
    sample("crowdstrike", "crowdstrike/fdr-detection-flat.json", 1, "", "/CompositeId", "/Name", "/ProcessStartTime", "/timestamp"),
    sample("google-secops", "google-secops/rule-detection.json", 1, "", "/id", "/detection/0/ruleName", "/timeWindow/startTime", "/createdTime"),
    sample("google-scc", "google-scc/notification-threat-cryptomining.json", 1, "", "/finding/name", "/finding/category", "/finding/eventTime", "/finding/createTime"),
    sample("cortex-xdr", "cortex-xdr/incident-list.json", 1, "/reply/incidents/0", "/incident_id", "/description", "", "/creation_time"),
    sample("xsoar", "xsoar/incident.json", 1, "", "/id", "/name", "/occurred", "/created"),
    sample("sentinelone", "sentinelone/threats-list.json", 1, "/data/0", "/id", "/threatName", "/createdDate", "/createdAt"),
    sample("thehive", "thehive/webhook-case-status-update.json", 1, "", "/objectId", "/object/title", "/context/startDate", "/context/newDate"),
    sample("dfir-iris", "dfir-iris/alert-get.json", 1, "/data", "/alert_uuid", "/alert_title", "/alert_source_event_time", "/alert_creation_time"),
    sample("misp", "misp/event-ransomware-xorist.json", 1, "/Event", "/uuid", "/info", "", ""),
    sample("opsgenie", "opsgenie/webhook-create.json", 1, "", "/alert/alertId", "/alert/message", "/alert/createdAt", "/alert/createdAt"),
    sample("servicenow", "servicenow/security-incident.json", 1, "/security_incident", "/sys_id", "/short_description", "/opened_at", "/opened_at"),
    sample("pagerduty", "pagerduty/v3-incident-priority-updated.json", 1, "/event", "/data/id", "/data/title", "", ""),
    sample("veris", "veris/incident-ransom-fixture.json", 1, "", "/incident_id", "/summary", "", ""),
    sample("cloudevents", "cloudevents/structured.json", 1, "", "", "/type", "/time", ""),
    sample("cloudevents", "cloudevents/batched.json", 2, "/0", "", "/type", "/time", ""),
    sample("ocsf", "ocsf/prowler-batch-array.json", 5, "/0", "/finding_info/uid", "/finding_info/title", "", "/finding_info/created_time_dt"),
    sample("jira", "jira/webhook-issue-created.json", 1, "", "/issue/id", "/issue/fields/summary", "", "/issue/fields/created"),
];

#[expect(clippy::too_many_arguments, reason = "a row of the table above")]
const fn sample(
    mapping: &'static str,
    file: &'static str,
    events: usize,
    base: &'static str,
    id: &'static str,
    title: &'static str,
    occurred: &'static str,
    detected: &'static str,
) -> Sample {
    Sample { mapping, file, events, base, id, title, occurred, detected }
}

#[test]
fn public_samples_are_read_from_the_places_their_products_document() {
    let folder = at("../shared/samples");
    if !folder.is_dir() {
        println!("skipped: no folder of samples beside the repository");
        return;
    }
    let mappings = mappings();
    let mut wrong = Vec::new();
    for sample in &SAMPLES {
        let body = std::fs::read(folder.join(sample.file)).expect("a sample");
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let reports = read(&mappings[sample.mapping], &Vocabulary::default(), &delivery("s"), &body)
            .unwrap_or_else(|unreadable| panic!("{}: {unreadable}", sample.file));
        let word = |pointer: &str| match json.pointer(&format!("{}{pointer}", sample.base)) {
            Some(serde_json::Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Some(other) => other.to_string(),
            None => format!("nothing at {pointer}"),
        };
        let first = &reports[0];
        assert_only_times(sample.file, first);
        let mut check = |what: &str, got: String, expected: String| {
            if got != expected {
                wrong.push(format!("{}: {what} is `{got}`, expected `{expected}`", sample.file));
            }
        };
        check("count", reports.len().to_string(), sample.events.to_string());
        if !sample.id.is_empty() {
            check("id", first.external_id.clone().unwrap_or_default(), word(sample.id));
        }
        if !sample.title.is_empty() {
            check("title", first.title.clone(), word(sample.title));
        }
        for (key, pointer) in [("event.occurred-at", sample.occurred), ("event.detected-at", sample.detected)] {
            let claimed = first.claims.iter().find(|claim| claim.key.as_str() == key).and_then(|claim| claim.pointer.clone());
            if !pointer.is_empty() {
                check(key, claimed.unwrap_or_default(), format!("{}{pointer}", sample.base));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every public sample, and what must come of it: `tests/data/public_samples.tsv`, a line per event.
///
/// `WATCHBELL_BLESS=1` writes the table anew; each line was held against the product's documents.
#[test]
fn every_public_sample_is_accepted_or_refused_on_purpose() {
    let folder = at("../shared/samples");
    if !folder.is_dir() {
        println!("skipped: no folder of samples beside the repository");
        return;
    }
    let mappings = mappings();
    let mut lines = vec![SAMPLE_COLUMNS.join("\t")];
    for product in folders_under(&folder) {
        for file in files_under(&folder.join(&product), "json") {
            let name = format!("{product}/{}", file.file_name().and_then(|name| name.to_str()).expect("UTF-8"));
            let mapping = mappings.get(product.as_str()).unwrap_or(&mappings["native"]);
            let (delivery, body) = sample_delivery(&name, std::fs::read(&file).expect("a sample"));
            match read(mapping, &Vocabulary::default(), &delivery, &body) {
                Ok(reports) => {
                    for report in &reports {
                        assert_only_times(&name, report);
                        lines.push(told_in_columns(&name, report));
                    }
                    assert!(!reports.is_empty(), "{name}");
                }
                Err(unreadable) => lines.push(format!("{name}\trefused\t{}", unreadable.refusal.code())),
            }
        }
    }
    let told = lines.join("\n") + "\n";
    let table = at("tests/data/public_samples.tsv");
    if std::env::var_os("WATCHBELL_BLESS").is_some() {
        std::fs::write(&table, &told).expect("the table is written");
    }
    let expected = std::fs::read_to_string(&table).unwrap_or_default();
    for (told, expected) in told.lines().zip(expected.lines()) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.lines().count(), expected.lines().count(), "a sample is not in the table, or no longer there");
}

const SAMPLE_COLUMNS: [&str; 11] =
    ["file", "kind", "severity", "status", "id", "version", "title", "occurred", "detected", "updated", "tenant"];

/// Identifiers and times as they are; of a title and of a digest only that they are there.
fn told_in_columns(name: &str, report: &Report) -> String {
    let time = |at: Option<Instant>| at.map_or("-".to_owned(), rfc3339);
    let word = |word: &Option<String>| word.clone().unwrap_or("-".to_owned());
    let plain = |id: &str| if id.contains("sha256:") { "digest".to_owned() } else { id.to_owned() };
    let titled = !report.title.ends_with("without a title");
    let columns = [
        name.to_owned(),
        report.kind.name().to_owned(),
        report.severity.name().to_owned(),
        word(&report.status),
        report.external_id.as_deref().map_or("-".to_owned(), plain),
        plain(&report.update_id),
        if titled { "yes" } else { "-" }.to_owned(),
        time(report.times.occurred),
        time(report.times.detected),
        time(report.times.updated),
        word(&report.tenant),
    ];
    columns.join("\t")
}

/// Three files hold more than a body, for the file only.
fn sample_delivery(name: &str, body: Vec<u8>) -> (DeliveryMeta, Vec<u8>) {
    let mut delivery = delivery("s");
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let text = |key: &str| json[key].as_str().expect("text").to_owned().into_bytes();
    match name {
        "cloudevents/binary-mode-as-headers-and-body.json" => {
            let headers = json["headers"].as_object().expect("headers").iter();
            delivery.headers = headers.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect();
            (delivery, json["body"].to_string().into_bytes())
        }
        "pagerduty/v3-signature-test-vector.json" => (delivery, text("body_exact")),
        "standard-webhooks/symmetric-test-vector.json" => (delivery, text("body_exact")),
        _ => (delivery, body),
    }
}

fn folders_under(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn a_hint_that_pre_fills_a_question_names_a_question_there_is() {
    let text = std::fs::read_to_string(at("rules/facts.toml")).expect("the vocabulary");
    for (name, mapping) in &mappings() {
        for key in mapping.hinted_facts() {
            assert!(text.contains(&format!("\nkey = \"{key}\"")), "mapping `{name}` has a hint about `{key}`, which is no fact");
        }
    }
}

#[test]
fn a_binary_cloudevent_is_read_from_its_headers() {
    let mut delivery = delivery("s");
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-type", "example.mercy.dlp.match"),
        ("ce-source", "/dlp/eu"),
        ("ce-id", "m-1"),
        ("ce-time", "2026-11-21T08:00:00+01:00"),
        ("ce-subject", "R%C3%B6ntgen"),
    ] {
        delivery.headers.insert(name.into(), value.into());
    }
    let reports = read(&mappings()["cloudevents"], &Vocabulary::default(), &delivery, b"{\"a\": 1}").expect("read");
    let report = &reports[0];
    assert_eq!((report.title.as_str(), report.external_id.as_deref()), ("R\u{f6}ntgen", Some("R\u{f6}ntgen")));
    assert_eq!((report.update_id.as_str(), report.tenant.as_deref()), ("/dlp/eu|m-1", Some("/dlp/eu")));
    assert_eq!(report.times.occurred, parse_rfc3339("2026-11-21T07:00:00Z"));
    assert_eq!(report.claims[0].pointer.as_deref(), Some("header:ce-time"));
}

/// Products that post the same body: a guess between them is even.
const SAME_SHAPE: [[&str; 2]; 3] =
    [["grafana", "prometheus-alertmanager"], ["prometheus-alertmanager", "grafana"], ["ocsf", "aws-security-hub"]];

#[test]
fn a_payload_is_guessed_to_be_of_the_product_that_sent_it() {
    let mappings = mappings();
    let all: Vec<&Mapping> = mappings.values().collect();
    let mut wrong = Vec::new();
    for name in mappings.keys() {
        for case in files_under(&at("tests/fixtures/sources").join(name), "json") {
            let body = std::fs::read(&case).expect("a fixture");
            let guesses = guess(&all, &Vocabulary::default(), &delivery("s"), &body);
            let best = guesses.first().map(|guess| all[guess.nth].name());
            if best.is_none_or(|best| best != name && !SAME_SHAPE.contains(&[name.as_str(), best])) {
                let told: Vec<String> = guesses.iter().take(3).map(|g| format!("{}: {}", all[g.nth].name(), g.why)).collect();
                wrong.push(format!("{}: {told:#?}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(guess(&all, &Vocabulary::default(), &delivery("s"), b"{\"zzz\": 1}").is_empty());
    assert_eq!(
        guess(&all, &Vocabulary::default(), &delivery("s"), b"{\"title\": \"t\"}")[0].why.to_string(),
        "every field is one of the native event"
    );
}
