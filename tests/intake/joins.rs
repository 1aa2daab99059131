//! Reports of different names that are about one incident.

use super::faults::{incidents, lives_on, open};
use super::support::{ConfigText, Daemon, SOURCE_TOKEN, request, watchbell};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RULE: &str = "[[join]]\nsources = [\"wazuh\", \"native\"]\nsame = [\"hint:asset\"]\nwithin = \"1h\"\n";

fn with_rule(config: &mut ConfigText) {
    config.add(RULE);
}

fn native(id: &str, asset: &str) -> Value {
    json!({ "id": id, "title": format!("alert {id}"), "labels": { "asset": asset } })
}

fn wazuh(id: &str, asset: &str) -> Value {
    json!({ "id": id, "timestamp": "2026-11-21T02:00:00.000+0000", "rule": { "level": 12, "description": "Files renamed" },
        "agent": { "name": asset }, "manager": { "name": "m" } })
}

fn post(daemon: &Daemon, source: &str, event: &Value) -> String {
    let answer = daemon.post(source, event);
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["incident"].as_str().expect("an incident").to_owned()
}

fn messages(daemon: &Daemon, incident: &str) -> Vec<Value> {
    daemon.get(&format!("/v1/incidents/{incident}")).json()["messages"].as_array().expect("messages").clone()
}

#[test]
fn reports_about_the_same_asset_join_and_the_record_names_the_rule() {
    let mut daemon = Daemon::start(with_rule);
    let first = post(&daemon, "wazuh", &wazuh("1", "PACS-01"));
    assert_eq!(post(&daemon, "native", &native("a", "pacs-01 ")), first, "two products, one incident");
    assert_ne!(post(&daemon, "native", &native("b", "pacs-02")), first, "another asset, another incident");
    let joined = &messages(&daemon, &first)[1];
    assert_eq!(joined["joined"], "same hint:asset within 1 h 0 min", "{joined}");
    assert_eq!(joined["title"], "alert a", "its own title is kept");
    // From now on its own id leads there, with another asset too.
    daemon.restart();
    let mut update = native("a", "moved");
    update["update_id"] = "a/2".into();
    assert_eq!(post(&daemon, "native", &update), first);
    assert_eq!(daemon.post("native", &native("a", "pacs-01 ")).json()["duplicate"], true);
    assert_eq!(incidents(&daemon).len(), 2);
    let output = watchbell()
        .args(["incident", "show", &first])
        .env("WATCHBELL_URL", daemon.url())
        .env("WATCHBELL_TOKEN", super::support::PERSON_TOKEN)
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("joined by rule: same hint:asset"), "{output:?}");
    lives_on(&daemon);
}

#[test]
fn nothing_joins_an_incident_that_asks_for_nothing_any_more() {
    let daemon = Daemon::start(with_rule);
    let first = post(&daemon, "native", &native("1", "pacs-01"));
    let no = json!({ "facts": { "breach.suspected": false, "incident.cyber": false }, "ground": "a drill" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{first}/claims"), &no).status, 200);
    let second = post(&daemon, "native", &native("2", "pacs-01"));
    assert_ne!(second, first, "it would disappear there");
    assert_eq!(post(&daemon, "native", &native("3", "pacs-01")), second, "the next one joins what is open");
}

#[test]
fn however_many_come_at_once_they_make_one_incident() {
    let daemon = Daemon::start(with_rule);
    let address = daemon.address();
    let opened: BTreeSet<String> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..24)
            .map(|nth| {
                scope.spawn(move || {
                    let body = native(&nth.to_string(), "pacs-07").to_string();
                    let answer =
                        request(address, "POST", "/v1/events/native", Some(SOURCE_TOKEN), Some(&body)).expect("answered");
                    assert_eq!(answer.status, 202, "{}", answer.text());
                    answer.json()["incident"].as_str().expect("an incident").to_owned()
                })
            })
            .collect();
        posts.into_iter().map(|post| post.join().expect("posted")).collect()
    });
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(messages(&daemon, opened.first().expect("one")).len(), 24, "every report is present");
}

#[test]
fn reports_never_join_across_organisations() {
    let daemon = Daemon::start(|config| {
        config.replace(
            "[[organisation]]\n",
            "[[organisation]]\nid = \"grace\"\nname = \"Grace\"\nzone = \"UTC\"\n\n[[organisation]]\n",
        );
        config.replace(
            "mapping = \"native\"\norganisations = [\"mercy\"]",
            "mapping = \"native\"\norganisations = [\"mercy\", \"grace\"]",
        );
        config.add(&RULE.replace("\"wazuh\", ", ""));
    });
    let of = |id: &str, organisations: &[&str]| {
        let mut event = native(id, "pacs-01");
        event["organisations"] = json!(organisations);
        post(&daemon, "native", &event)
    };
    let opened = BTreeSet::from([of("1", &["mercy"]), of("2", &["grace"]), of("3", &["mercy", "grace"])]);
    assert_eq!(opened.len(), 3);
    assert!(opened.contains(&of("4", &["grace"])));
    open(&daemon, "and without an asset");
}

#[test]
fn a_rule_that_cannot_be_meant_is_told_with_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = ConfigText::example(folder.path(), std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
    config.add("[[join]]\nsources = [\"wazu\"]\nsame = [\"hostname\"]\nwithin = \"90d\"\n");
    let file = folder.path().join("watchbell.toml");
    std::fs::write(&file, config.text()).expect("written");
    let output = watchbell().arg("check-config").arg(&file).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    for words in ["did you mean `wazuh`?", "`hostname` is nothing that reports have in common", "hint:<label>", "30 days"] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
}
