//! Updates of one report that come in any order.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use watchbell::domain::facts::{Claim, Claimant, Standing};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{Command, House, Incident, Moment, Opened, Opening, Profile, Received, decide};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339};
use watchbell::domain::law::{Mode, Rulebook};
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).expect("the built-in rules are sound"));
static HOUSE: LazyLock<House> = LazyLock::new(House::default);

/// One version of a report: the minute at which its sender made it, and what it says.
#[derive(Clone, Debug)]
struct Update {
    minute: i64,
    facts: Vec<(&'static str, Json)>,
}

fn start() -> Instant {
    parse_rfc3339("2026-11-17T08:00:00Z").expect("an instant")
}

fn claim(key: &str, value: &Json, at: Instant) -> Claim {
    let value = RULES.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"));
    let by = Claimant::Product("native".into());
    Claim::of(key, Some(value), by, at)
}

fn profile() -> Profile {
    let facts = [
        ("organisation.roles", json!(["controller", "covered-entity"])),
        ("organisation.places", json!(["DE", "US"])),
        ("organisation.main-place", json!(["DE"])),
        ("organisation.offers-to", json!(["DE", "US", "IN"])),
    ];
    let claims = facts.iter().map(|(key, value)| claim(key, value, start())).collect();
    Profile { name: "Mercy".into(), zone: Zone::UTC, claims }
}

/// The incident that these deliveries come to; the nth comes in n minutes after the first.
fn delivered<'u>(updates: impl IntoIterator<Item = &'u Update>) -> Incident {
    let id = IncidentId::from("inc-0123456789abcdef");
    let mut incident: Option<Incident> = None;
    for (nth, update) in (0..).zip(updates) {
        let now = start() + Duration::hours(1) + Duration::minutes(nth);
        let version = Some(start() + Duration::minutes(update.minute));
        let received = Received { version, ..Received::of("native", format!("v{}", update.minute)) };
        let mut claims: Vec<Claim> = update.facts.iter().map(|(key, value)| claim(key, value, now)).collect();
        claims.push(claim("event.received-at", &json!(watchbell::domain::instant::rfc3339(now)), now));
        let command = match &incident {
            None => {
                let opened = Opened {
                    title: "a laptop is gone".into(),
                    severity: "high".into(),
                    kind: "breach-report".into(),
                    source: "native".into(),
                    external_id: "1".into(),
                    organisations: BTreeMap::from([("mercy".into(), profile().into())]),
                };
                Command::Open(Box::new(Opening { opened, received, claims }))
            }
            Some(_) => Command::Observe { received, claims },
        };
        let moment = Moment { now, rulebook: &RULES, house: &HOUSE };
        let decision = decide(&id, incident.as_ref(), command, &moment).expect("a report is taken");
        incident = decision.incident.or(incident);
    }
    incident.expect("at least one was delivered")
}

fn facts(incident: &Incident) -> BTreeMap<String, String> {
    let say = |key: &str| match incident.book.standing(key) {
        Standing::Known(value, _) => value.to_string(),
        Standing::Unknown => "unknown".into(),
        Standing::Disputed(_) => "disputed".into(),
    };
    incident.book.keys().map(|key| (key.to_string(), say(key.as_str()))).collect()
}

/// Of every clock of law where it stands, from when and until when it runs; and apart from them the names of
/// those that go on although products say by now that nothing is owed.
fn clocks(incident: &Incident) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let of_law = || incident.clocks.iter().filter(|(_, clock)| clock.law.mode != Mode::Policy);
    let say = |clock: &watchbell::domain::incident::Clock| {
        format!("{} {:?} {:?} {:?}", clock.standing.word(), clock.law.start.at, clock.law.until(), clock.law.reasons)
    };
    let denied = of_law().filter(|(_, clock)| clock.end_suggested.is_some()).map(|(key, _)| key.to_string());
    let runs = of_law().filter(|(_, clock)| clock.end_suggested.is_none());
    (runs.map(|(key, clock)| (key.to_string(), say(clock))).collect(), denied.collect())
}

fn update(minute: i64, facts: &[(&'static str, Json)]) -> Update {
    Update { minute, facts: facts.to_vec() }
}

#[test]
fn an_older_version_that_comes_late_is_kept_marked_and_overwrites_nothing() {
    let old = update(1, &[("people.total", json!(12)), ("event.detected-at", json!("2026-11-17T06:00:00Z"))]);
    let new = update(2, &[("people.total", json!(900)), ("event.detected-at", json!("2026-11-17T07:00:00Z"))]);
    let incident = delivered([&new, &old]);
    assert_eq!(incident.messages.iter().map(|message| message.late).collect::<Vec<_>>(), [false, true]);
    assert_eq!(incident.messages[1].claims.len(), 3, "what it claims is on record");
    let people = facts(&incident)["people.total"].clone();
    assert_eq!(people, facts(&delivered([&old, &new]))["people.total"], "the newer version's word stands");
    let detected = incident.book.standing("event.detected-at").value().cloned();
    assert_eq!(
        detected,
        claim("event.detected-at", &json!("2026-11-17T06:00:00Z"), start()).value,
        "the earliest instant counts"
    );
}

#[test]
fn a_version_that_takes_a_word_back_to_an_earlier_one_is_newer_than_what_comes_late() {
    let said = |minute, people: i64| update(minute, &[("people.total", json!(people))]);
    let (first, second, third) = (said(1, 10), said(2, 400), said(3, 10));
    assert_eq!(facts(&delivered([&first, &third, &second])), facts(&delivered([&first, &second, &third])));
}

#[test]
fn a_clock_that_a_late_version_would_have_set_in_its_time_is_set() {
    let yes = update(1, &[("breach.suspected", json!(true)), ("breach.personal-data", json!(true))]);
    let no = update(2, &[("breach.personal-data", json!(false))]);
    let incident = delivered([&no, &yes]);
    let runs =
        incident.clocks.iter().any(|(key, clock)| key.duty.as_str() == "eu.gdpr.art33.authority" && clock.standing.is_open());
    assert!(runs, "a product's later word ends no clock: {:?}", clocks(&incident));
}

fn story() -> impl Strategy<Value = (Vec<Update>, Vec<usize>)> {
    let yes_no = |key: &'static str| any::<bool>().prop_map(move |yes| (key, json!(yes)));
    let fact = prop_oneof![
        yes_no("breach.suspected"),
        yes_no("breach.personal-data"),
        yes_no("breach.security-failed"),
        yes_no("incident.cyber"),
        yes_no("hipaa.phi"),
        (1..2000_i64).prop_map(|people| ("people.total", json!(people))),
        (0..59_u8).prop_map(|minute| ("event.detected-at", json!(format!("2026-11-17T07:{minute:02}:00Z")))),
        (0..59_u8).prop_map(|minute| ("event.occurred-at", json!(format!("2026-11-17T06:{minute:02}:00Z")))),
    ];
    let facts = prop::collection::vec(prop::collection::vec(fact, 1..5), 2..6);
    let updates = facts.prop_map(|all| (0..).zip(all).map(|(minute, facts)| update(minute, &facts)).collect::<Vec<_>>());
    updates.prop_flat_map(|updates| {
        let order: Vec<usize> = (0..updates.len()).collect();
        (Just(updates), Just(order).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_the_same_versions_comes_to_the_same_facts_and_clocks((updates, order) in story()) {
        let in_order = delivered(&updates);
        let shuffled = delivered(order.iter().map(|nth| &updates[*nth]));
        prop_assert_eq!(facts(&in_order), facts(&shuffled));
        let (runs, disputed) = clocks(&in_order);
        let (runs_shuffled, disputed_shuffled) = clocks(&shuffled);
        prop_assert_eq!(runs, runs_shuffled);
        // What ran before a product's denial came in runs on, since only people end a clock of law.
        prop_assert!(disputed.is_subset(&disputed_shuffled), "{disputed:?} in order, {disputed_shuffled:?} shuffled");
    }
}
