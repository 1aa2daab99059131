//! Bodies nobody should send.

use super::faults::{incidents, lives_on, native, open, quarantined, refused, send};
use super::support::{Daemon, SOURCE_TOKEN, record_of};
use serde_json::json;

#[test]
fn every_unreadable_body_is_refused_by_name_and_kept_in_quarantine() {
    let mut daemon = Daemon::start(|_| ());
    let before = open(&daemon, "before");
    let deep = format!("{{\"title\": \"t\", \"labels\": {{\"a\": {}1{}}}}}", "[".repeat(100), "]".repeat(100));
    let bottomless = "[".repeat(200_000);
    let bodies: [(&[u8], u16, &str); 16] = [
        (b"{", 400, "json-truncated"),
        (b"{\"title\": \"cut of", 400, "json-truncated"),
        (b"{nope}", 400, "json-malformed"),
        (b"title=Stolen+laptop&severity=high", 400, "json-malformed"),
        (b"<event><title>Stolen</title></event>", 400, "json-malformed"),
        (b"{\"title\": \"t\"} {\"title\": \"u\"}", 400, "json-trailing"),
        (b"{\"title\": \"a\", \"title\": \"b\"}", 400, "json-duplicate-key"),
        (b"{\"title\": \"t\", \"labels\": {\"a\": 1, \"a\": 2}}", 400, "json-duplicate-key"),
        (deep.as_bytes(), 400, "json-too-deep"),
        (bottomless.as_bytes(), 400, "json-too-deep"),
        (b"{\"title\": \"a\\u0000b\"}", 400, "json-nul"),
        (b"{\"title\": \"a\0b\"}", 400, "json-malformed"),
        (b"{\"title\": \"caf\xe9\"}", 400, "body-not-utf8"),
        (b"\x1f\x8b\x08\x00compressed", 400, "body-not-utf8"),
        (b"\"words\"", 422, "event-not-an-object"),
        (b"[1, 2]", 422, "event-not-an-object"),
    ];
    let mut expected: Vec<String> = Vec::new();
    for (body, status, code) in bodies {
        let problem = refused(&native(&daemon, body), status, code);
        assert!(problem["quarantine"].as_str().is_some_and(|id| id.starts_with("qua-")), "{problem}");
        let again = refused(&native(&daemon, body), status, code);
        assert_eq!(again["quarantine"], problem["quarantine"], "the same message is kept once");
        expected.push(code.to_owned());
    }
    for empty in ["", "  \r\n "] {
        refused(&native(&daemon, empty.as_bytes()), 400, "body-empty");
    }
    expected.push("body-empty".into());
    expected.sort();
    assert_eq!(quarantined(&daemon), expected, "white space is kept, nothing is not");
    assert_eq!(incidents(&daemon), [before], "no incident came of any of it");
    let kept = daemon.get("/v1/quarantine").json();
    let id = kept[0]["id"].as_str().expect("an id").to_owned();
    refused(&daemon.get(&format!("/v1/incidents/{id}")), 404, "no-incident");
    refused(&daemon.act(&format!("/v1/incidents/{id}/claims"), &json!({ "facts": { "people.total": 1 } })), 404, "no-incident");
    lives_on(&daemon);
    assert!(daemon.stop().success());
    record_of(&daemon.store());
}

#[test]
fn a_native_event_with_faults_names_every_one_with_what_is_expected_and_an_example() {
    let daemon = Daemon::start(|_| ());
    let event = json!({
        "titel": "Stolen laptop",
        "severity": "dreadful",
        "occurred_at": "2026-11-20T22:10:00",
        "organisations": "mercy",
        "facts": { "people.totl": 3, "people.total": "many", "event.received-at": "2026-11-20T22:10:00Z" },
        "colour": "red",
    });
    let problem = refused(&daemon.post("native", &event), 422, "event-invalid");
    let faults = problem["faults"].as_array().expect("faults").clone();
    let fault = |pointer: &str| {
        let found = faults.iter().find(|fault| fault["pointer"] == pointer);
        found.unwrap_or_else(|| panic!("no fault at {pointer} in {problem:#}")).clone()
    };
    for (pointer, code, detail, hint) in [
        ("/titel", "unknown-field", "titel", "did you mean `title`?"),
        ("/title", "missing-field", "title", "for example"),
        ("/severity", "wrong-type", "one of low, medium", "for example"),
        ("/occurred_at", "wrong-type", "explicit offset", "2026-11-21T09:14:30+05:30"),
        ("/organisations", "wrong-type", "a list of organisation ids", "for example"),
        ("/facts/people.totl", "unknown-fact", "people.totl", "did you mean `people.total`?"),
        ("/facts/people.total", "wrong-fact-type", "expects", "for example"),
        ("/facts/event.received-at", "reserved-fact", "event.received-at", "leave it out"),
        ("/colour", "unknown-field", "colour", "labels"),
    ] {
        let fault = fault(pointer);
        assert_eq!(fault["code"], code, "{fault}");
        assert!(fault["detail"].as_str().is_some_and(|text| text.contains(detail)), "{detail}: {fault}");
        assert!(fault["hint"].as_str().is_some_and(|text| text.contains(hint)), "{hint}: {fault}");
    }
    assert_eq!(faults.len(), 9, "{problem:#}");
    assert_eq!(quarantined(&daemon), ["event-invalid"]);
    lives_on(&daemon);
}

#[test]
fn unbelievable_times_cost_the_claim_and_never_the_incident() {
    let daemon = Daemon::start(|_| ());
    // The zero time of Go programs says "not set" and is worth no remark.
    let times =
        [("9999-12-31T23:59:59Z", 3), ("2099-01-01T00:00:00Z", 3), ("1980-01-01T00:00:00Z", 3), ("0001-01-01T00:00:00Z", 1)];
    for (nth, (time, remarks)) in times.into_iter().enumerate() {
        let event = json!({ "id": nth.to_string(), "title": "When?", "occurred_at": time, "detected_at": time,
            "facts": { "noticed.at": "2099-01-01T00:00:00Z" } });
        let answer = daemon.post("native", &event);
        assert_eq!(answer.status, 202, "{}", answer.text());
        let taken = answer.json();
        assert_eq!(taken["remarks"].as_array().map(Vec::len), Some(remarks), "{time}: {taken}");
        let view = daemon.get(&format!("/v1/incidents/{}", taken["incident"].as_str().expect("an id"))).json();
        let known: Vec<&str> = view["facts"].as_array().expect("facts").iter().filter_map(|fact| fact["key"].as_str()).collect();
        for key in ["event.occurred-at", "event.detected-at", "noticed.at"] {
            assert!(!known.contains(&key), "{key} of {time} was taken: {known:?}");
        }
        let hints = view["hints"].to_string();
        assert!(hints.contains("noticed.at"), "what was said is kept for people: {hints}");
    }
    lives_on(&daemon);
}

#[test]
fn a_batch_with_one_stranger_is_refused_whole_and_kept() {
    let daemon = Daemon::start(|_| ());
    let batch = json!([
        { "id": "1", "title": "Ours" },
        { "id": "2", "title": "Not ours", "organisations": ["somebody-else"] },
    ]);
    let problem = refused(&daemon.post("native", &batch), 422, "no-organisation");
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains("mercy")), "{problem}");
    assert_eq!(incidents(&daemon), Vec::<String>::new(), "nothing of it was taken");
    assert_eq!(quarantined(&daemon), ["no-organisation"]);
    let both = json!([{ "id": "1", "title": "Ours" }, { "id": "2", "title": "Ours as well" }]);
    assert_eq!(daemon.post("native", &both).status, 202);
    assert_eq!(incidents(&daemon).len(), 2);
}

#[test]
fn the_wrong_place_and_the_wrong_method_are_told_where_to_go() {
    let daemon = Daemon::start(|_| ());
    let token = format!("Bearer {SOURCE_TOKEN}");
    let problem = refused(&send(&daemon, "/v1/events/nosuch", &[("authorization", &token)], b"{}"), 404, "no-source");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("`nosuch`")), "{problem}");
    refused(&send(&daemon, "/v1/event/native", &[], b"{}"), 404, "no-route");
    refused(&daemon.get("/v1/events/native"), 405, "wrong-method");
    refused(&daemon.get("/v1/incidents/inc-0000000000000000"), 404, "no-incident");
    refused(&daemon.get(&format!("/v1/incidents/{}", "x".repeat(3000))), 404, "no-incident");
    refused(&daemon.get("/v1/clocks/nonsense"), 404, "no-clock");
    refused(&daemon.get("/v1/clocks/inc-0000000000000000~house.triage~mercy"), 404, "no-incident");
    refused(&daemon.get("/v1/incidents?limit=many"), 400, "wrong-query");
    refused(&daemon.get("/v1/incidents?colour=red"), 400, "wrong-query");
    refused(&daemon.get("/v1/incidents/%FF"), 400, "wrong-path");
    lives_on(&daemon);
}

#[test]
fn an_over_long_body_is_refused_announced_or_not_and_a_long_one_of_any_bytes_is_kept() {
    let mut daemon = Daemon::start(|config| config.replace("body_limit_kib = 1024", "body_limit_kib = 200"));
    let limit = 200 * 1024;
    let announced = native(&daemon, &vec![b' '; limit + 1]);
    let problem = refused(&announced, 413, "too-large");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("204800 bytes")), "{problem}");
    refused(&native(&daemon, &vec![b'x'; 100 << 20]), 413, "too-large");

    let head = format!(
        "POST /v1/events/native HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {SOURCE_TOKEN}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let chunk = [format!("{:x}\r\n", 64 << 10).as_bytes(), &vec![b' '; 64 << 10], b"\r\n"].concat();
    let chunked = [head.as_bytes(), &chunk.repeat(1600), b"0\r\n\r\n"].concat();
    let answer = super::support::exchange(daemon.address(), &chunked).expect("the daemon answers");
    refused(&answer, 413, "too-large");
    assert_eq!(quarantined(&daemon), Vec::<String>::new(), "what was not read is not kept");

    // The longest bodies that are read, of the bytes that take most room in a record.
    refused(&native(&daemon, &vec![1; limit]), 400, "json-malformed");
    refused(&native(&daemon, &vec![b'"'; limit]), 400, "json-trailing");
    let quotes = json!({ "title": "quotes", "note": "\"\\".repeat(4_900), "labels": { "l": "\\".repeat(80_000) } });
    assert_eq!(daemon.post("native", &quotes).status, 202);
    assert_eq!(quarantined(&daemon).len(), 2);
    lives_on(&daemon);
    assert!(daemon.stop().success());
    record_of(&daemon.store());
}
