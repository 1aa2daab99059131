//! Products' own payloads, through the daemon.

use super::faults::{clock, incidents, lives_on};
use super::support::Daemon;
use serde_json::Value;

/// A fixture of the mappings, which are payloads as the products send them.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/sources/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn an_operations_alert_and_a_security_alert_open_incidents_with_nothing_but_the_triage_clock() {
    let daemon = Daemon::start(|config| {
        let token = watchbell::domain::ingest::TokenDigest::of(super::support::SOURCE_TOKEN).to_hex();
        config.add(&format!(
            "[[source]]\nname = \"alertmanager\"\nmapping = \"alertmanager\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{token}\"]\n"
        ));
    });
    let batch = daemon.post("alertmanager", &fixture("prometheus-alertmanager/two-alerts.json"));
    assert_eq!(batch.status, 202, "{}", batch.text());
    assert_eq!(batch.json()["incidents"].as_array().map(Vec::len), Some(2), "one incident for each alert of the group");
    let wazuh = daemon.post("wazuh", &fixture("wazuh/bare.json"));
    assert_eq!(wazuh.status, 202, "{}", wazuh.text());
    let opened = incidents(&daemon);
    assert_eq!(opened.len(), 3);
    for incident in &opened {
        let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
        let duties: Vec<&str> = view["card"]["clocks"]
            .as_array()
            .expect("clocks")
            .iter()
            .map(|clock| clock["duty"].as_str().expect("a duty"))
            .collect();
        assert_eq!(duties, ["house.triage"], "{view:#}");
        let questions: Vec<&str> =
            view["questions"].as_array().expect("questions").iter().filter_map(|question| question["key"].as_str()).collect();
        assert_eq!(questions.first(), Some(&"breach.suspected"), "the one question that opens the law: {questions:?}");
        assert!(clock(&daemon, incident, "house.triage").is_some_and(|clock| clock["due"].is_string()));
    }
    // The group is sent again on every repeat interval, and once more when it is over.
    let again = daemon.post("alertmanager", &fixture("prometheus-alertmanager/two-alerts.json"));
    assert_eq!(again.json()["duplicate"], true, "{}", again.text());
    let mut resolved = fixture("prometheus-alertmanager/two-alerts.json");
    for alert in resolved["alerts"].as_array_mut().expect("alerts") {
        alert["status"] = "resolved".into();
    }
    assert_eq!(daemon.post("alertmanager", &resolved).status, 202);
    assert_eq!(incidents(&daemon).len(), 3);
    for incident in &opened {
        assert_eq!(clock(&daemon, incident, "house.triage").expect("it runs")["acknowledged"], Value::Null);
        assert_ne!(clock(&daemon, incident, "house.triage").expect("it runs")["standing"], "met", "resolved stops nothing");
    }
    lives_on(&daemon);
}

#[test]
fn a_payload_of_another_product_opens_an_incident_and_says_what_is_odd() {
    let daemon = Daemon::start(|_| ());
    let answer = daemon.post("wazuh", &fixture("thehive/case-update.json"));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let taken = answer.json();
    assert!(taken["remarks"].as_array().is_some_and(|remarks| !remarks.is_empty()), "{taken}");
    assert_eq!(incidents(&daemon).len(), 1, "rather an incident too many than one too few");
}
