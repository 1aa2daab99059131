//! What a payload says about a fact is shown at its question, and answers nothing until a person does.

use super::faults::lives_on;
use super::support::{Daemon, PERSON_TOKEN, SOURCE_TOKEN, watchbell};
use serde_json::{Value, json};
use std::fs;

const MAPPING: &str = "name = \"exports\"\ntitle = \"Export monitor\"\nproduct = \"Exports\"\n\
    hints = [{ label = \"rows exported, not people\", pointer = \"/rows\", about = \"people.total\" }]\n\
    [fields]\nkind = [{ constant = \"security-alert\" }]\nexternal_id = [{ pointer = \"/id\" }]\n\
    update_id = [{ join = [\"/id\", \"/rev\"] }]\ntitle = [{ pointer = \"/subject\" }]\n";
const IN_WORDS: &str = "the sender's field /rows says 1200 (rows exported, not people); nobody has said so yet";

fn with_exports() -> Daemon {
    let token = watchbell::domain::ingest::TokenDigest::of(SOURCE_TOKEN).to_hex();
    Daemon::start(|config| {
        config.replace("# dir = \"/etc/watchbell/rules\"", "dir = \"rules\"");
        config.add(&format!(
            "[[source]]\nname = \"exports\"\nmapping = \"exports\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{token}\"]\n"
        ));
        let sources = config.folder().join("rules/sources");
        fs::create_dir_all(&sources).expect("a folder");
        fs::write(sources.join("exports.toml"), MAPPING).expect("written");
    })
}

fn command(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = watchbell().args(arguments).env("WATCHBELL_URL", daemon.url()).env("WATCHBELL_TOKEN", PERSON_TOKEN).output();
    let output = output.expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn question(daemon: &Daemon, incident: &str, key: &str) -> Option<Value> {
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    view["questions"].as_array().expect("questions").iter().find(|question| question["key"] == key).cloned()
}

fn fact(daemon: &Daemon, incident: &str, key: &str) -> Option<Value> {
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    view["facts"].as_array().expect("facts").iter().find(|fact| fact["key"] == key).cloned()
}

#[test]
fn a_hint_stands_at_the_question_of_its_fact_until_a_person_answers() {
    let mut daemon = with_exports();
    let answer = daemon.post("exports", &json!({ "id": "e-1", "rev": 1, "subject": "Large export", "rows": 1200 })).json();
    let incident = answer["incident"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    command(&daemon, &["answer", &incident, "breach.suspected=true", "breach.personal-data=true", "--ground", "seen"]);
    daemon.restart();
    let asked = question(&daemon, &incident, "people.total").expect("nobody has said how many");
    let hint = json!([{ "label": "rows exported, not people", "value": "1200", "pointer": "/rows", "about": "people.total" }]);
    assert_eq!(asked["hints"], hint);
    assert!(!asked["example"].to_string().contains("1200"), "a copied example must not claim it: {asked}");
    assert_eq!(fact(&daemon, &incident, "people.total"), None, "a hint claims nothing");
    let shown = command(&daemon, &["incident", "show", &incident]);
    assert_eq!(shown.matches(IN_WORDS).count(), 1, "{shown}");
    command(&daemon, &["answer", &incident, "people.total=31"]);
    assert_eq!(question(&daemon, &incident, "people.total"), None);
    assert_eq!(fact(&daemon, &incident, "people.total").expect("a fact")["value"], 31);
    assert!(!command(&daemon, &["incident", "show", &incident]).contains(IN_WORDS));
    lives_on(&daemon);
}

#[test]
fn a_judgement_that_a_source_states_is_shown_to_whoever_may_make_it() {
    let daemon = Daemon::start(|_| ());
    let event = json!({ "id": "j", "title": "laptop gone", "facts": { "breach.suspected": true } });
    let incident = daemon.post("native", &event).json()["incident"].as_str().expect("an incident").to_owned();
    let asked = question(&daemon, &incident, "breach.suspected").expect("it is still asked");
    assert_eq!((&asked["hints"][0]["value"], &asked["hints"][0]["pointer"]), (&json!("true"), &json!("/facts/breach.suspected")));
    let shown = command(&daemon, &["incident", "show", &incident]);
    let in_words = "the sender's field /facts/breach.suspected says true; nobody has said so yet";
    assert!(shown.contains(in_words), "{shown}");
    let told = command(&daemon, &["answer", &incident, "incident.cyber=null"]);
    assert!(told.contains("(breach.suspected)") && told.contains(in_words), "the next question is told with it: {told}");
    lives_on(&daemon);
}
