//! What is known of each alert: every attempt on record, dead letters, redelivery, and letters that wait.

use crate::support::{Daemon, PERSON_TOKEN, wait_for, watchbell};
use serde_json::{Value, json};
use watchbell::sim::read_mail::read_mail;
use watchbell::sim::smtp_sink::Misbehaviour;

fn post(daemon: &Daemon, id: &str) -> String {
    let event = json!({ "id": id, "title": "Ransom note on PACS-01", "severity": "high" });
    let answer = daemon.post("native", &event);
    assert_eq!(answer.status, 202);
    answer.json()["incident"].as_str().expect("an incident").to_owned()
}

fn alerts(daemon: &Daemon, query: &str) -> Vec<Value> {
    let answer = daemon.get(&format!("/v1/alerts?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["alerts"].as_array().expect("a list").clone()
}

fn logs(daemon: &Daemon, incident: &str) -> Vec<Value> {
    daemon.get(&format!("/v1/incidents/{incident}/alerts")).json().as_array().expect("a list").clone()
}

fn steps(log: &Value) -> Vec<String> {
    log["log"].as_array().expect("a list").iter().map(|step| step["what"].as_str().expect("a word").to_owned()).collect()
}

fn redeliver(daemon: &Daemon, incident: &str, alert: &str, body: &Value) -> crate::support::Answer {
    daemon.act(&format!("/v1/incidents/{incident}/alerts/{alert}/redeliver"), body)
}

fn cli(daemon: &Daemon, arguments: &[&str]) -> (i32, String, String) {
    let mut command = watchbell();
    command.args(arguments).env("WATCHBELL_URL", daemon.url()).env("WATCHBELL_TOKEN", PERSON_TOKEN);
    let said = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (said.status.code().unwrap_or(-1), text(said.stdout), text(said.stderr))
}

#[test]
fn every_attempt_is_on_record_and_an_alert_can_be_sent_once_more_under_the_same_id() {
    let daemon = Daemon::start(|_| {});
    daemon.mail.misbehave(Misbehaviour::DeferRecipients);
    let incident = post(&daemon, "case-1");
    let failing = wait_for("an attempt fails", || alerts(&daemon, "state=failing").pop());
    assert_eq!((&failing["incident"], &failing["channel"]), (&json!(incident), &json!("mail")));
    assert_eq!(failing["last_failure"][0], "server-error");
    assert_eq!((&failing["to"], &failing["dead"]), (&json!("so…@example.org"), &json!(false)));
    assert_eq!(alerts(&daemon, "state=delivered"), Vec::<Value>::new());

    daemon.mail.misbehave(Misbehaviour::None);
    let log = wait_for("the next attempt succeeds", || {
        logs(&daemon, &incident).into_iter().find(|log| log["line"]["standing"] == "delivered")
    });
    let went = steps(&log);
    assert!(went.len() >= 4 && went[..2] == ["began", "failed"] && went[went.len() - 2..] == ["began", "delivered"], "{log}");
    let failed = &log["log"][1];
    assert!(failed["text"].as_str().is_some_and(|text| text.contains("451")), "{failed}");
    assert!(failed["next_at"].is_string() && failed["at"].is_string() && failed["attempt"] == 1, "{failed}");

    let alert = log["line"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(redeliver(&daemon, &incident, &alert, &json!({ "reason": " " })).status, 422);
    assert_eq!(redeliver(&daemon, &incident, "alr-none", &json!({ "reason": "lost" })).status, 404);
    assert_eq!(redeliver(&daemon, "inc-none", &alert, &json!({ "reason": "lost" })).status, 404);
    let (code, said, err) = cli(&daemon, &["alert", "redeliver", &incident, &alert, "--reason", "she deleted it"]);
    assert!(code == 0 && said.contains("goes out once more over `mail`"), "{said}{err}");
    let mails = daemon.mails(2);
    let ids: Vec<_> = mails.iter().filter_map(|mail| Some(read_mail(&mail.raw)?.header("Message-ID")?.to_owned())).collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    let log = wait_for("it is delivered again", || {
        let log = logs(&daemon, &incident).into_iter().find(|log| log["line"]["id"] == json!(alert))?;
        (steps(&log).last()? == "delivered" && steps(&log).contains(&"redelivery-asked".to_owned())).then_some(log)
    });
    assert!(log.to_string().contains("Dr. Ada Keller (privacy officer): she deleted it"), "{log}");

    let (code, said, _) = cli(&daemon, &["alert", "show", &incident]);
    assert_eq!(code, 0);
    for words in ["attempt 1 failed (server-error): ", "451", "redelivery-asked", "delivered: 250 from the mail server"] {
        assert!(said.contains(words), "{words} in\n{said}");
    }
    let (code, said, _) = cli(&daemon, &["alert", "list", "--state", "delivered", "--incident", &incident]);
    assert!(code == 0 && said.contains(&alert) && said.contains("so…@example.org (soc)"), "{said}");
}

#[test]
fn an_alert_whose_clock_closed_before_anybody_took_it_is_a_dead_letter() {
    let mut daemon = Daemon::start(|_| {});
    daemon.mail_goes_down();
    let incident = post(&daemon, "case-1");
    let alert = wait_for("an attempt fails", || alerts(&daemon, "state=failing").pop());
    let alert = alert["id"].as_str().expect("an id").to_owned();
    let answers = json!({ "facts": { "breach.suspected": false }, "ground": "the note was an exercise" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &answers).status, 200);
    let dead = wait_for("it is dropped", || alerts(&daemon, "dead=true").pop());
    assert_eq!((&dead["id"], &dead["standing"], &dead["dead"]), (&json!(alert), &json!("dropped"), &json!(true)));
    let (code, said, _) = cli(&daemon, &["alert", "list", "--dead"]);
    assert!(code == 0 && said.contains("dropped, dead letter"), "{said}");
    let refused = redeliver(&daemon, &incident, &alert, &json!({ "reason": "still" }));
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("clock-closed")));
}

#[test]
fn beyond_the_quota_calm_letters_wait_on_record_and_loud_ones_go_out() {
    let daemon = Daemon::start(|config| {
        config.replace("# per_recipient = \"20 in 1h\"", "per_recipient = \"1 in 1h\"");
        // Without India's six hours what comes after the answer can wait for the morning.
        config.replace("[\"US\", \"DE\", \"IN\"]", "[\"US\", \"DE\"]");
    });
    // The house's own clock has an hour: its letters are urgent, and none of the three waits.
    let first = post(&daemon, "case-1");
    post(&daemon, "case-2");
    post(&daemon, "case-3");
    daemon.mails(3);
    let answers = json!({ "facts": { "breach.suspected": true }, "ground": "files are locked" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{first}/claims"), &answers).status, 200);
    let held = wait_for("a calm letter is held", || {
        logs(&daemon, &first).into_iter().find(|log| steps(log).contains(&"held".to_owned()))
    });
    assert_eq!((&held["line"]["standing"], &held["line"]["attempts"]), (&json!("waiting"), &json!(0)));
    let step = held["log"].as_array().and_then(|log| log.last()).expect("a step");
    assert!(step["text"].as_str().is_some_and(|text| text.contains("got 1 letter in 1 h 0 min already")), "{step}");
    assert!(step["next_at"].as_str() > step["at"].as_str(), "{step}");
    assert!(
        daemon
            .get("/metrics")
            .text()
            .lines()
            .any(|line| { line.strip_prefix("watchbell_notifications_held_total ").is_some_and(|count| count != "0") })
    );
}
