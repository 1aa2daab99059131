//! A person merges and splits, through the API and the command line.

use super::faults::{incidents, lives_on, open, refused};
use super::support::{Daemon, PERSON_TOKEN, watchbell};
use serde_json::{Value, json};

fn command(daemon: &Daemon, arguments: &[&str]) -> (Option<i32>, String) {
    let output = watchbell()
        .args(arguments)
        .env("WATCHBELL_URL", daemon.url())
        .env("WATCHBELL_TOKEN", PERSON_TOKEN)
        .output()
        .expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

fn view(daemon: &Daemon, incident: &str) -> Value {
    daemon.get(&format!("/v1/incidents/{incident}")).json()
}

fn post(daemon: &Daemon, id: &str, update: &str) -> String {
    let answer = daemon.post("native", &json!({ "id": id, "update_id": update, "title": format!("update {update}") }));
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["incident"].as_str().expect("an incident").to_owned()
}

fn suspect(daemon: &Daemon, incident: &str) {
    let yes = json!({ "facts": { "breach.suspected": true, "breach.personal-data": true }, "ground": "seen" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &yes).status, 200);
}

fn open_clocks(view: &Value) -> Vec<String> {
    let clocks = view["card"]["clocks"].as_array().expect("clocks");
    let is_open =
        |clock: &&Value| ["provisional", "running", "missed"].contains(&clock["standing"].as_str().expect("a standing"));
    clocks.iter().filter(is_open).map(|clock| clock["duty"].as_str().expect("a duty").to_owned()).collect()
}

#[test]
fn a_merged_incident_goes_on_in_the_other_and_what_comes_for_it_goes_there() {
    let mut daemon = Daemon::start(|_| ());
    let (a, b) = (open(&daemon, "a"), open(&daemon, "b"));
    suspect(&daemon, &a);
    suspect(&daemon, &b);
    let due_before = view(&daemon, &a)["card"]["clocks"].clone();
    let merge = ["incident", "merge", &a, "--into", &b, "--because", "the same laptop"];
    assert_eq!(command(&daemon, &merge).0, Some(0));
    let (of_a, of_b) = (view(&daemon, &a), view(&daemon, &b));
    assert_eq!(open_clocks(&of_a), Vec::<String>::new(), "every clock of it goes on in the other");
    assert!(open_clocks(&of_b).len() > 3, "{of_b:#}");
    for clock in
        due_before.as_array().expect("clocks").iter().filter(|clock| clock["due"].is_string() && clock["standing"] != "met")
    {
        let there = of_b["card"]["clocks"].as_array().expect("clocks").iter().find(|there| there["duty"] == clock["duty"]);
        let due = |clock: &Value| {
            watchbell::domain::instant::parse_rfc3339(clock["due"].as_str().expect("a limit")).expect("an instant")
        };
        assert!(due(there.expect("the same clock")) <= due(clock), "{} got later", clock["duty"]);
    }
    assert_eq!((&of_a["relations"][0]["what"], &of_a["relations"][0]["incident"]), (&json!("merged-into"), &json!(b)));
    assert_eq!((&of_b["relations"][0]["what"], &of_b["relations"][0]["incident"]), (&json!("took-in"), &json!(a)));
    daemon.restart();
    assert_eq!(post(&daemon, "a", "a/2"), b, "its further messages go to the other");
    assert_eq!(post(&daemon, "a", "a/2"), b, "and are known there");
    assert_eq!(command(&daemon, &merge).0, Some(0), "said once more it changes nothing");
    assert_eq!(view(&daemon, &b)["messages"].as_array().map(Vec::len), Some(3));
    let yes = json!({ "facts": { "incident.cyber": true }, "ground": "seen" });
    refused(&daemon.act(&format!("/v1/incidents/{a}/claims"), &yes), 409, "merged");
    let (_, board) = command(&daemon, &["board", "--all"]);
    assert!(board.contains(&format!("took in {a}")) && board.contains(&format!("goes on in {b}")), "{board}");
    let (_, shown) = command(&daemon, &["incident", "show", &a]);
    assert!(shown.contains(&format!("goes on in {b}")) && shown.contains("the same laptop"), "{shown}");
    let merge_back = json!({ "into": a, "because": "the other way" });
    refused(&daemon.act(&format!("/v1/incidents/{b}/merge"), &merge_back), 409, "merged");
    refused(&daemon.act(&format!("/v1/incidents/{b}/merge"), &json!({ "into": b, "because": "x" })), 422, "same-incident");
    refused(&daemon.act(&format!("/v1/incidents/{a}/merge"), &json!({ "into": b, "because": " " })), 422, "empty-field");
    refused(&daemon.act("/v1/incidents/inc-nosuch/merge", &json!({ "into": b, "because": "x" })), 404, "no-incident");
    lives_on(&daemon);
}

#[test]
fn split_off_messages_get_an_incident_that_asks_and_their_further_messages_follow() {
    let mut daemon = Daemon::start(|config| {
        config.add("[[join]]\nsources = [\"native\"]\nsame = [\"title\"]\nwithin = \"1h\"\n");
    });
    let first = post(&daemon, "a", "1");
    assert_eq!(post(&daemon, "b", "1"), first, "the rule joined them by their title");
    suspect(&daemon, &first);
    let split = ["incident", "split", &first, "--update", "2", "--because", "another laptop", "-o", "json"];
    let (code, out) = command(&daemon, &split);
    assert_eq!(code, Some(0), "{out}");
    let new = serde_json::from_str::<Value>(&out).expect("JSON")["card"]["incident"].as_str().expect("an id").to_owned();
    assert_eq!(incidents(&daemon).len(), 2);
    assert_eq!(open_clocks(&view(&daemon, &new)), ["house.triage"], "somebody is asked about it");
    daemon.restart();
    let (_, again) = command(&daemon, &split);
    assert!(again.contains(&new), "the same messages split off once more are the same incident: {again}");
    assert_eq!(post(&daemon, "b", "b/2"), new);
    assert_eq!(post(&daemon, "a", "a/2"), first);
    let relations = |incident: &str| view(&daemon, incident)["relations"][0].clone();
    assert_eq!((&relations(&first)["what"], &relations(&first)["messages"]), (&json!("split-off"), &json!([2])));
    assert_eq!((&relations(&new)["what"], &relations(&new)["incident"]), (&json!("split-from"), &json!(first)));
    let refuse = |messages: Value, status, code| {
        refused(
            &daemon.act(&format!("/v1/incidents/{first}/split"), &json!({ "messages": messages, "because": "x" })),
            status,
            code,
        )
    };
    refuse(json!([]), 422, "empty-field");
    refuse(json!([99]), 404, "no-message");
    refuse(json!([1, 2, 3]), 409, "all-messages");
    lives_on(&daemon);
}

#[test]
fn what_was_split_off_and_merged_back_takes_further_messages_where_it_came_from() {
    let daemon = Daemon::start(|config| {
        config.add("[[join]]\nsources = [\"native\"]\nsame = [\"title\"]\nwithin = \"1h\"\n");
    });
    let first = post(&daemon, "a", "1");
    assert_eq!(post(&daemon, "b", "1"), first);
    let path = |incident: &str, verb: &str| format!("/v1/incidents/{incident}/{verb}");
    let split = daemon.act(&path(&first, "split"), &json!({ "messages": [2], "because": "another laptop" }));
    let new = split.json()["card"]["incident"].as_str().expect("an id").to_owned();
    let back = daemon.act(&path(&new, "merge"), &json!({ "into": first, "because": "it was one after all" }));
    assert_eq!(back.status, 200, "{}", back.text());
    assert_eq!(post(&daemon, "b", "b/2"), first, "neither points at the other for ever");
    assert_eq!(view(&daemon, &first)["card"]["related"].as_array().map(Vec::len), Some(2));
    lives_on(&daemon);
}
