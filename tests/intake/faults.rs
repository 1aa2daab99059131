//! What every refusal must look like, and what every daemon must look like afterwards.

use super::support::{Answer, Daemon, SOURCE_TOKEN, exchange};
use serde_json::{Value, json};

/// A problem after RFC 9457 with this status and code, and with something to do about it. Gives its members.
pub fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let what = format!("{}\n{}", answer.head, String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.status, status, "{what}");
    assert!(answer.head.to_lowercase().contains("content-type: application/problem+json"), "{what}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{what}");
    assert_eq!(problem["type"], format!("urn:watchbell:problem:{code}"), "{what}");
    assert_eq!(problem["status"], status, "{what}");
    for member in ["title", "detail", "hint"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.trim().is_empty(), "no `{member}` in {what}");
        assert!(!text.contains("hint:") && !text.ends_with('.'), "`{member}` in {what}");
        assert!(!text.contains("::") && !text.contains("Option<") && !text.contains("struct "), "a type's name in {what}");
    }
    assert_eq!(status == 401, answer.head.to_lowercase().contains("www-authenticate: bearer"), "{what}");
    assert_eq!(matches!(status, 429 | 503), answer.head.to_lowercase().contains("retry-after: "), "{what}");
    problem
}

/// A request of a source with any headers and any body.
pub fn send(daemon: &Daemon, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut bytes = format!("POST {path} HTTP/1.1\r\nhost: watchbell\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    exchange(daemon.address(), &[bytes.as_bytes(), body].concat()).expect("the daemon answers")
}

/// A body of the source `native`, with its token.
pub fn native(daemon: &Daemon, body: &[u8]) -> Answer {
    let token = format!("Bearer {SOURCE_TOKEN}");
    send(daemon, "/v1/events/native", &[("authorization", &token), ("content-type", "application/json")], body)
}

/// Opens an incident, which must work, and gives its id.
pub fn open(daemon: &Daemon, id: &str) -> String {
    let answer = daemon.post("native", &json!({ "id": id, "title": "A laptop is gone" }));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let taken = answer.json();
    assert_eq!(taken["duplicate"], false, "{taken}");
    taken["incident"].as_str().expect("an id").to_owned()
}

/// The ids of all incidents but those that the daemon opens for its operator.
pub fn incidents(daemon: &Daemon) -> Vec<String> {
    let board = daemon.get("/v1/incidents?closed=true&limit=1000").json();
    let cards = board["cards"].as_array().expect("cards");
    let cards = cards.iter().filter(|card| card["source"] != "watchbell itself");
    cards.map(|card| card["incident"].as_str().expect("an id").to_owned()).collect()
}

/// The codes under which messages are kept in quarantine, in order.
pub fn quarantined(daemon: &Daemon) -> Vec<String> {
    let kept = daemon.get("/v1/quarantine").json();
    let mut codes: Vec<String> =
        kept.as_array().expect("a list").iter().map(|kept| kept["code"].as_str().expect("a code").to_owned()).collect();
    codes.sort();
    codes
}

/// The clock of a duty in an incident, as the board shows it.
pub fn clock(daemon: &Daemon, incident: &str, duty: &str) -> Option<Value> {
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    let clocks = view["card"]["clocks"].as_array().expect("clocks").clone();
    clocks.into_iter().find(|clock| clock["duty"] == duty)
}

/// The daemon answers, takes events, and said nothing of a panic.
pub fn lives_on(daemon: &Daemon) {
    assert_eq!(daemon.get("/-/healthy").status, 200);
    let ready = daemon.get("/-/ready");
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}
