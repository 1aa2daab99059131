//! What could not be read: answered so that no product drops it, told to the operator, read again or put away.

use super::faults::{clock, incidents, lives_on, quarantined, refused, send};
use super::support::{Daemon, SOURCE_TOKEN, wait_for, watchbell};
use serde_json::{Value, json};
use std::fs;

/// A daemon with a source whose mapping takes no lists; gives it in a rules folder of its own.
fn with_tickets() -> Daemon {
    let token = watchbell::domain::ingest::TokenDigest::of(SOURCE_TOKEN).to_hex();
    Daemon::start_in(
        |config| {
            config.replace("# dir = \"/etc/watchbell/rules\"", "dir = \"rules\"");
            config.add(&format!(
                "[[source]]\nname = \"tickets\"\nmapping = \"tickets\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{token}\"]\n"
            ));
            let sources = config.folder().join("rules/sources");
            fs::create_dir_all(&sources).expect("a folder");
            fs::write(sources.join("tickets.toml"), mapping("")).expect("written");
        },
        |_| Vec::new(),
    )
}

fn mapping(more: &str) -> String {
    format!(
        "name = \"tickets\"\ntitle = \"Ticket\"\nproduct = \"Tickets\"\n{more}\n[fields]\nkind = [{{ constant = \"security-alert\" }}]\n\
         external_id = [{{ pointer = \"/id\" }}]\nupdate_id = [{{ join = [\"/id\", \"/rev\"] }}]\ntitle = [{{ pointer = \"/subject\" }}]\n"
    )
}

fn reload(daemon: &Daemon) {
    assert_eq!(daemon.act("/-/reload", &json!({})).status, 202);
    wait_for("the rules are reloaded", || daemon.log().contains("reloaded; the rest of").then_some(()));
}

/// The daemon's own incident, once it is there.
fn operators(daemon: &Daemon) -> Vec<Value> {
    let board = daemon.get("/v1/incidents?closed=true").json();
    let cards = board["cards"].as_array().expect("cards").clone();
    cards.into_iter().filter(|card| card["source"] == "watchbell itself").collect()
}

#[test]
fn a_product_is_answered_202_and_its_message_is_read_again_once_the_mapping_is_mended() {
    let mut daemon = with_tickets();
    let list = json!([{ "id": 7, "rev": 1, "subject": "Files are gone" }, { "id": 8, "rev": 1, "subject": "So are these" }]);
    let answer = daemon.post("tickets", &list);
    assert_eq!(answer.status, 202, "a product drops what it is told is wrong: {}", answer.text());
    let said = answer.json();
    assert_eq!((&said["status"], &said["code"]), (&json!("quarantined"), &json!("batch-not-taken")), "{said}");
    assert!(said["detail"].as_str().is_some_and(|text| !text.is_empty()), "{said}");
    let kept = said["quarantine"].as_str().expect("an id").to_owned();
    assert_eq!(daemon.post("tickets", &list).json()["quarantine"], kept.as_str(), "the same message is kept once");
    assert_eq!(incidents(&daemon), Vec::<String>::new());

    let mails = daemon.mails(1);
    assert!(mails.iter().any(|mail| String::from_utf8_lossy(&mail.raw).contains("house.quarantine")), "the operator is rung");
    let told = operators(&daemon);
    assert_eq!(told.len(), 1);
    let duties: Vec<&str> =
        told[0]["clocks"].as_array().expect("clocks").iter().filter_map(|clock| clock["duty"].as_str()).collect();
    assert_eq!(duties, ["house.quarantine"], "nobody is asked whether this is a breach");
    let operators_incident = told[0]["incident"].as_str().expect("an id").to_owned();

    let shown = daemon.get(&format!("/v1/quarantine/{kept}")).json();
    let received_at = shown["received_at"].as_str().expect("an instant").to_owned();
    let remap = format!("/v1/quarantine/{kept}/remap");
    let unread = daemon.act(&remap, &json!({})).json();
    assert_eq!(unread["status"], "unread", "the mapping is not mended yet: {unread}");

    daemon.kill();
    daemon.restart();
    fs::write(daemon.folder().join("rules/sources/tickets.toml"), mapping("batch = true")).expect("written");
    reload(&daemon);
    let command = |arguments: &[&str]| {
        let token = format!("WATCHBELL_TOKEN={}", super::support::PERSON_TOKEN);
        let (name, value) = token.split_once('=').expect("a name and a value");
        let output = watchbell().args(arguments).env("WATCHBELL_URL", daemon.url()).env(name, value).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, out) = command(&["quarantine", "remap", "--all", "--source", "tickets"]);
    assert_eq!(code, Some(0), "{out}");
    let opened = incidents(&daemon);
    assert_eq!(opened.len(), 2, "{out}");
    assert!(opened.iter().all(|incident| out.contains(incident.as_str())), "{out}");
    for incident in &opened {
        let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
        let triage = clock(&daemon, incident, "house.triage").expect("it runs");
        let fact =
            view["facts"].as_array().expect("facts").iter().find(|fact| fact["key"] == "event.received-at").expect("known");
        let instant = |text: &str| watchbell::domain::instant::parse_rfc3339(text).expect("an instant");
        let received_at = instant(&received_at);
        assert_eq!(instant(fact["value"].as_str().expect("an instant")).timestamp(), received_at.timestamp(), "its own receipt");
        let due = instant(triage["due"].as_str().expect("a limit"));
        assert_eq!((due - received_at).num_minutes(), 60, "the clock counts from when it came in");
    }
    // Once more, and from the product itself: nothing new.
    assert_eq!(daemon.act(&remap, &json!({})).json()["status"], "handled");
    assert_eq!(daemon.post("tickets", &list).json()["status"], "duplicate");
    assert_eq!(incidents(&daemon).len(), 2);
    assert_eq!(quarantined(&daemon), Vec::<String>::new());
    let clock = clock(&daemon, &operators_incident, "house.quarantine").expect("it ran");
    assert_eq!(clock["standing"], "met", "the quarantine is empty");
    let (_, all) = command(&["quarantine", "list", "--all"]);
    assert!(all.contains("read again by Dr. Ada Keller"), "{all}");
    lives_on(&daemon);
}

#[test]
fn a_message_is_dropped_with_a_reason_and_the_next_one_rings_anew() {
    let daemon = with_tickets();
    let post = |body: &str| {
        let token = format!("Bearer {SOURCE_TOKEN}");
        let answer = send(&daemon, "/v1/events/tickets", &[("authorization", &token)], body.as_bytes());
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["quarantine"].as_str().expect("kept").to_owned()
    };
    let (first, second) = (post("{cut"), post("{cut off"));
    assert_eq!(operators(&daemon).len(), 1, "both are told of in one incident");
    let drop = |id: &str, because: &str| daemon.act(&format!("/v1/quarantine/{id}/drop"), &json!({ "because": because }));
    refused(&drop(&first, " "), 422, "empty-field");
    refused(&drop("qua-nosuch", "gone"), 404, "no-kept-message");
    assert_eq!(drop(&first, "a test of the ticket team").status, 200);
    let standing = |card: &Value| card["clocks"][0]["standing"].as_str().expect("a standing").to_owned();
    assert_eq!(standing(&operators(&daemon)[0]), "running", "one of them still waits");
    assert_eq!(drop(&second, "the same").status, 200);
    assert_eq!(standing(&operators(&daemon)[0]), "met");
    post("{cut off again");
    let standings: Vec<String> = operators(&daemon).iter().map(standing).collect();
    assert!(standings.contains(&"met".to_owned()) && standings.contains(&"running".to_owned()), "{standings:?}");
    assert_eq!(quarantined(&daemon).len(), 1);
    let all = daemon.get("/v1/quarantine?handled=true").json();
    assert!(all.to_string().contains("a test of the ticket team"), "{all}");
    lives_on(&daemon);
}

#[test]
fn a_product_that_posts_nothing_is_not_refused() {
    let daemon = with_tickets();
    let answer = send(&daemon, "/v1/events/tickets", &[("authorization", &format!("Bearer {SOURCE_TOKEN}"))], b"");
    assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("empty")), "{}", answer.text());
    assert_eq!(quarantined(&daemon), Vec::<String>::new());
}

#[test]
fn a_native_event_that_was_refused_is_named_rings_once_and_is_closed_by_the_mended_one() {
    let daemon = Daemon::start(|_| {});
    let faulty = |nth: u32| json!({ "id": format!("case-{nth}"), "titel": format!("Laptop {nth}") });
    let kept: Vec<String> = (0..5)
        .map(|nth| {
            let answer = daemon.post("native", &faulty(nth));
            assert_eq!(answer.status, 422, "{}", answer.text());
            let said = answer.json();
            let kept = said["quarantine"].as_str().expect("its number").to_owned();
            assert!(said["hint"].as_str().is_some_and(|hint| hint.contains(&kept)), "{said}");
            kept
        })
        .collect();
    assert_eq!(quarantined(&daemon).len(), 5);
    let told = operators(&daemon);
    assert_eq!(told.len(), 1);
    let operators_incident = told[0]["incident"].as_str().expect("an id").to_owned();
    let view = daemon.get(&format!("/v1/incidents/{operators_incident}")).json();
    assert_eq!(view["messages"].as_array().map(Vec::len), Some(1), "equal faults of one source are told once");
    // Another fault of the same source is another matter.
    assert_eq!(daemon.post("native", &json!({ "id": "case-9", "title": "x", "severity": 3 })).status, 422);
    let view = daemon.get(&format!("/v1/incidents/{operators_incident}")).json();
    assert_eq!(view["messages"].as_array().map(Vec::len), Some(2));

    let mended = daemon.post("native", &json!({ "id": "case-0", "title": "Laptop 0" }));
    assert_eq!(mended.status, 202, "{}", mended.text());
    let incident = mended.json()["incident"].as_str().expect("an id").to_owned();
    let waiting = daemon.get("/v1/quarantine").json().to_string();
    assert!(!waiting.contains(&kept[0]) && kept[1..].iter().all(|kept| waiting.contains(kept)), "its own, and no other");
    let closed = daemon.get(&format!("/v1/quarantine/{}", kept[0])).json();
    assert_eq!(closed["handled"]["remapped"]["incidents"], json!([incident]), "{closed}");
    assert_eq!(clock(&daemon, &operators_incident, "house.quarantine").expect("it runs")["standing"], "running");
    for nth in 1..5 {
        assert_eq!(daemon.post("native", &json!({ "id": format!("case-{nth}"), "title": "Laptop" })).status, 202);
    }
    assert_eq!(daemon.post("native", &json!({ "id": "case-9", "title": "x", "severity": "low" })).status, 202);
    assert_eq!(quarantined(&daemon), Vec::<String>::new());
    assert_eq!(clock(&daemon, &operators_incident, "house.quarantine").expect("it ran")["standing"], "met");
    // A whole batch is refused, and closed by the same one mended.
    let batch = |word: &str| json!([{ "id": "b-1", "title": "x" }, { "id": "b-2", word: "y" }]);
    assert_eq!(daemon.post("native", &batch("titel")).status, 422);
    assert_eq!(daemon.post("native", &json!({ "id": "b-1", "title": "x" })).status, 202);
    assert_eq!(quarantined(&daemon).len(), 1, "one of two mends not both");
    assert_eq!(daemon.post("native", &batch("title")).status, 202);
    assert_eq!(quarantined(&daemon), Vec::<String>::new());
    lives_on(&daemon);
}
