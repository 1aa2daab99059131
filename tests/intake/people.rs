//! What people say, and what it does to clocks.

use super::faults::{clock, lives_on, open, refused};
use super::support::{Daemon, record_of};
use serde_json::{Value, json};
use watchbell::domain::instant::{Duration, rfc3339};
use watchbell::shell::wall_clock;

/// The public id of a clock of the one organisation.
fn id(incident: &str, duty: &str) -> String {
    format!("{incident}~{duty}~mercy")
}

fn answer(daemon: &Daemon, incident: &str, facts: Value, ground: Option<&str>) -> Value {
    let answer = daemon.act(&format!("/v1/incidents/{incident}/claims"), &json!({ "facts": facts, "ground": ground }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn breach(daemon: &Daemon, incident: &str) {
    answer(daemon, incident, json!({ "breach.suspected": true }), Some("the laptop held patient files"));
}

#[test]
fn answers_with_faults_are_refused_whole_and_each_fault_names_key_type_and_example() {
    let daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    let path = format!("/v1/incidents/{incident}/claims");
    let post = |body: Value| daemon.act(&path, &body);
    let problem = refused(
        &post(
            json!({ "facts": { "people.totl": 3, "people.total": "many", "aware.at": "2026-11-20T08:00:00", "breach.personal-data": true } }),
        ),
        422,
        "wrong-facts",
    );
    let faults = problem["faults"].as_array().expect("faults");
    let fault = |key: &str| faults.iter().find(|fault| fault["key"] == key).unwrap_or_else(|| panic!("{key}: {problem:#}"));
    assert_eq!(faults.len(), 3, "{problem:#}");
    assert_eq!(
        (&fault("people.totl")["problem"], &fault("people.totl")["nearest"]),
        (&json!("unknown-key"), &json!("people.total"))
    );
    for key in ["people.total", "aware.at"] {
        for member in ["expected", "got", "example"] {
            assert!(fault(key)[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {key}: {problem:#}");
        }
    }
    let ahead = rfc3339(wall_clock::now() + Duration::minutes(10));
    refused(&post(json!({ "facts": { "aware.at": ahead }, "ground": "typed wrongly" })), 422, "future-time");
    refused(&post(json!({ "facts": { "noticed.at": "9999-01-01T00:00:00Z" } })), 422, "wrong-facts");
    refused(&post(json!({ "facts": { "breach.suspected": true } })), 422, "no-ground");
    refused(&post(json!({ "facts": { "breach.suspected": true }, "ground": "  " })), 422, "no-ground");
    refused(&post(json!({ "facts": {} })), 422, "no-facts");
    refused(&post(json!({ "fact": { "people.total": 3 } })), 422, "wrong-members");
    refused(&post(json!([])), 422, "wrong-members");
    refused(&daemon.request("POST", &path, Some(super::support::PERSON_TOKEN), Some("{")), 400, "json-truncated");
    refused(&daemon.request("POST", &path, Some(super::support::PERSON_TOKEN), Some("")), 400, "body-empty");
    let twice = r#"{"facts": {"people.total": 3, "people.total": 4}}"#;
    refused(&daemon.request("POST", &path, Some(super::support::PERSON_TOKEN), Some(twice)), 400, "json-duplicate-key");
    let nobody = daemon.act("/v1/incidents/inc-0000000000000000/claims", &json!({ "facts": { "people.total": 3 } }));
    refused(&nobody, 404, "no-incident");
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    assert!(!view["facts"].to_string().contains("people.total"), "nothing of a refused answer was taken: {view:#}");
    lives_on(&daemon);
}

#[test]
fn a_no_without_clocks_of_law_ends_triage_and_resolved_by_the_sender_ends_nothing() {
    let mut daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    assert_eq!(clock(&daemon, &incident, "house.triage").expect("it runs")["standing"], "running");
    let resolved = json!({ "id": "1", "update_id": "2", "title": "A laptop is gone", "status": "resolved" });
    assert_eq!(daemon.post("native", &resolved).status, 202);
    assert_eq!(clock(&daemon, &incident, "house.triage").expect("it runs")["standing"], "running");

    breach(&daemon, &incident);
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    assert_eq!(view["sender_status"], "resolved");
    let clocks = view["card"]["clocks"].as_array().expect("clocks");
    let statutory: Vec<&Value> = clocks.iter().filter(|clock| clock["duty"] != "house.triage").collect();
    assert!(statutory.iter().any(|clock| clock["standing"] == "provisional"), "facts are missing: {view:#}");
    assert_eq!(clock(&daemon, &incident, "house.triage").expect("it ran")["standing"], "met");
    let open = |view: &Value| {
        let clocks = view["card"]["clocks"].as_array().expect("clocks").clone();
        clocks
            .iter()
            .filter(|clock| ["provisional", "running", "missed"].contains(&clock["standing"].as_str().expect("a word")))
            .count()
    };
    let running = open(&view);
    assert!(running > 0);
    let closed = json!({ "id": "1", "update_id": "3", "title": "A laptop is gone", "status": "closed",
        "facts": { "breach.personal-data": false } });
    assert_eq!(daemon.post("native", &closed).status, 202);
    assert_eq!(open(&daemon.get(&format!("/v1/incidents/{incident}")).json()), running, "a product's word ends no clock of law");

    let no = json!({ "breach.suspected": false });
    let view = answer(&daemon, &incident, no, Some("no data about people was on it"));
    let left = view["card"]["clocks"].as_array().expect("clocks").iter().filter(|clock| clock["standing"] == "provisional");
    let left: Vec<_> = left.map(|clock| clock["duty"].as_str().expect("a duty")).collect();
    assert_eq!(left, ["in.cert_in.report"], "what asks for no data about people asks its own question: {view:#}");
    let view = answer(&daemon, &incident, json!({ "incident.cyber": false }), Some("it was found in the drawer, sealed"));
    assert_eq!(open(&view), 0, "{view:#}");
    let ended = view["not_owed"].as_array().expect("grounds");
    assert!(!ended.is_empty() && ended.iter().all(|why| why["by"].to_string().contains("Ada Keller")), "{view:#}");
    assert!(daemon.stop().success());
    record_of(&daemon.store());
}

#[test]
fn an_acknowledgement_is_a_lease_that_ends_before_the_limit() {
    let daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    let path = format!("/v1/clocks/{}/ack", id(&incident, "house.triage"));
    let until = |lease: Value| {
        let answer = daemon.act(&path, &lease);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let line = answer.json()["line"].clone();
        let at =
            |value: &Value| value.as_str().expect("an instant").parse::<watchbell::domain::instant::Instant>().expect("RFC 3339");
        (at(&line["due"]) - at(&line["acknowledged"][1])).num_minutes()
    };
    assert_eq!(until(json!({ "lease": "100d" })), 20, "the last third of an hour is the last call");
    assert_eq!(until(json!({})), 20, "the usual lease of four hours likewise");
    assert!((45..=50).contains(&until(json!({ "lease": "10m" }))), "a shorter one as wished");
    let empty = daemon.request("POST", &path, Some(super::support::PERSON_TOKEN), None);
    assert_eq!(empty.status, 200, "{}", empty.text());
    for wrong in [json!({ "lease": "forever" }), json!({ "lease": 5 }), json!({ "lease": "0s" }), json!({ "leese": "1h" })] {
        refused(&daemon.act(&path, &wrong), 422, "wrong-members");
    }
    refused(&daemon.act(&format!("/v1/clocks/{}/ack", id(&incident, "us.nowhere")), &json!({})), 404, "no-clock");
    let line = clock(&daemon, &incident, "house.triage").expect("it runs");
    assert_eq!(line["standing"], "running", "the clock keeps running");
    assert_eq!(line["acknowledged"][0], "Dr. Ada Keller (privacy officer)");
}

#[test]
fn a_clock_is_met_once_with_evidence_from_the_past() {
    let daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    breach(&daemon, &incident);
    let duty = "us.hipaa.individuals";
    let path = |verb: &str| format!("/v1/clocks/{}/{verb}", id(&incident, duty));
    let at = |minutes: i64| rfc3339(wall_clock::now() + Duration::minutes(minutes));
    refused(&daemon.act(&path("meet"), &json!({ "what": "letters", "filed_at": at(10) })), 422, "future-time");
    refused(&daemon.act(&path("meet"), &json!({ "what": " ", "filed_at": at(-1) })), 422, "empty-field");
    refused(&daemon.act(&path("meet"), &json!({ "what": "letters" })), 422, "wrong-members");
    refused(&daemon.act(&path("meet"), &json!({ "what": "letters", "filed_at": "2026-11-20T10:00:00" })), 422, "wrong-members");
    assert_ne!(clock(&daemon, &incident, duty).expect("it runs")["standing"], "met");
    let filing = json!({ "what": "letters to 12 people", "filed_at": at(-1), "reference": "R-1" });
    refused(&daemon.act(&path("meet"), &filing), 409, "contradicted");
    let mut although = filing;
    although["although"] = json!("the first message came a minute after the letters went out");
    let met = daemon.act(&path("meet"), &although);
    assert_eq!(met.status, 200, "{}", met.text());
    assert_eq!(met.json()["line"]["standing"], "met");
    assert_eq!(met.json()["met"]["by"], "Dr. Ada Keller (privacy officer)");
    refused(&daemon.act(&path("meet"), &json!({ "what": "again", "filed_at": at(-1) })), 409, "clock-closed");
    refused(&daemon.act(&path("ack"), &json!({})), 409, "clock-closed");
    refused(&daemon.act(&path("determine"), &json!({ "ground": "g", "cite": "c" })), 409, "clock-closed");
    breach(&daemon, &incident);
    answer(&daemon, &incident, json!({ "people.total": 700 }), None);
    assert_eq!(clock(&daemon, &incident, duty).expect("it ran")["standing"], "met", "new facts do not open what was met");
    lives_on(&daemon);
}

#[test]
fn a_determination_needs_ground_and_citation_and_bears_a_name() {
    let daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    breach(&daemon, &incident);
    let duty = "us.hipaa.media";
    let path = format!("/v1/clocks/{}/determine", id(&incident, duty));
    refused(&daemon.act(&path, &json!({ "ground": "", "cite": "45 CFR 164.406" })), 422, "empty-field");
    refused(&daemon.act(&path, &json!({ "ground": "fewer than 500", "cite": " " })), 422, "empty-field");
    refused(&daemon.act(&path, &json!({ "ground": "fewer than 500" })), 422, "wrong-members");
    let done = daemon.act(&path, &json!({ "ground": "41 people, all in Ohio", "cite": "45 CFR 164.406(a)" }));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["line"]["standing"], "void");
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    let why = view["not_owed"].as_array().expect("grounds").iter().find(|why| why["duty"] == duty).expect("it is there").clone();
    assert_eq!(why["ground"], "41 people, all in Ohio");
    assert!(why["by"].to_string().contains("Ada Keller"), "{why}");
    // The same answers once more change nothing.
    breach(&daemon, &incident);
    assert_eq!(clock(&daemon, &incident, duty).expect("it ran")["standing"], "void");
}
