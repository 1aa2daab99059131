//! Messages as they came: redacted before they are kept, sealed, and forgotten with the key of their day.

use super::faults::{clock, lives_on, quarantined, refused};
use super::support::{Daemon, PERSON_TOKEN, watchbell};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use watchbell::domain::hex::hex;
use watchbell::domain::incident::Event;
use watchbell::shell::payload_keys::PayloadKeys;
use watchbell::shell::wall_clock;

const CARD: &str = "4111 1111 1111 1111";

/// A native event with secrets where secrets are put by mistake.
fn leaky(id: &str) -> Value {
    let details = json!({ "password": "hunter2", "mrn": "MRN1234567" });
    json!({ "id": id, "title": format!("paid with {CARD}"), "facts": { "people.total": 17 }, "labels": details })
}

fn with_rules() -> Daemon {
    Daemon::start(|config| {
        config.add("[[payloads.rule]]\nname = \"record-number\"\npattern = 'MRN(?P<secret>[0-9]{7})'\n");
    })
}

fn post(daemon: &Daemon, event: &Value) -> String {
    let answer = daemon.post("native", event);
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["incident"].as_str().expect("an incident").to_owned()
}

/// Whether any file of the store holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_in = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    entries.into_iter().any(|path| if path.is_dir() { holds(&path, text) } else { is_in(fs::read(path).expect("a file")) })
}

fn command(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = watchbell().args(arguments).env("WATCHBELL_URL", daemon.url()).env("WATCHBELL_TOKEN", PERSON_TOKEN).output();
    let output = output.expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn nothing_that_is_redacted_is_in_the_store_and_the_facts_are_those_of_the_message_as_it_came() {
    let mut daemon = with_rules();
    let incident = post(&daemon, &leaky("a"));
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    assert_eq!(view["card"]["title"], "paid with [redacted: card]");
    let people = view["facts"].as_array().expect("facts").iter().find(|fact| fact["key"] == "people.total").expect("a fact");
    assert_eq!(people["value"], 17);
    let shown = daemon.get(&format!("/v1/incidents/{incident}/messages/1"));
    assert_eq!(shown.status, 200, "{}", shown.text());
    let shown = shown.json();
    let payload: Value = serde_json::from_str(shown["payload"].as_str().expect("a text")).expect("still JSON");
    assert_eq!(payload["labels"]["password"], "[redacted: secret-name]");
    assert_eq!(payload["labels"]["mrn"], "MRN[redacted: record-number]");
    assert_eq!(shown["redacted"], json!(["card", "record-number", "secret-name"]));
    let came = <sha2::Sha256 as sha2::Digest>::digest(leaky("a").to_string());
    assert_eq!(shown["sha256"], hex(&came), "the digest is of the message as it came");
    let text = command(&daemon, &["incident", "message", &incident, "1"]);
    assert!(
        text.contains("MRN[redacted: record-number]") && text.contains("by the rules card, record-number, secret-name"),
        "{text}"
    );
    refused(&daemon.get(&format!("/v1/incidents/{incident}/messages/2")), 404, "no-message");
    assert_eq!(daemon.request("GET", &format!("/v1/incidents/{incident}/messages/1"), None, None).status, 401);
    daemon.stop();
    for secret in ["hunter2", CARD, "1234567"] {
        assert!(!holds(&daemon.store(), secret), "`{secret}` is in the store");
    }
}

#[test]
fn what_no_mapping_reads_is_in_the_store_only_sealed() {
    let mut daemon = Daemon::start(|_| ());
    let rule = json!({ "id": "5710", "level": 10, "description": "sshd" });
    let alert =
        json!({ "id": "1763.1", "timestamp": "2026-11-21T03:00:00Z", "rule": rule, "odd": { "memo": "only-in-the-message" } });
    let answer = daemon.post("wazuh", &alert).json();
    let incident = answer["incident"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let shown = daemon.get(&format!("/v1/incidents/{incident}/messages/1")).json();
    assert_eq!(shown["payload"], alert.to_string(), "every byte as it came");
    daemon.stop();
    assert!(!holds(&daemon.store(), "only-in-the-message"));
}

#[test]
fn with_the_key_of_its_day_a_message_is_forgotten_and_the_record_still_verifies() {
    let mut daemon = with_rules();
    let incident = post(&daemon, &leaky("a"));
    let path = format!("/v1/incidents/{incident}/messages/1");
    assert_eq!(daemon.get(&path).status, 200);
    daemon.stop();
    let keys = PayloadKeys::in_store(&daemon.store()).expect("keys");
    let now = wall_clock::now();
    let days = keys.days().expect("days");
    let of_today = days.first().expect("a key").clone();
    keys.destroy(&of_today, "90d", now).expect("destroyed");
    daemon.restart();
    let problem = refused(&daemon.get(&path), 410, "payload-destroyed");
    let said = problem["detail"].as_str().expect("words").to_owned();
    assert!(said.starts_with("destroyed on ") && said.ends_with("by the retention of 90d"), "{said}");
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    assert_eq!(view["messages"][0]["sha256"].as_str().map(str::len), Some(64), "its digest stays");
    assert!(clock(&daemon, &incident, "house.triage").is_some(), "and its clocks");
    daemon.stop();
    let store = daemon.store().display().to_string();
    let verified = watchbell().args(["journal", "verify", "--store", &store]).output().expect("it runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    daemon.restart();
    lives_on(&daemon);
}

#[test]
fn a_key_older_than_what_is_kept_is_destroyed_at_the_start() {
    let mut daemon = Daemon::start(|_| ());
    daemon.stop();
    let folder = daemon.store().join("payload-keys");
    for day in ["2024-02-29", "2024-03-01"] {
        fs::write(folder.join(day), [7; 32]).expect("written");
    }
    daemon.restart();
    let is_today = |name: &String| !name.starts_with("2024");
    let names = || -> BTreeSet<String> {
        let entries = fs::read_dir(&folder).expect("keys").map(|entry| entry.expect("an entry").file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).filter(|name| !is_today(name)).collect()
    };
    let expected = BTreeSet::from(["2024-02-29.destroyed".to_owned(), "2024-03-01.destroyed".to_owned()]);
    super::support::wait_for("old keys are destroyed", || (names() == expected).then_some(()));
    let note = fs::read_to_string(folder.join("2024-02-29.destroyed")).expect("a note");
    assert!(note.trim_end().ends_with(" 90d"), "{note}");
}

#[test]
fn a_message_in_quarantine_is_redacted_too_and_counts_as_the_one_that_came() {
    let mut daemon = with_rules();
    let odd = json!({ "id": "q", "title": "x", "password": "hunter2", "nonsense": 1 });
    let answer = daemon.post("native", &odd);
    let kept = refused(&answer, 422, "event-invalid")["quarantine"].as_str().expect("an id").to_owned();
    assert_eq!(quarantined(&daemon), ["event-invalid"]);
    let shown = daemon.get(&format!("/v1/quarantine/{kept}")).json();
    assert!(
        shown["raw"].as_str().is_some_and(|raw| raw.contains("[redacted: secret-name]") && raw.contains("nonsense")),
        "{shown}"
    );
    assert_eq!((&shown["redacted"], shown.get("sealed")), (&json!(["secret-name"]), None));
    daemon.stop();
    assert!(!holds(&daemon.store(), "hunter2") && !holds(&daemon.store(), "nonsense\":1"), "neither secret nor message in plain");
    let keys = PayloadKeys::in_store(&daemon.store()).expect("keys");
    for day in keys.days().expect("days") {
        keys.destroy(&day, "90d", wall_clock::now()).expect("destroyed");
    }
    daemon.restart();
    let gone = daemon.get(&format!("/v1/quarantine/{kept}")).json();
    assert!(gone["gone"].as_str().is_some_and(|why| why.starts_with("destroyed on")), "{gone}");
    let again = daemon.act(&format!("/v1/quarantine/{kept}/remap"), &json!({})).json();
    assert_eq!(again["status"], "unread", "{again}");
    lives_on(&daemon);
}

#[test]
fn messages_kept_in_plain_by_an_earlier_version_still_read() {
    let event = json!({ "received": { "source": "native", "update_id": "1", "sha256": "00", "raw": "{}" } });
    let Event::Received(received) = serde_json::from_value(event).expect("it reads") else { panic!("it is a message") };
    assert_eq!((received.raw.as_deref(), received.sealed), (Some("{}"), None));
}
