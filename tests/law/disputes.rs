//! What is disputed: it opens only what its sides would decide differently, and the earliest side counts.

use serde_json::{Value as Json, json};
use std::sync::LazyLock;
use watchbell::domain::facts::{Book, Claim, Claimant};
use watchbell::domain::instant::{Instant, Zone, parse_rfc3339};
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::{Assessment, Owed, Rulebook, Sight};
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).expect("the built-in rules are sound"));

fn at(text: &str) -> Instant {
    parse_rfc3339(text).unwrap_or_else(|| panic!("`{text}` is an instant"))
}

/// Facts of an American hospital; each key with what each person says of it.
fn hospital(said: &[(&str, &[Json])]) -> Book {
    let usual = [
        ("organisation.roles", json!(["covered-entity", "controller"])),
        ("organisation.places", json!(["US", "DE"])),
        ("organisation.offers-to", json!(["US", "DE"])),
        ("breach.suspected", json!(true)),
        ("breach.personal-data", json!(true)),
        ("breach.security-failed", json!(true)),
        ("hipaa.phi", json!(true)),
        ("hipaa.impermissible", json!(true)),
    ];
    let mut book = Book::default();
    let mut say = |key: &str, value: &Json, who: &str| {
        let value = (!value.is_null()).then(|| RULES.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}")));
        let (by, at, ground) = (Claimant::Person(who.into()), at("2026-11-20T08:00:00Z"), Some("as found".to_owned()));
        book.record(Claim { ground, ..Claim::of(key, value, by, at) });
    };
    for (key, value) in usual.iter().filter(|(key, _)| said.iter().all(|(told, _)| told != key)) {
        say(key, value, "Ada");
    }
    for (key, sides) in said {
        for (who, value) in ["Ada", "Bob"].into_iter().zip(*sides) {
            say(key, value, who);
        }
    }
    book
}

fn of<T>(book: &Book, duty: &str, look: impl FnOnce(&Assessment<'_>) -> T) -> T {
    let (pack, duty) = RULES.duty(&duty.into()).expect("the duty");
    let sight = Sight::new(&RULES.vocabulary, book);
    let zone = Zone::named("America/New_York").expect("a zone");
    look(&assess(duty, pack, &RULES, &Circumstances { sight: &sight, zone, at: at("2026-11-25T08:00:00Z"), holds: &[] }))
}

#[test]
fn a_dispute_whose_every_side_gives_the_same_outcome_opens_nothing() {
    let counts = [json!(12_850), json!(9_000)];
    let book = hospital(&[
        ("people.total", &counts),
        ("people.by-place", &[json!({ "US-OH": 8_400 })]),
        ("hipaa.discovered-at", &[json!("2026-11-18T10:00:00-05:00")]),
    ]);
    for duty in ["us.hipaa.hhs", "us.hipaa.media", "us.hipaa.individuals"] {
        let (owed, missing) =
            of(&book, duty, |found| (found.owed, found.missing.iter().any(|key| key.as_str() == "people.total")));
        assert_eq!((owed, missing), (Owed::Owed, false), "{duty}: both counts are far above 500");
    }
    let reasons = of(&book, "us.hipaa.hhs", |found| found.deadlines.as_ref().map(|found| found.due_case));
    assert_eq!(reasons, Some(Some(0)), "and it is clear which limit applies");
}

#[test]
fn sides_that_would_decide_differently_leave_it_open_and_the_stricter_limit_runs() {
    let book =
        hospital(&[("people.total", &[json!(620), json!(480)]), ("hipaa.discovered-at", &[json!("2026-11-18T10:00:00-05:00")])]);
    of(&book, "us.hipaa.hhs", |found| {
        assert!(found.missing.iter().any(|key| key.as_str() == "people.total"));
        let limit = found.deadlines.as_ref().and_then(|found| found.operational.at);
        assert_eq!(limit.map(|limit| limit.date_naive().to_string()), Some("2027-01-18".into()), "60 days, not the year's end");
    });
}

#[test]
fn a_disputed_count_below_the_sum_of_its_places_stands_at_that_sum() {
    let book = hospital(&[
        ("people.total", &[json!(300), Json::Null]),
        ("people.by-place", &[json!({ "US-OH": 400, "US-KY": 300 })]),
        ("hipaa.discovered-at", &[json!("2026-11-18T10:00:00-05:00")]),
    ]);
    assert!(!of(&book, "us.hipaa.hhs", |found| found.missing.iter().any(|key| key.as_str() == "people.total")));
}

#[test]
fn a_disputed_start_counts_from_its_earliest_side_and_asks() {
    let sides = [json!("2026-11-18T10:00:00Z"), json!("2026-11-21T10:00:00Z")];
    let book = hospital(&[("aware.at", &sides)]);
    of(&book, "eu.gdpr.art33.authority", |found| {
        assert_eq!((found.start.at, found.start.settled), (at("2026-11-18T10:00:00Z"), false));
        assert!(found.missing.iter().any(|key| key.as_str() == "aware.at"));
    });
}

#[test]
fn a_disputed_yes_to_the_opening_question_is_no_no() {
    let book = hospital(&[("breach.suspected", &[json!(true), json!(false)]), ("aware.at", &[json!("2026-11-18T10:00:00Z")])]);
    let (owed, by) = of(&book, "eu.gdpr.art33.authority", |found| (found.owed, found.ended_by_people()));
    assert_eq!((owed, by), (Owed::Open, false), "it is asked, and the clock runs");
}

#[test]
fn the_reasons_name_each_side_of_a_dispute() {
    let book = hospital(&[("breach.personal-data", &[json!(true), json!(false)])]);
    let reasons = of(&book, "eu.gdpr.art33.authority", |found| found.reasons().join("\n"));
    assert!(reasons.contains("breach.personal-data is disputed: yes, said by Ada; no, said by Bob"), "{reasons}");
}

#[test]
fn a_disputed_start_that_may_be_earlier_goes_before_a_later_one_that_is_settled() {
    let sides = [json!("2026-11-18T08:00:00Z"), json!("2026-11-18T20:00:00Z")];
    let told = [json!("2026-11-18T12:00:00Z")];
    let of_india = [json!(["IN"])];
    let cyber = [json!(true)];
    let facts: [(&str, &[Json]); 4] =
        [("organisation.places", &of_india), ("incident.cyber", &cyber), ("noticed.at", &sides), ("noticed.told-at", &told)];
    of(&hospital(&facts), "in.cert_in.report", |found| {
        assert_eq!((found.start.at, found.start.settled), (at("2026-11-18T08:00:00Z"), false));
    });
    let later = [json!("2026-11-18T13:00:00Z"), json!("2026-11-18T20:00:00Z")];
    let facts = facts.map(|(key, said)| if key == "noticed.at" { (key, &later[..]) } else { (key, said) });
    of(&hospital(&facts), "in.cert_in.report", |found| {
        assert_eq!((found.start.at, found.start.settled), (at("2026-11-18T12:00:00Z"), true), "no side is earlier");
    });
}
