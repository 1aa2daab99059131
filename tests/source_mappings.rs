//! The built-in mappings against payloads of each product's shape.
//!
//! Every `tests/fixtures/sources/<mapping>/<case>.json` is read by `rules/sources/<mapping>.toml`
//! and told in the words of a dry run; `<case>.txt` beside it holds what must come out.
//! `WATCHBELL_BLESS=1` writes those files anew: read the difference before keeping it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, EvidenceKind, Mapping, Report, dry_run, read};
use watchbell::domain::instant::{Instant, parse_rfc3339};

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
    for entry in std::fs::read_dir(at("rules/sources")).expect("rules/sources") {
        let path = entry.expect("an entry").path();
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
    sample("alertmanager", "prometheus-alertmanager/webhook-v4.json", 2, "/alerts/0", "", "/annotations/title", "/startsAt", "/startsAt"),
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
    sample("pagerduty", "pagerduty/v3-incident-priority-updated.json", 1, "/event", "/data/id", "/data/title", "", "/occurred_at"),
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

#[test]
fn every_public_sample_of_a_mapped_product_is_read() {
    let folder = at("../shared/samples");
    if !folder.is_dir() {
        println!("skipped: no folder of samples beside the repository");
        return;
    }
    for (name, mapping) in &mappings() {
        for file in files_under(&folder.join(name), "json") {
            let body = std::fs::read(&file).expect("a sample");
            let reports = read(mapping, &Vocabulary::default(), &delivery("s"), &body);
            let reports = match reports {
                Ok(reports) => reports,
                Err(unreadable) => panic!("{}: {unreadable}", file.display()),
            };
            assert!(!reports.is_empty(), "{}", file.display());
            reports.iter().for_each(|report| assert_only_times(&file.display().to_string(), report));
        }
    }
}
