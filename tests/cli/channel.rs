//! `watchbell channel`: what is listed, and a drill through the same way as an alert.

use crate::run;
use crate::support::{ConfigText, Daemon};
use std::fs;
use watchbell::sim::read_mail::read_mail;

/// The example's other channels, with the files they name.
fn every_kind(config: &mut ConfigText) {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
    let text = fs::read_to_string(example).expect("config.example.toml is there");
    let (_, block) = text.split_once("private network.\n#\n").expect("the other channels come after their preface");
    let (block, _) = block.split_once("\n# Common to every kind").expect("and before what is common to all");
    let lines: Vec<&str> = block.lines().map(|line| line.strip_prefix("# ").unwrap_or("")).collect();
    config.add(&lines.join("\n"));
    for (file, secret) in [
        ("soc-webhook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("slack-url", "https://hooks.slack.com/services/T0/B0/x"),
        ("teams-workflow-url", "https://flows.example.org/t0ken"),
        ("pagerduty-routing-key", "R0UT1NGKEY"),
        ("ntfy-token", "tk_notatoken"),
    ] {
        fs::write(config.folder().join(file), secret).expect("a file");
    }
}

#[test]
fn the_examples_of_every_kind_are_in_order_and_listed() {
    let daemon = Daemon::start(every_kind);
    let config = daemon.config();
    let config = config.to_str().expect("UTF-8");
    let said = run(["channel", "list", "--config", config]).done();
    for kind in ["email", "webhook", "slack", "teams", "pagerduty", "ntfy", "command"] {
        said.shows(kind);
    }
    said.shows("privacy, soc").shows("nobody");
    let listed = run(["channel", "list", "-o", "json", "--config", config]).done().json();
    let mail = listed.as_array().and_then(|list| list.iter().find(|channel| channel["id"] == "mail")).expect("listed");
    assert_eq!((&mail["kind"], &mail["addresses"]), (&"email".into(), &2.into()));
}

#[test]
fn a_drill_goes_to_one_address_and_says_what_it_is() {
    let daemon = Daemon::start(|_| {});
    let config = daemon.config();
    let config = config.to_str().expect("UTF-8");
    let which = run(["channel", "test", "mail", "--config", config]);
    assert_eq!(which.code, 1, "{which:?}");
    assert!(which.err.contains("privacy@example.org, soc@example.org"), "{which:?}");
    run(["channel", "test", "mail", "--to", "ada@example.org", "--config", config]).done().shows("`mail` took the drill drill-");
    let received = daemon.mails(1);
    assert_eq!(received[0].to, ["ada@example.org"]);
    let mail = read_mail(&received[0].raw).expect("a readable message");
    assert_eq!(mail.subject, "[DRILL] A test of this channel by Watchbell");
    assert!(mail.text.is_some_and(|text| text.starts_with("DRILL.")));

    let missing = run(["channel", "test", "main", "--config", config]);
    assert!(missing.code == 1 && missing.err.contains("there is no channel `main`"), "{missing:?}");
}

#[test]
fn a_channel_that_does_not_take_it_is_told_with_the_reason() {
    let mut daemon = Daemon::start(|_| {});
    daemon.mail_goes_down();
    let config = daemon.config();
    let said = run(["channel", "test", "mail", "--to", "ada@example.org", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("(unreachable)") && said.err.contains("nothing listens on that port"), "{said:?}");
}
