//! Who may post, and what a signature is worth.

use super::faults::{incidents, lives_on, native, refused, send};
use super::support::{Daemon, PERSON_TOKEN, SOURCE_TOKEN};
use secrecy::ExposeSecret;
use serde_json::json;
use std::fs;
use watchbell::domain::standard_webhooks::{read_secret, sign};
use watchbell::shell::wall_clock;

const EVENT: &[u8] = br#"{"id": "1", "title": "A laptop is gone"}"#;

#[test]
fn nobody_posts_without_a_token_of_the_source_and_nobody_acts_without_one_of_a_person() {
    let daemon = Daemon::start(|_| ());
    let post = |authorization: Option<&str>| {
        let headers: Vec<(&str, &str)> = authorization.into_iter().map(|value| ("authorization", value)).collect();
        send(&daemon, "/v1/events/native", &headers, EVENT)
    };
    let person = format!("Bearer {PERSON_TOKEN}");
    for wrong in [None, Some(""), Some("Bearer"), Some("Bearer wrong"), Some("Basic bm9wZTpub3Bl"), Some(person.as_str())] {
        refused(&post(wrong), 401, "unauthorised");
    }
    // Refused before the body is read, so that a stranger cannot make the daemon read 100 MB.
    refused(&send(&daemon, "/v1/events/native", &[], &vec![b'x'; 100 << 20]), 401, "unauthorised");
    let none = daemon.request("GET", "/v1/incidents", None, None);
    refused(&none, 401, "unauthorised");
    for path in ["/v1/incidents", "/v1/clocks", "/v1/quarantine"] {
        refused(&daemon.request("GET", path, Some(SOURCE_TOKEN), None), 401, "unauthorised");
    }
    refused(&daemon.request("POST", "/-/reload", Some(SOURCE_TOKEN), None), 401, "unauthorised");
    assert_eq!(incidents(&daemon), Vec::<String>::new());
    assert!(!daemon.log().contains(SOURCE_TOKEN) && !daemon.log().contains(PERSON_TOKEN), "a token is in the log");
    lives_on(&daemon);
}

#[test]
fn a_person_who_may_only_read_reads() {
    let reader = "wbt_the-token-of-a-reader";
    let digest = watchbell::domain::ingest::TokenDigest::of(reader).to_hex();
    let daemon = Daemon::start(|config| {
        config.add(&format!("[[person]]\nname = \"Reader\"\ntoken_sha256 = [\"{digest}\"]\nmay = [\"read\"]\n"));
    });
    let incident = super::faults::open(&daemon, "1");
    assert_eq!(daemon.request("GET", "/v1/incidents", Some(reader), None).status, 200);
    let claims = format!("/v1/incidents/{incident}/claims");
    refused(&daemon.request("POST", &claims, Some(reader), Some("{\"facts\":{\"people.total\":1}}")), 403, "forbidden");
    refused(&daemon.request("POST", "/-/reload", Some(reader), None), 403, "forbidden");
}

#[test]
fn a_signature_must_fit_be_fresh_and_is_worth_one_incident_however_often_it_is_replayed() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr";
    let daemon = Daemon::start(|config| {
        let file = config.folder().join("secret-of-the-source");
        fs::write(&file, secret).expect("a secret is written");
        config.add(&format!(
            "[[source]]\nname = \"signed\"\nmapping = \"native\"\norganisations = [\"mercy\"]\nwebhook_secret_files = [{:?}]\n",
            file.display().to_string()
        ));
    });
    let key = read_secret(secret).expect("a secret");
    let post = |id: &str, age_s: i64, signed: &[u8], body: &[u8]| {
        let timestamp_s = wall_clock::now().timestamp() - age_s;
        let signature = sign(key.expose_secret(), id, timestamp_s, signed);
        let timestamp = timestamp_s.to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", timestamp.as_str()), ("webhook-signature", signature.as_str())];
        send(&daemon, "/v1/events/signed", &headers, body)
    };
    let first = post("msg_1", 0, EVENT, EVENT);
    assert_eq!(first.status, 202, "{}", first.text());
    let incident = first.json()["incident"].clone();
    // The same delivery again, as an attacker or a nervous sender has it.
    for age_s in [0, 10, 200] {
        let replay = post("msg_1", age_s, EVENT, EVENT);
        assert_eq!(replay.status, 202, "{}", replay.text());
        let replay = replay.json();
        assert_eq!(
            (&replay["duplicate"], &replay["status"], &replay["incident"]),
            (&json!(true), &json!("duplicate"), &incident)
        );
    }
    refused(&post("msg_2", 3600, EVENT, EVENT), 401, "unauthorised");
    refused(&post("msg_2", -3600, EVENT, EVENT), 401, "unauthorised");
    refused(&post("msg_2", 0, EVENT, br#"{"id": "2", "title": "Another"}"#), 401, "unauthorised");
    refused(&post("msg.2", 0, EVENT, EVENT), 401, "unauthorised");
    let headers = [("webhook-id", "msg_2"), ("webhook-timestamp", "soon"), ("webhook-signature", "v1,AAAA")];
    refused(&send(&daemon, "/v1/events/signed", &headers, EVENT), 401, "unauthorised");
    refused(
        &send(&daemon, "/v1/events/signed", &[("authorization", &format!("Bearer {SOURCE_TOKEN}"))], EVENT),
        401,
        "unauthorised",
    );
    assert_eq!(incidents(&daemon).len(), 1);
    assert_eq!(native(&daemon, EVENT).status, 202, "another source's incident of the same name is another incident");
    assert_eq!(incidents(&daemon).len(), 2);
    assert!(!daemon.log().contains("whsec_"), "a secret is in the log");
    lives_on(&daemon);
}
