//! Alerts leave the house: real SMTP and real HTTP over loopback, on good days and bad.

mod command;
mod email;
mod postfix;
mod products;
mod python_mail_server;
mod receiver;
mod webhook;

use serde_json::json;
use watchbell::domain::ids::{AlertId, IncidentId};
use watchbell::domain::instant::{Instant, parse_rfc3339};
use watchbell::shell::delivery::{Act, FailureReason, Letter, Outcome, Urgency};

fn instant(text: &str) -> Instant {
    parse_rfc3339(text).expect("an instant with offset")
}

fn letter(id: &str) -> Letter {
    Letter {
        id: AlertId::new(id),
        drill: false,
        act: Act::Ring,
        clocks: vec!["clk-41".into()],
        incident: IncidentId::new("inc-7h3k9qd2w4xz8m5n"),
        thread: "inc-7h3k9qd2w4xz8m5n".into(),
        subject: "9 h 12 min left: tell the Irish authority (GDPR Art. 33)".into(),
        heading: "9 h 12 min left to tell the Data Protection Commission".into(),
        lines: vec![
            ("Duty".into(), "GDPR Art. 33(1): notify the supervisory authority".into()),
            ("Due".into(), "Fri 27 Mar 2026 17:00 Europe/Dublin".into()),
        ],
        asked: "Say that you own this clock, or hand it on.".into(),
        commands: vec![("To take it".into(), "watchbell clock ack clk-41".into())],
        link: Some("https://watchbell.example/clocks/41".into()),
        facts: json!({ "clock": { "id": "clk-41", "duty": "eu.gdpr.art33.authority" } }),
        urgency: Urgency::Critical,
        rung_at: instant("2026-03-27T07:48:00Z"),
        late_by_s: 0,
    }
}

/// The parts of a failure that decide what happens next.
fn failure(outcome: &Outcome) -> (FailureReason, bool) {
    match outcome {
        Outcome::Failed { reason, permanent, .. } => (*reason, *permanent),
        Outcome::Delivered { receipt } => panic!("delivered ({receipt}), where a failure was expected"),
    }
}

fn text_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed { text, .. } => text,
        Outcome::Delivered { receipt } => receipt,
    }
}

fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered { .. })
}
