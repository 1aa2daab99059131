//! What comes in from outside: sound, unsound, and made to break us.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use watchbell::domain::facts::{FactEntry, FactType, Value, Vocabulary};
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, EvidenceKind, Mapping, RemarkCode, Report, Severity, Unreadable, dry_run, read};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};

fn at(text: &str) -> Instant {
    parse_rfc3339(text).expect("a time")
}

fn delivery() -> DeliveryMeta {
    DeliveryMeta::json(SourceId::from("soc"), at("2026-11-21T12:00:00Z"))
}

fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for (key, kind, judgement) in [
        ("people.total", FactType::Count, false),
        ("data.encrypted", FactType::YesNo, false),
        ("people.places", FactType::Places, false),
        ("risk.likely", FactType::YesNo, true),
        ("aware.at", FactType::Instant, false),
    ] {
        let question = format!("What is {key}?");
        let entry = FactEntry {
            key: key.into(),
            kind,
            question,
            help: None,
            judgement,
            of_organisation: false,
            may_lie_ahead: false,
            at_least_sum_of: None,
            listed_in: None,
            of_each_subject: false,
        };
        assert!(vocabulary.insert(entry).is_none());
    }
    vocabulary
}

fn native(body: &Json) -> Result<Vec<Report>, Unreadable> {
    read(&Mapping::native(), &vocabulary(), &delivery(), body.to_string().as_bytes())
}

fn native_one(body: &Json) -> Report {
    let mut reports = native(body).unwrap_or_else(|unreadable| panic!("refused: {unreadable}"));
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// The faults of a refused native event, as pointer and code.
fn native_faults(body: &Json) -> Vec<(String, &'static str)> {
    let unreadable = native(body).expect_err("refused");
    assert!(!unreadable.refusal.is_syntax());
    unreadable.faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn mapping(name: &str) -> Mapping {
    let path = format!("{}/rules/sources/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    Mapping::parse(&std::fs::read_to_string(path).expect("a mapping file")).expect("a sound mapping")
}

fn wazuh(body: &Json) -> Report {
    let mut reports = dry_run(&mapping("wazuh"), &vocabulary(), &delivery(), body.to_string().as_bytes()).expect("read").reports;
    reports.remove(0)
}

fn claimed(report: &Report, key: &str) -> Option<Value> {
    report.claims.iter().find(|claim| claim.key.as_str() == key).and_then(|claim| claim.value.clone())
}

fn remark_codes(report: &Report) -> Vec<RemarkCode> {
    report.remarks.iter().map(|remark| remark.code).collect()
}

#[test]
fn a_native_event_states_facts_with_their_place() {
    let report = native_one(&json!({
        "id": "case-7", "title": "Mailbox taken over", "severity": "high", "tenant": "emea", "status": "open",
        "occurred_at": "2026-11-20T22:10:00+01:00", "detected_at": "2026-11-21T07:40:00+01:00",
        "organisations": ["acme-gmbh"],
        "facts": {"people.total": {"at-least": 400}, "data.encrypted": false, "people.places": null},
        "note": "Found by the help desk.", "labels": {"ward": "north", "beds": 12}, "link": "https://soc.example/7",
    }));
    assert_eq!(report.external_id.as_deref(), Some("case-7"));
    assert_eq!((report.severity, report.kind), (Severity::High, EvidenceKind::BreachReport));
    assert_eq!(report.organisations[0].as_str(), "acme-gmbh");
    assert_eq!(report.note.as_deref(), Some("Found by the help desk."));
    let told: Vec<String> = report
        .claims
        .iter()
        .map(|c| {
            format!(
                "{}={}@{}",
                c.key,
                c.value.as_ref().map_or("?".into(), ToString::to_string),
                c.pointer.as_deref().unwrap_or("")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "event.occurred-at=2026-11-20T21:10:00Z@/occurred_at",
            "event.detected-at=2026-11-21T06:40:00Z@/detected_at",
            "event.received-at=2026-11-21T12:00:00Z@",
            "data.encrypted=no@/facts/data.encrypted",
            "people.places=?@/facts/people.places",
            "people.total=at least 400@/facts/people.total",
        ]
    );
    let hints: Vec<(&str, &str)> = report.hints.iter().map(|h| (h.label.as_str(), h.value.as_str())).collect();
    assert_eq!(hints, [("link", "https://soc.example/7"), ("beds", "12"), ("ward", "north")]);
    assert!(report.remarks.is_empty() && report.ignored.is_empty());
}

#[test]
fn a_judgement_and_awareness_from_a_product_are_hints_and_never_claims() {
    let report = native_one(&json!({"title": "t", "facts": {"risk.likely": true, "aware.at": "2026-11-21T08:00:00Z"}}));
    assert_eq!(report.claims.len(), 1, "only the receipt: {:?}", report.claims);
    assert_eq!(report.hints.len(), 2);
    assert_eq!(remark_codes(&report), [RemarkCode::JudgementNotTaken, RemarkCode::JudgementNotTaken]);
    assert_eq!(report.kind, EvidenceKind::SecurityAlert);
}

#[test]
fn every_fault_of_a_native_event_is_named_at_once() {
    let faults = native_faults(&json!({
        "titel": "x", "severity": "hihg", "occurred_at": "2026-11-20T22:10:00", "organisations": "acme", "id": 7,
        "facts": {"people.totl": 3, "data.encrypted": "no", "event.received-at": "2026-11-20T22:10:00Z"},
    }));
    assert_eq!(
        faults,
        [
            ("/titel".to_owned(), "unknown-field"),
            ("/title".to_owned(), "missing-field"),
            ("/id".to_owned(), "wrong-type"),
            ("/occurred_at".to_owned(), "wrong-type"),
            ("/severity".to_owned(), "wrong-type"),
            ("/facts/data.encrypted".to_owned(), "wrong-fact-type"),
            ("/facts/event.received-at".to_owned(), "reserved-fact"),
            ("/facts/people.totl".to_owned(), "unknown-fact"),
            ("/organisations".to_owned(), "wrong-type"),
        ]
    );
}

#[test]
fn a_refusal_says_expected_type_example_and_nearest_key() {
    let unreadable = native(&json!({"title": "t", "facts": {"people.totl": 3, "data.encrypted": "no"}})).expect_err("refused");
    assert_eq!(
        unreadable.to_string(),
        "the event has 2 faults\n\
         /facts/data.encrypted: fact `data.encrypted` expects true or false, got `\"no\"`\nhint: for example `true`\n\
         /facts/people.totl: no fact `people.totl`\nhint: did you mean `people.total`?"
    );
}

#[test]
fn each_field_of_a_native_event_has_one_type() {
    for (field, wrong) in [
        ("id", json!(7)),
        ("update_id", json!({})),
        ("tenant", json!(["t"])),
        ("title", json!(true)),
        ("severity", json!("High")),
        ("status", json!(1)),
        ("kind", json!("breach")),
        ("occurred_at", json!(1_700_000_000)),
        ("detected_at", json!("2026-11-20")),
        ("updated_at", json!("yesterday")),
        ("organisations", json!([""])),
        ("facts", json!(["people.total"])),
        ("note", json!("x".repeat(20_001))),
        ("link", json!(["https://a.example"])),
        ("labels", json!("north")),
    ] {
        let mut event = json!({"title": "t"});
        event[field] = wrong;
        assert_eq!(native_faults(&event), [(format!("/{field}"), "wrong-type")]);
        event[field] = Json::Null;
        let outcome = native(&event);
        assert_eq!(outcome.is_ok(), field != "title", "null is the same as leaving `{field}` out");
    }
}

#[test]
fn a_senders_delivery_header_names_the_version_where_the_mapping_says_so() {
    let mut delivery = delivery();
    delivery.headers.insert("x-atlassian-webhook-identifier".into(), "jira-1".into());
    let body = json!({"timestamp": 1, "webhookEvent": "e", "issue": {"id": "9", "fields": {"summary": "s"}}}).to_string();
    let with_header = read(&mapping("jira"), &vocabulary(), &delivery, body.as_bytes()).expect("read");
    assert_eq!(with_header[0].update_id, "jira-1");
    delivery.headers.clear();
    let without = read(&mapping("jira"), &vocabulary(), &delivery, body.as_bytes()).expect("read");
    assert_eq!(without[0].update_id, "9|1|e");
}

#[test]
fn a_batch_of_native_events_is_refused_whole_and_says_which_event() {
    assert_eq!(native_faults(&json!([{"title": "a"}, {"title": 1}])), [("/1/title".to_owned(), "wrong-type")]);
    let reports = native(&json!([{"title": "a"}, {"title": "b"}])).expect("read");
    assert_eq!(reports.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_ne!(reports[0].update_id, reports[1].update_id);
    assert_eq!(native(&json!([])).expect("read"), []);
}

#[test]
fn an_event_without_version_is_named_by_message_id_or_by_its_bytes() {
    let body = json!({"title": "t"});
    let (one, again, other) = (native_one(&body), native_one(&body), native_one(&json!({"title": "u"})));
    assert_eq!(one.update_id, again.update_id);
    assert_ne!(one.update_id, other.update_id);
    assert!(one.update_id.starts_with("sha256:"));
    let mut with_id = delivery();
    with_id.headers.insert("webhook-id".into(), "msg_1".into());
    let reports = read(&Mapping::native(), &vocabulary(), &with_id, body.to_string().as_bytes()).expect("read");
    assert_eq!(reports[0].update_id, "msg_1");
    let two = read(&Mapping::native(), &vocabulary(), &with_id, b"[{\"title\":\"a\"},{\"title\":\"a\"}]").expect("read");
    assert_eq!(two.iter().map(|report| report.update_id.as_str()).collect::<Vec<_>>(), ["msg_1#0", "msg_1#1"]);
    with_id.headers = [("svix-id".to_owned(), "msg_2".to_owned())].into();
    let reports = read(&Mapping::native(), &vocabulary(), &with_id, body.to_string().as_bytes()).expect("read");
    assert_eq!(reports[0].update_id, "msg_2");
    assert_eq!(native_one(&json!({"title": "t", "update_id": "v4"})).update_id, "v4");
}

#[test]
fn an_element_keeps_its_name_whatever_stands_beside_it() {
    let together = native(&json!([{"title": "a"}, {"title": "b"}])).expect("read");
    let swapped = native(&json!([{"title": "b"}, {"title": "a"}])).expect("read");
    assert_eq!(together[0].update_id, swapped[1].update_id);
}

#[test]
fn an_unbelievable_time_is_flagged_and_not_used() {
    for (time, code) in [
        ("2026-11-21T12:05:01Z", RemarkCode::TimeInFuture),
        ("9999-12-31T23:59:59Z", RemarkCode::TimeImplausible),
        ("1989-12-31T23:59:59Z", RemarkCode::TimeImplausible),
    ] {
        let report = native_one(&json!({"title": "t", "detected_at": time}));
        assert_eq!(remark_codes(&report), [code], "{time}");
        assert_eq!((report.times.detected, claimed(&report, "event.detected-at")), (None, None), "{time}");
        assert!(claimed(&report, "event.received-at").is_some());
    }
}

#[test]
fn a_products_odd_time_costs_a_remark_and_not_the_event() {
    for (time, code) in [
        (json!("year-month-dayThours:minuts:seconds+0000"), RemarkCode::TimeUnreadable),
        (json!("2026-11-20T10:00:00"), RemarkCode::TimeUnreadable),
        (json!("2027-01-01T00:00:00Z"), RemarkCode::TimeInFuture),
        (json!("9999-12-31T23:59:59Z"), RemarkCode::TimeImplausible),
        (json!({"a": 1}), RemarkCode::TimeUnreadable),
        (json!(true), RemarkCode::TimeUnreadable),
    ] {
        let report = wazuh(&json!({"id": "1.2", "rule": {"description": "d"}, "timestamp": time}));
        assert_eq!(remark_codes(&report), [code], "{time}");
        assert_eq!(report.times.detected, None);
        assert_eq!(report.title, "d");
    }
}

#[test]
fn a_naive_time_is_read_in_the_zone_the_mapping_names_and_the_assumption_is_on_the_claim() {
    let text = r#"
name = "acme"
title = "Acme"
product = "Acme"
[fields]
kind = [{ constant = "security-alert" }]
title = [{ pointer = "/t" }]
detected = [{ pointer = "/when/*", time = "naive:Asia/Kolkata" }]
updated = [{ pointer = "/when/*", time = "naive:Asia/Kolkata" }]
"#;
    let acme = Mapping::parse(text).expect("sound");
    let body = json!({"t": "x", "when": ["2026-11-20 10:00:00", "", "2026-11-20 09:00:00"]}).to_string();
    let reports = read(&acme, &vocabulary(), &delivery(), body.as_bytes()).expect("read");
    assert_eq!(reports[0].times.detected, Some(at("2026-11-20T09:00:00+05:30")), "the earliest");
    assert_eq!(reports[0].times.updated, Some(at("2026-11-20T10:00:00+05:30")), "the latest");
    let assumed = reports[0].claims[0].assumed.as_deref();
    assert_eq!(assumed, Some("a time without a zone, read in Asia/Kolkata"));
    assert_eq!(reports[0].claims[0].pointer.as_deref(), Some("/when/2"));
}

#[test]
fn a_products_own_words_for_nothing_are_nothing() {
    let text = r#"
name = "acme"
title = "Acme"
product = "Acme"
not_set = ["xxx", "N/A"]
[fields]
kind = [{ constant = "security-alert" }]
title = [{ pointer = "/t" }, { pointer = "/u" }]
occurred = [{ pointer = "/when" }]
"#;
    let acme = Mapping::parse(text).expect("sound");
    let body = json!({"t": "N/A", "u": "second", "when": "xxx"}).to_string();
    let report = read(&acme, &vocabulary(), &delivery(), body.as_bytes()).expect("read").remove(0);
    assert_eq!((report.title.as_str(), report.remarks.len()), ("second", 0), "{:?}", report.remarks);
}

#[test]
fn what_an_answer_may_hold_is_bounded() {
    let many: serde_json::Map<String, Json> = (0..5000).map(|n| (format!("field-{n}"), Json::Null)).collect();
    let unreadable = native(&Json::Object(many)).expect_err("refused");
    assert_eq!(unreadable.faults.len(), 100);
    let tags: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
    let report = wazuh(&json!({"id": "1", "rule": {"gdpr": tags}}));
    assert_eq!(report.hints.len(), 20);
    let wide: Vec<Json> = (0..5000).map(|n| json!({"extra": n})).collect();
    assert_eq!(wazuh(&json!({"id": "1", "rule": {"description": "d"}, "a": wide})).ignored, ["/a"]);
}

#[test]
fn a_products_fields_of_the_wrong_type_are_passed_over() {
    for odd in [json!(null), json!([]), json!({}), json!({"description": ["x"]}), json!("text"), json!(1e300)] {
        let report = wazuh(&json!({"id": odd, "rule": odd, "timestamp": odd, "manager": odd, "data": odd}));
        assert!(!report.title.is_empty() && report.update_id.len() >= 5, "{odd}: {report:?}");
    }
    let report = wazuh(&json!({"something": "else"}));
    assert_eq!(remark_codes(&report), [RemarkCode::NothingRecognised]);
    assert_eq!(report.ignored, ["/something"]);
}

#[test]
fn unsound_bodies_are_refused_with_a_stable_code() {
    let deep = "{\"a\":".repeat(10_000);
    let closed = format!("{deep}1{}", "}".repeat(10_000));
    let table: [(&[u8], &str); 16] = [
        (b"", "body-empty"),
        (b"  \r\n", "body-empty"),
        (b"\xff\xfe{\x00}\x00", "body-not-utf8"),
        (b"{\"title\":\"\xc3\x28\"}", "body-not-utf8"),
        (b"{", "json-truncated"),
        (b"{\"title\":\"t\"", "json-truncated"),
        (b"<event/>", "json-malformed"),
        (b"{\"title\":\"a\x00b\"}", "json-malformed"),
        (b"{\"title\":\"a\\u0000b\"}", "json-nul"),
        (b"{'title':'t'}", "json-malformed"),
        (b"{\"title\":NaN}", "json-malformed"),
        (b"{\"title\":\"t\"}{\"title\":\"u\"}", "json-trailing"),
        (b"{\"title\":\"t\",\"title\":\"u\"}", "json-duplicate-key"),
        (b"\"title\"", "event-not-an-object"),
        (b"[{\"title\":\"t\"},7]", "event-not-an-object"),
        (b"null", "event-not-an-object"),
    ];
    let mappings = [Mapping::native(), mapping("wazuh")];
    for (body, code) in table.into_iter().chain([(deep.as_bytes(), "json-too-deep"), (closed.as_bytes(), "json-too-deep")]) {
        for mapping in &mappings {
            let unreadable = read(mapping, &vocabulary(), &delivery(), body).expect_err("refused");
            assert_eq!(unreadable.refusal.code(), code, "{}", String::from_utf8_lossy(&body[..body.len().min(60)]));
            assert_eq!(unreadable.refusal.is_syntax(), code != "event-not-an-object");
        }
    }
}

#[test]
fn a_source_of_single_events_refuses_a_list() {
    let unreadable = read(&mapping("prometheus-alertmanager"), &vocabulary(), &delivery(), b"[{}]").expect_err("refused");
    assert_eq!(unreadable.refusal.code(), "batch-not-taken");
    assert!(read(&mapping("prometheus-alertmanager"), &vocabulary(), &delivery(), br#"{"alerts":[]}"#).expect("read").is_empty());
    let many = format!("{{\"alerts\":[{}{{}}]}}", "{},".repeat(10_000));
    let unreadable = read(&mapping("prometheus-alertmanager"), &vocabulary(), &delivery(), many.as_bytes()).expect_err("refused");
    assert_eq!(unreadable.refusal.code(), "batch-too-long");
    // Neither list is too long by itself.
    let text = "name = \"a\"\ntitle = \"A\"\nproduct = \"A\"\nbatch = true\nfor_each = [\"/l\"]\n\
                [fields]\nkind = [{ constant = \"security-alert\" }]\ntitle = [{ pointer = \"/t\" }]";
    let half = format!("{{\"l\":[{}{{}}]}}", "{},".repeat(5_000));
    let unreadable =
        read(&Mapping::parse(text).expect("sound"), &vocabulary(), &delivery(), format!("[{half},{half}]").as_bytes());
    assert_eq!(unreadable.expect_err("refused").refusal.code(), "batch-too-long");
}

#[test]
fn unicode_and_huge_numbers_are_carried_without_harm() {
    let title = "Ausfall im Kr\u{e4}nkenhaus \u{1f6a8} \u{202e}txt.exe \u{0939}\u{093f}\u{0928}\u{094d}\u{0926}\u{0940}";
    let report = wazuh(&json!({"id": u64::MAX, "rule": {"description": title, "level": 1e300}, "manager": {"name": "m"}}));
    assert_eq!(report.title, title.replace('\u{202e}', ""));
    assert_eq!(report.external_id.as_deref(), Some("18446744073709551615|m"));
    assert_eq!(report.severity, Severity::Critical);
    let huge = br#"{"title":"t","facts":{"people.total":123456789012345678901234567890}}"#;
    let unreadable = read(&Mapping::native(), &vocabulary(), &delivery(), huge).expect_err("refused");
    assert_eq!(unreadable.faults[0].code, "wrong-fact-type");
}

#[test]
fn an_alert_that_fires_again_is_another_incident_and_a_change_of_state_another_version() {
    let body = |starts: &str, status: &str| json!({"alerts": [{"fingerprint": "f", "startsAt": starts, "status": status}]});
    let one = |body: Json| {
        let body = body.to_string();
        read(&mapping("prometheus-alertmanager"), &vocabulary(), &delivery(), body.as_bytes()).expect("read").remove(0)
    };
    let first = one(body("2026-11-20T08:00:00Z", "firing"));
    let resolved = one(body("2026-11-20T08:00:00Z", "resolved"));
    let again = one(body("2026-11-21T08:00:00Z", "firing"));
    assert_eq!(first.external_id, resolved.external_id);
    assert_ne!(first.update_id, resolved.update_id);
    assert_ne!(first.external_id, again.external_id);
    assert_eq!(first, one(body("2026-11-20T08:00:00Z", "firing")));
}

#[test]
fn a_version_is_never_named_by_less_than_its_mapping_asks_for() {
    let alert = |status: Json, note: &str| {
        let alert =
            json!({"fingerprint": "f", "startsAt": "2026-11-20T08:00:00Z", "status": status, "annotations": {"title": note}});
        let body = json!({"alerts": [alert]}).to_string();
        read(&mapping("prometheus-alertmanager"), &vocabulary(), &delivery(), body.as_bytes()).expect("read").remove(0).update_id
    };
    assert_ne!(alert(Json::Null, "one"), alert(Json::Null, "two"), "the status is missing, so the bytes count");
    assert_eq!(alert(json!("firing"), "one"), alert(json!("firing"), "two"));
}

#[test]
fn an_envelope_in_text_or_base64_is_taken_off() {
    use base64::Engine as _;
    let text = r#"
name = "acme"
title = "Acme"
product = "Acme"
unwrap = [{ json-text = "/Message" }, { base64-json = "/message/data" }, { object = "/detail" }]
[fields]
kind = [{ constant = "security-alert" }]
external_id = [{ pointer = "/id" }]
title = [{ pointer = "/t" }]
tenant = [{ pointer = "root:/account" }]
"#;
    let acme = Mapping::parse(text).expect("sound");
    let inner = json!({"id": "7", "t": "seen"});
    let detail = json!({"detail": inner, "account": "inner"});
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(detail.to_string());
    for envelope in [
        json!({"account": "a", "detail": inner}),
        json!({"account": "a", "Message": detail.to_string()}),
        json!({"account": "a", "message": {"data": base64, "messageId": "9"}}),
    ] {
        let report = read(&acme, &vocabulary(), &delivery(), envelope.to_string().as_bytes()).expect("read").remove(0);
        assert_eq!((report.external_id.as_deref(), report.tenant.as_deref()), (Some("7"), Some("a")), "{envelope}");
    }
    let broken = json!({"id": "8", "t": "x", "message": {"data": "*** not base64 ***"}}).to_string();
    assert_eq!(read(&acme, &vocabulary(), &delivery(), broken.as_bytes()).expect("read")[0].external_id.as_deref(), Some("8"));
}

#[test]
fn an_expression_is_told_in_the_place_of_a_pointer() {
    let text = r#"
name = "acme"
title = "Acme"
product = "Acme"
hints = [{ label = "all", jmespath = "parts[].text", about = "people.total" }]
[fields]
kind = [{ jmespath = "drill && 'test-or-sample'" }, { constant = "security-alert" }]
title = [{ jmespath = "parts[?role=='headline'].text" }]
external_id = [{ join = ["/id", { jmespath = "parts[0].text" }, { header = "x-part" }] }]
tenant = [{ pointer = "/path", before = "/CASES/" }]
detected = [{ jmespath = "max(map(&to_number(@), keys(history)))", time = "epoch" }]
"#;
    let acme = Mapping::parse(text).expect("sound");
    let mut delivery = delivery();
    delivery.headers.insert("x-part".into(), "h".into());
    let body = json!({"id": 7, "path": "/eu/cases/12", "parts": [{"role": "x", "text": "a"}, {"role": "headline", "text": "Fire"}],
        "history": {"1795248000": {}, "1795251600.5": {}}});
    let report = read(&acme, &vocabulary(), &delivery, body.to_string().as_bytes()).expect("read").remove(0);
    assert_eq!((report.title.as_str(), report.tenant.as_deref()), ("Fire", Some("/eu")));
    assert_eq!(report.external_id.as_deref(), Some("7|a|h"));
    assert_eq!(report.times.detected, Some(at("2026-11-21T09:00:00.5Z")));
    assert_eq!(report.claims[0].pointer.as_deref(), Some("jmespath:max(map(&to_number(@), keys(history)))"));
    assert!(report.consumed.iter().all(|place| place.starts_with('/')), "{:?}", report.consumed);
    assert_eq!(report.hints.iter().map(|hint| hint.value.as_str()).collect::<Vec<_>>(), ["a", "Fire"]);
    assert!(report.hints.iter().all(|hint| hint.about.as_ref().is_some_and(|key| key.as_str() == "people.total")));
    let drill = json!({"drill": true, "parts": 3}).to_string();
    let report = read(&acme, &vocabulary(), &delivery, drill.as_bytes()).expect("read").remove(0);
    assert_eq!((report.kind, report.title.as_str()), (EvidenceKind::TestOrSample, "Acme without a title"));
}

#[test]
fn what_is_no_event_is_refused_in_the_words_of_its_mapping() {
    let refused = |name: &str, body: Json| {
        let unreadable = read(&mapping(name), &vocabulary(), &delivery(), body.to_string().as_bytes()).expect_err("refused");
        assert!(!unreadable.refusal.is_syntax());
        (unreadable.refusal.code(), unreadable.to_string())
    };
    let (code, text) = refused("aws-guardduty", json!({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://a.example"}));
    assert_eq!(code, "not-an-event");
    assert!(text.contains("visit the `SubscribeURL`"), "{text}");
    assert_eq!(refused("microsoft-purview", json!([{"contentUri": "https://a.example"}])).0, "not-an-event");
    let notification = json!({"Type": "Notification", "Message": "{\"id\": \"7\", \"title\": \"t\"}"}).to_string();
    let taken = read(&mapping("aws-guardduty"), &vocabulary(), &delivery(), notification.as_bytes()).expect("read");
    assert_eq!(taken[0].external_id.as_deref(), Some("7"));
}

#[test]
fn a_report_reads_back_from_its_journal_form() {
    let report = native_one(&json!({"title": "t", "occurred_at": "2026-11-20T22:10:00Z", "facts": {"people.total": 3}}));
    let stored = serde_json::to_string(&report).expect("serialised");
    assert_eq!(serde_json::from_str::<Report>(&stored).expect("read back"), report);
}

#[test]
fn a_dry_run_tells_what_was_claimed_kept_and_passed_over() {
    let body = json!({"title": "t", "occurred_at": "2026-11-20T22:10:00Z", "labels": {"ward": "north"}}).to_string();
    let told = dry_run(&Mapping::native(), &vocabulary(), &delivery(), body.as_bytes()).expect("read").to_string();
    for line in [
        "read as Native event: 1 event",
        "    event.occurred-at = 2026-11-20T22:10:00Z  [/occurred_at]",
        "    event.received-at = 2026-11-21T12:00:00Z  [our clock]",
        "    ward = north  [/labels/ward]",
    ] {
        assert!(told.lines().any(|l| l == line), "`{line}` is not in\n{told}");
    }
}

/// JSON of any shape, often with the names that mappings look for.
fn any_json() -> impl Strategy<Value = Json> {
    let word = prop_oneof![
        any::<String>(),
        Just("2026-11-20T10:00:00Z".to_owned()),
        Just("0001-01-01T00:00:00Z".to_owned()),
        Just("critical".to_owned()),
        Just("aware.at".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word.prop_map(Json::from),
    ];
    let name = prop_oneof![
        4 => prop::sample::select(vec![
            "id", "title", "alerts", "rule", "level", "timestamp", "_source", "all_fields", "detail", "message", "data",
            "findings", "facts", "people.total", "people", "aware_at", "severity", "status", "startsAt", "event",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|m| Json::Object(m.into_iter().collect())),
        ]
    })
}

fn every_mapping() -> Vec<Mapping> {
    let folder = format!("{}/rules/sources", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("rules/sources");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| std::fs::read_to_string(path).expect("a mapping file"))
        .map(|text| Mapping::parse(&text).expect("a sound mapping"))
        .collect()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for mapping in [Mapping::native(), mapping("wazuh")] {
            let _outcome = read(&mapping, &vocabulary(), &delivery(), &body);
        }
    }

    #[test]
    fn no_text_makes_a_mapping_panic(text in "[a-z\\[\\]{}=\", /*~:0-9\n]{0,200}") {
        let _outcome = Mapping::parse(&text);
    }

    #[test]
    fn no_json_makes_a_product_claim_more_than_times(json in any_json()) {
        let body = json.to_string();
        for mapping in every_mapping() {
            let Ok(reports) = read(&mapping, &vocabulary(), &delivery(), body.as_bytes()) else { continue };
            for report in reports {
                prop_assert!(!report.update_id.is_empty() && !report.title.is_empty());
                for claim in &report.claims {
                    prop_assert_ne!(claim.key.as_str(), "aware.at");
                    let of_time = claim.key.as_str().starts_with("event.");
                    prop_assert!(of_time || mapping.is_native(), "{} claims {}", mapping.name(), claim.key);
                    if let Some(Value::Instant(at)) = claim.value {
                        prop_assert!(!of_time || at <= delivery().received_at + Duration::minutes(5));
                    }
                }
            }
        }
    }
}
