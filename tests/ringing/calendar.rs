//! The calendar feed of a real daemon, read back by a parser of somebody else's making.

use crate::support::{Answer, ConfigText, Daemon, exchange};
use icalendar::{Calendar, CalendarDateTime, Component, DatePerhapsTime};
use serde_json::json;
use std::collections::BTreeMap;
use watchbell::domain::ingest::TokenDigest;
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339, rfc3339};
use watchbell::shell::wall_clock;

/// Two people: one in the team `privacy` by name, one in the team `night` that no ladder rings.
fn people(config: &mut ConfigText) {
    for (name, team, token) in [("Grace", "privacy-2", "wbt_grace"), ("Linus", "night", "wbt_linus")] {
        config.add(&format!(
            "[[person]]\nname = \"{name}\"\nreach = [{{ channel = \"mail\", to = \"{name}@example.org\" }}]\n\
             calendar_token_sha256 = [\"{}\"]\n[[team]]\nname = \"{team}\"\nmembers = [{{ person = \"{name}\" }}]\n",
            TokenDigest::of(token).to_hex()
        ));
    }
    config.add(
        "[[ladder]]\nname = \"cert-in\"\nfor = [\"in.cert_in.report\"]\nrung = [{ when = \"start\", to = [\"privacy-2\"] }]\n",
    );
}

/// So many hours ago, by this machine's clock.
fn ago(hours: i64) -> String {
    rfc3339(wall_clock::now() - Duration::hours(hours))
}

fn fetch(daemon: &Daemon, token: &str, header: &str) -> Answer {
    let address = daemon.address();
    let request = format!("GET /v1/calendar.ics?token={token} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}\r\n");
    exchange(address, request.as_bytes()).expect("an answer")
}

/// The start of every entry by its id.
fn entries(answer: &Answer) -> BTreeMap<String, (Instant, String)> {
    let calendar: Calendar = answer.text().parse().unwrap_or_else(|error| panic!("{error} in {}", answer.text()));
    let entry = |event: &icalendar::Event| {
        let Some(DatePerhapsTime::DateTime(CalendarDateTime::Utc(start))) = event.get_start() else {
            panic!("an entry without an instant in UTC: {event:?}")
        };
        let id = event.get_uid().expect("an id").to_owned();
        (id, (start, event.get_summary().expect("a title").to_owned()))
    };
    calendar.events().map(entry).collect()
}

#[test]
fn a_calendar_shows_whom_a_limit_rings_when_it_ends_and_nothing_of_the_incident() {
    let daemon = Daemon::start(people);
    let answer = daemon.post("native", &json!({ "id": "case-17", "title": "Ransom note on PACS-01" }));
    let incident = answer.json()["incident"].as_str().expect("an id").to_owned();
    let said = json!({ "facts": { "breach.suspected": true }, "ground": "read the case" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &said).status, 200);

    let feed = fetch(&daemon, "wbt_grace", "");
    assert_eq!(feed.status, 200, "{}", feed.text());
    assert!(feed.head.to_lowercase().contains("content-type: text/calendar"), "{}", feed.head);
    let shown = entries(&feed);
    let clock = format!("{incident}~in.cert_in.report~mercy");
    let due = daemon.get(&format!("/v1/clocks/{clock}")).json()["line"]["due"].as_str().and_then(parse_rfc3339);
    let only = shown.values().next().expect("the one clock her team is rung for");
    assert_eq!((shown.len(), Some(only.0.timestamp())), (1, due.map(|due| due.timestamp())), "to the second");
    assert!(only.1.contains("CERT-In"), "{}", only.1);
    let count = |line: &str| feed.text().lines().filter(|each| each.starts_with(line)).count();
    assert_eq!((count("PRODID:"), count("VERSION:"), count("CALSCALE:")), (1, 1, 1), "each once: {}", feed.text());
    let read: Calendar = feed.text().parse().expect("a calendar");
    let event = read.events().next().expect("an entry");
    let Some(DatePerhapsTime::DateTime(CalendarDateTime::Utc(end))) = event.get_end() else {
        panic!("an entry without an end in UTC: {event:?}")
    };
    assert_eq!(end - only.0, Duration::minutes(1), "it ends, and after it begins");
    // Of six hours there is no day before the end.
    assert_eq!((count("BEGIN:VALARM"), count("TRIGGER")), (1, 1), "{}", feed.text());
    assert!(feed.text().contains("-PT2H") || feed.text().contains("-PT7200S"), "{}", feed.text());
    for word in ["Ransom", "PACS", "mercy.example"] {
        assert!(!feed.text().contains(word), "`{word}` in {}", feed.text());
    }

    let etag = feed.head.lines().find_map(|line| line.to_lowercase().strip_prefix("etag: ").map(str::to_owned)).expect("an ETag");
    let again = fetch(&daemon, "wbt_grace", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));

    // The limit moves; the entry stays the same one.
    let earlier = json!({ "facts": { "noticed.at": ago(5) }, "ground": "the log says so" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &earlier).status, 200);
    let moved = entries(&fetch(&daemon, "wbt_grace", &format!("If-None-Match: {etag}\r\n")));
    assert_eq!(moved.keys().collect::<Vec<_>>(), shown.keys().collect::<Vec<_>>());
    assert_ne!(moved, shown);

    assert!(entries(&fetch(&daemon, "wbt_linus", "")).is_empty(), "nothing rings his team");
    let met = json!({ "what": "sent to CERT-In", "filed_at": ago(1) });
    assert_eq!(daemon.act(&format!("/v1/clocks/{clock}/meet"), &met).status, 200);
    assert!(entries(&fetch(&daemon, "wbt_grace", "")).is_empty(), "what is met is no limit any more");
}

#[test]
fn a_calendar_opens_by_its_own_token_alone() {
    let daemon = Daemon::start(people);
    for token in ["", "wbt_nobody", crate::support::PERSON_TOKEN, crate::support::SOURCE_TOKEN] {
        assert_eq!(fetch(&daemon, token, "").status, 401, "`{token}`");
    }
    assert_eq!(daemon.request("GET", "/v1/incidents", Some("wbt_grace"), None).status, 401, "it opens nothing else");
    assert_eq!(daemon.request("GET", "/v1/calendar.ics", None, None).status, 400);
    assert!(!daemon.log().contains("wbt_"), "no token in a log");
}
