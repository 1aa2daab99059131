//! Several organisations in one incident, from the configuration over a daemon to the command line.

use crate::support::{ConfigText, Daemon};
use crate::{ask, run};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

const CLINIC: &str = r#"
[[organisation]]
id = "clinic"
name = "Clinic North"
zone = "America/New_York"
  [organisation.facts]
  "organisation.roles" = ["covered-entity", "controller"]
  "organisation.places" = ["US"]
  "organisation.main-place" = ["US"]
  "organisation.offers-to" = ["US"]
  "organisation.sectors" = ["health"]
"#;

fn with_clinic(config: &mut ConfigText) {
    config.replace(
        "name = \"native\"\nmapping = \"native\"\norganisations = [\"mercy\"]",
        "name = \"native\"\nmapping = \"native\"\norganisations = [\"mercy\", \"clinic\"]",
    );
    config.add(CLINIC);
}

fn incident(daemon: &Daemon, event: &Value) -> String {
    let answer = daemon.post("native", event);
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["incident"].as_str().expect("an id").to_owned()
}

/// What stands of a fact, by the organisation that has it apart.
fn stands(daemon: &Daemon, id: &str, key: &str) -> Vec<(Option<String>, Value)> {
    let shown = ask(daemon, ["incident", "show", id, "-o", "json"]).done().json();
    let facts = shown["facts"].as_array().expect("facts").clone();
    let of_key = facts.into_iter().filter(|fact| fact["key"] == key);
    of_key.map(|fact| (fact["organisation"].as_str().map(str::to_owned), fact["value"].clone())).collect()
}

#[test]
fn an_answer_for_one_organisation_counts_for_that_one_over_the_command_line_and_the_api() {
    let daemon = Daemon::start(with_clinic);
    let id = incident(&daemon, &json!({ "id": "T-1", "title": "Stolen laptop" }));
    let answered = ask(&daemon, ["answer", &id, "breach.suspected=true", "--because", "a ward list"]).done();
    for name in ["Clinic North: ", "Mercy Hospital Group: "] {
        answered.shows(&format!("new:      {name}"));
        ask(&daemon, ["board"]).shows(name);
    }
    let discovered = "hipaa.discovered-at";
    let said = ["answer", &id, "hipaa.discovered-at=2026-11-20T15:00:00Z", "--for", "clinic", "--because", "told by the vendor"];
    ask(&daemon, said).done();
    assert_eq!(stands(&daemon, &id, discovered), [(Some("clinic".into()), json!("2026-11-20T15:00:00Z"))]);
    let body = json!({ "facts": { discovered: "2026-11-10T15:00:00Z" }, "organisation": "mercy", "ground": "the log" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{id}/claims"), &body).status, 200);
    let both = stands(&daemon, &id, discovered);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both.contains(&(Some("mercy".into()), json!("2026-11-10T15:00:00Z"))), "{both:?}");

    let due = |organisation: &str| {
        let clock = format!("{id}~us.hipaa.individuals~{organisation}");
        ask(&daemon, ["clock", "show", &clock, "-o", "json"]).done().json()["line"]["due"].clone()
    };
    assert_ne!(due("mercy"), due("clinic"), "each runs from its own discovery");
    let stranger = ["answer", &id, "hipaa.discovered-at=2026-11-20T15:00:00Z", "--for", "merci", "--because", "x"];
    ask(&daemon, stranger).fails(1, "it concerns clinic, mercy");

    let register = ask(&daemon, ["register", "--organisation", "clinic", "-o", "json"]).done().json();
    let entries = register["entries"].as_array().expect("entries");
    assert!(entries.len() == 1 && entries[0]["organisation"] == "clinic", "{register:#}");
    assert!(
        entries[0]["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .all(|line| { line["clock"].as_str().is_none_or(|clock| clock.contains("~clinic")) })
    );
}

#[test]
fn the_facts_of_an_event_of_one_organisation_are_those_of_that_one() {
    let daemon = Daemon::start(with_clinic);
    let event = json!({ "id": "T-2", "title": "Vendor's report", "organisation": "clinic",
        "facts": { "people.total": 40 } });
    let id = incident(&daemon, &event);
    let told = stands(&daemon, &id, "people.total");
    assert_eq!(told, [(Some("clinic".into()), json!(40))]);
}

#[test]
fn an_event_of_an_organisation_outside_its_incident_is_kept_and_told_of() {
    let daemon = Daemon::start(with_clinic);
    // The incident concerns one of the two; a later version speaks of the other, and another of nobody known.
    let first = json!({ "id": "T-3", "title": "Stolen laptop", "organisations": ["mercy"] });
    let id = incident(&daemon, &first);
    for (nth, organisation) in ["clinic", "nobody"].iter().enumerate() {
        let event = json!({ "id": "T-3", "title": "Stolen laptop", "update_id": format!("v{nth}"), "organisations": ["mercy"],
            "organisation": organisation, "facts": { "people.total": 40 } });
        let answer = daemon.post("native", &event);
        let said = answer.json();
        let kept = said["quarantine"].as_str().unwrap_or_else(|| panic!("{}: {said:#}", answer.status)).to_owned();
        ask(&daemon, ["quarantine", "show", &kept]).done().shows(&format!("v{nth}")).shows(organisation);
        assert_eq!(stands(&daemon, &id, "people.total"), [], "it counts for nobody");
    }
    let list = ask(&daemon, ["quarantine", "list", "-o", "json"]).done().json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list:#}");
}

#[test]
fn a_name_of_both_an_organisation_and_a_group_of_people_is_a_fault_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |facts: &str| {
        let mut config = ConfigText::example(folder.path(), SocketAddr::from(([127, 0, 0, 1], 9)));
        with_clinic(&mut config);
        config.add(&format!(
            "[[source]]\nname = \"hr\"\nmapping = \"native\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{}\"]\n{facts}",
            "5".repeat(64)
        ));
        let path = folder.path().join("watchbell.toml");
        fs::write(&path, config.text()).expect("written");
        run(["check-config", "--config", &path.display().to_string()])
    };
    for facts in ["facts = { \"people.cohorts\" = [\"clinic\", \"staff\"] }", "facts = { \"people.total@clinic\" = 12 }"] {
        let said = check(facts);
        assert_ne!(said.code, 0, "{said:?}");
        let text = format!("{}{}", said.out, said.err);
        assert!(text.contains("`clinic` names both an organisation and a group of people"), "{text}");
    }
    let said = check("facts = { \"people.cohorts\" = [\"staff\"] }");
    assert!(!format!("{}{}", said.out, said.err).contains("names both"), "{said:?}");
}
