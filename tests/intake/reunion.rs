//! Incidents that a person merges and splits.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{
    Clock, ClockKey, Command, Decision, Event, Evidence, House, Incident, Moment, Opened, Opening, Profile, Received, Refusal,
    Word, decide, goes_on_in,
};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::{Mode, Rulebook};
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).expect("the built-in rules are sound"));
static HOUSE: LazyLock<House> = LazyLock::new(House::default);

fn start() -> Instant {
    parse_rfc3339("2026-11-17T08:00:00Z").expect("an instant")
}

fn word() -> Word {
    Word { by: "Ada".into(), because: "the same host".into() }
}

fn claim(key: &str, value: &Json, by: Claimant, at: Instant) -> Claim {
    let value = (!value.is_null()).then(|| RULES.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}")));
    let ground = Some("as found".to_owned());
    Claim { ground, ..Claim::of(key, value, by, at) }
}

/// What happens to one incident.
#[derive(Clone, Debug)]
enum Step {
    Report(Vec<(&'static str, Json)>),
    Answer(&'static str, Vec<(&'static str, Json)>),
    /// A person determines, or meets, the nth of the open clocks.
    Determine(usize),
    Meet(usize),
}

fn submit(incident: &Incident, command: Command, now: Instant) -> Result<(Vec<Event>, Incident), Refusal> {
    let Decision { events, incident: after } =
        decide(&incident.id, Some(incident), command, &Moment { now, rulebook: &RULES, house: &HOUSE })?;
    let after = after.unwrap_or_else(|| incident.clone());
    let mut replayed = incident.clone();
    events.iter().for_each(|event| replayed.apply(event, now));
    assert_eq!(replayed, after, "what was decided is what its events come to");
    Ok((events, after))
}

fn done(incident: &Incident, command: Command, now: Instant) -> Incident {
    submit(incident, command, now).unwrap_or_else(|refusal| panic!("{refusal}")).1
}

fn of_organisations(name: &str, organisations: &[&str], opened_at: Instant) -> Incident {
    let facts = [
        ("organisation.roles", json!(["controller", "covered-entity", "data-fiduciary"])),
        ("organisation.places", json!(["DE", "US"])),
        ("organisation.main-place", json!(["DE"])),
        ("organisation.offers-to", json!(["DE", "US", "IN"])),
    ];
    let policy = || Claimant::Policy("config".into());
    let claims = facts.iter().map(|(key, value)| claim(key, value, policy(), start())).collect();
    let profile = Profile { name: "Mercy".into(), zone: Zone::UTC, claims };
    let opened = Opened {
        title: format!("incident {name}"),
        severity: "high".into(),
        kind: "breach-report".into(),
        source: "native".into(),
        external_id: name.into(),
        organisations: organisations.iter().map(|id| ((*id).into(), profile.clone().into())).collect(),
    };
    let received_at = claim("event.received-at", &json!(rfc3339(opened_at)), Claimant::Product("native".into()), opened_at);
    let received = Received { external_id: Some(name.to_owned()), ..Received::of("native", format!("{name}/0")) };
    let opening = Opening { opened, received, claims: vec![received_at] };
    let moment = Moment { now: opened_at, rulebook: &RULES, house: &HOUSE };
    let id = IncidentId::new(format!("inc-{name}"));
    decide(&id, None, Command::Open(Box::new(opening)), &moment).expect("it opens").incident.expect("it is there")
}

/// An incident to which all this happened, a step every ten minutes.
fn story(name: &str, opened_at: Instant, steps: &[Step]) -> Incident {
    let mut incident = of_organisations(name, &["mercy"], opened_at);
    let mut now = opened_at;
    for (nth, step) in steps.iter().enumerate() {
        now += Duration::minutes(10);
        let said = |by: Claimant, facts: &[(&str, Json)]| -> Vec<Claim> {
            facts.iter().map(|(key, value)| claim(key, value, by.clone(), now)).collect()
        };
        // A clock about several places is closed by a word about each, and by no act of its own.
        let whole: Vec<_> = incident.open_clocks().into_iter().filter(|(_, clock)| clock.law.about.is_empty()).collect();
        let nth_open = |nth: &usize| whole.get(*nth).map(|(key, _)| (*key).clone());
        let command = match step {
            Step::Report(facts) => {
                let received =
                    Received { external_id: Some(name.into()), ..Received::of("native", format!("{name}/{}", nth + 1)) };
                Some(Command::Observe { received, claims: said(Claimant::Product("native".into()), facts) })
            }
            Step::Answer(by, facts) => Some(Command::Although {
                because: "as counted".into(),
                command: Box::new(Command::Answer { claims: said(Claimant::Person((*by).into()), facts) }),
            }),
            Step::Determine(nth) => nth_open(nth).map(|clock| Command::Determine {
                clock,
                by: "Ada".into(),
                ground: "nothing is owed".into(),
                cite: "as she read it".into(),
            }),
            Step::Meet(nth) => nth_open(nth).map(|clock| Command::Meet {
                clock,
                evidence: Evidence {
                    by: "Ada".into(),
                    what: "filed".into(),
                    filed_at: now,
                    reference: None,
                    told: None,
                    known_then: None,
                },
            }),
        };
        if let Some(command) = command {
            incident = done(&incident, command, now);
        }
    }
    incident
}

/// `a` merged into `b`: what both are afterwards.
fn merged(a: &Incident, b: &Incident, now: Instant) -> (Incident, Incident) {
    let b = done(b, Command::TakeIn { other: Arc::new(a.clone()), word: word() }, now);
    let a = done(a, Command::MergeInto { into: Arc::new(b.clone()), word: word() }, now);
    (a, b)
}

fn now() -> Instant {
    start() + Duration::hours(20)
}

fn due(clock: &Clock) -> Instant {
    clock.law.limit().or(clock.law.until()).unwrap_or(Instant::MAX_UTC)
}

fn open(incident: &Incident) -> BTreeMap<&ClockKey, &Clock> {
    incident.clocks.iter().filter(|(_, clock)| clock.standing.is_open()).collect()
}

/// Every clock that ran before, in either, runs afterwards in one of them, and no later; or the house's own question
/// about it was answered with yes, or a person had determined that very duty.
fn nothing_got_weaker(before: [&Incident; 2], (a, b): (&Incident, &Incident)) -> Result<(), TestCaseError> {
    for (key, clock) in before.iter().flat_map(|incident| open(incident)) {
        // A clock that stood for all is replaced by one for each once it is known for whom.
        let stands_for = |other: &ClockKey| {
            let same_duty = other.duty == key.duty && other.organisation == key.organisation;
            same_duty && (key.target.is_none() || other.target == key.target)
        };
        let now = |incident| open(incident).into_iter().filter(|(other, _)| stands_for(other)).map(|(_, clock)| due(clock)).min();
        let runs = [a, b].into_iter().filter_map(now).min().is_some_and(|now| now <= due(clock));
        let goes_on = goes_on_in(b, key, clock);
        prop_assert!(runs || goes_on, "{key} ran until {}\nA {:#?}\nB {:#?}", due(clock), a.clocks.get(key), b.clocks.get(key));
        if clock.law.mode != Mode::Policy && !b.nothing_owed.get(key).is_some_and(|why| why.determined) {
            prop_assert!(runs, "{key} is a clock of law and no longer runs");
        }
    }
    Ok(())
}

#[test]
fn a_word_about_one_incident_ends_no_clock_of_the_other() {
    let suspected = ("breach.suspected", json!(true));
    let a = story("a", start(), &[Step::Answer("Ada", vec![suspected.clone(), ("breach.personal-data", json!(false))])]);
    let b = story("b", start(), &[Step::Answer("Ben", vec![suspected, ("breach.personal-data", json!(true))])]);
    let authority = ClockKey::of("eu.gdpr.art33.authority", "mercy");
    assert!(!open(&a).contains_key(&authority) && open(&b).contains_key(&authority));
    let (a, b) = merged(&a, &b, now());
    assert!(open(&b).contains_key(&authority), "Ada spoke of the other incident");
    assert!(open(&a).is_empty(), "nothing is left to do there");
    let both = [("breach.personal-data", json!(false))];
    let claims: Vec<Claim> = ["Ada", "Ben"]
        .iter()
        .flat_map(|by| both.iter().map(|(key, value)| claim(key, value, Claimant::Person((*by).into()), now())))
        .collect();
    let b = done(&b, Command::Answer { claims }, now());
    assert!(!open(&b).contains_key(&authority), "once it is said of the whole, it ends");
}

#[test]
fn the_earliest_awareness_counts_and_the_record_shows_both_ways() {
    let aware = |by, at: &str| Step::Answer(by, vec![("breach.suspected", json!(true)), ("aware.at", json!(at))]);
    let early = story("a", start(), &[aware("Ada", "2026-11-17T08:05:00Z")]);
    let late = story("b", start() + Duration::hours(5), &[aware("Ada", "2026-11-17T13:05:00Z")]);
    let authority = ClockKey::of("eu.gdpr.art33.authority", "mercy");
    for (a, b) in [(&early, &late), (&late, &early)] {
        let (a, b) = merged(a, b, now());
        assert_eq!(due(&b.clocks[&authority]), due(&early.clocks[&authority]), "{} into {}", a.id, b.id);
        assert_eq!(a.relations.merged_into.as_ref(), Some(&b.id));
        assert!(a.relations.told.iter().any(|relation| relation.incident == b.id && relation.because == "the same host"));
        assert!(b.relations.told.iter().any(|relation| relation.incident == a.id));
        assert!(
            b.messages.iter().any(|message| message.from.as_ref() == Some(&a.id)),
            "its messages are shown with their origin"
        );
        let said = b.book.history("aware.at");
        assert_eq!(said.len(), 2, "nothing is erased: {said:?}");
    }
}

#[test]
fn said_twice_or_after_a_crash_between_the_two_appends_it_comes_to_the_same() {
    let a = story("a", start(), &[Step::Report(vec![("breach.suspected", json!(true))])]);
    let b = story("b", start(), &[]);
    let take_in = |a: &Incident| Command::TakeIn { other: Arc::new(a.clone()), word: word() };
    let taken = done(&b, take_in(&a), now());
    // A message came in between: the end is refused until it is taken in as well.
    let received = Received { external_id: Some("a".into()), ..Received::of("native", "a/late") };
    let said = claim("people.total", &json!(700), Claimant::Product("native".into()), now());
    let grown = done(&a, Command::Observe { received: received.clone(), claims: vec![said] }, now());
    let merge_into = |into: &Incident| Command::MergeInto { into: Arc::new(into.clone()), word: word() };
    assert_eq!(submit(&grown, merge_into(&taken), now()).map(|_| ()), Err(Refusal::NotTakenIn));
    let taken_again = done(&taken, take_in(&grown), now());
    assert_eq!(taken_again.messages.len(), grown.messages.len() + b.messages.len(), "each once");
    let gone = done(&grown, merge_into(&taken_again), now());
    assert_eq!(submit(&taken_again, take_in(&gone), now()).expect("taken").0, [], "once more changes nothing");
    assert_eq!(submit(&gone, merge_into(&taken_again), now()).expect("taken").0, []);
    // What comes for it goes on to the other.
    let observe = Command::Observe { received: Received { update_id: "a/x".into(), ..received }, claims: Vec::new() };
    assert_eq!(submit(&gone, observe, now()).map(|_| ()), Err(Refusal::Elsewhere(taken_again.id.clone())));
    // No circles, no strangers, not itself.
    assert_eq!(submit(&gone, take_in(&b), now()).map(|_| ()), Err(Refusal::Elsewhere(taken_again.id.clone())));
    assert_eq!(submit(&b, take_in(&b), now()).map(|_| ()), Err(Refusal::Itself));
    let both = of_organisations("c", &["mercy", "grace"], start());
    assert_eq!(submit(&b, take_in(&both), now()).map(|_| ()), Err(Refusal::OtherOrganisations));
    submit(&both, take_in(&b), now()).expect("the one that concerns fewer goes into the one that concerns more");
}

#[test]
fn split_off_messages_open_an_incident_of_their_own_and_the_old_one_keeps_its_word() {
    let suspected = Step::Answer("Ada", vec![("breach.suspected", json!(true))]);
    let report = Step::Report(vec![("people.total", json!(900))]);
    let old = story("a", start(), &[suspected, Step::Report(vec![("incident.cyber", json!(true))]), report]);
    let (id, messages) = (IncidentId::from("inc-new"), BTreeSet::from([3]));
    let open_split =
        |messages: &BTreeSet<u32>| Command::OpenSplit { from: Arc::new(old.clone()), messages: messages.clone(), word: word() };
    let moment = Moment { now: now(), rulebook: &RULES, house: &HOUSE };
    let new = decide(&id, None, open_split(&messages), &moment).expect("it opens").incident.expect("it is there");
    assert_eq!(new.book.standing("people.total").value(), old.book.standing("people.total").value());
    assert!(new.book.history("incident.cyber").is_empty() && new.book.history("breach.suspected").is_empty(), "only its own");
    assert!(new.clocks[&ClockKey::of("house.triage", "mercy")].standing.is_open(), "somebody is asked");
    let marked = done(&old, Command::SplitOff { into: id.clone(), messages: messages.clone(), word: word() }, now());
    assert_eq!(marked.book, old.book);
    assert_eq!(marked.clocks, old.clocks);
    assert_eq!(marked.relations.told[0].messages, [3]);
    assert_eq!(new.relations.told[0].incident, old.id);
    let again = Command::SplitOff { into: id.clone(), messages: messages.clone(), word: word() };
    assert_eq!(submit(&marked, again, now()).expect("taken").0, []);
    let refused = |messages: &[u32]| decide(&id, None, open_split(&messages.iter().copied().collect()), &moment).map(|_| ());
    assert_eq!(refused(&[9]), Err(Refusal::NoMessage(9)));
    assert_eq!(refused(&[0]), Err(Refusal::NoMessage(0)));
    assert_eq!(refused(&[1, 2, 3]), Err(Refusal::AllMessages));
    assert_eq!(refused(&[]), Err(Refusal::Empty("messages")));
}

#[test]
fn further_messages_follow_a_report_that_was_split_off_whole() {
    let mut old = of_organisations("a", &["mercy"], start());
    let of = |name: &str, update: &str| Received { external_id: Some(name.into()), ..Received::of("native", update) };
    old = done(&old, Command::Observe { received: of("other", "1"), claims: Vec::new() }, now());
    let id = IncidentId::from("inc-new");
    let old = done(&old, Command::SplitOff { into: id.clone(), messages: BTreeSet::from([2]), word: word() }, now());
    let observe = |name: &str| submit(&old, Command::Observe { received: of(name, "2"), claims: Vec::new() }, now()).map(|_| ());
    assert_eq!(observe("other"), Err(Refusal::Elsewhere(id)));
    assert_eq!(observe("a"), Ok(()), "its own reports stay");
}

#[test]
fn a_clock_that_only_products_would_lift_keeps_its_limit_when_another_side_asks_for_a_later_one() {
    let suspected = Step::Answer("Ada", vec![("breach.suspected", json!(true))]);
    let later = story("b", start() + Duration::minutes(1), std::slice::from_ref(&suspected));
    let lifted = story("c", start(), &[suspected, Step::Report(vec![("breach.security-failed", json!(false))])]);
    let denied = story("a", start(), &[Step::Report(vec![("breach.personal-data", json!(false))])]);
    let (_, both) = merged(&denied, &later, now());
    let (_, all) = merged(&both, &lifted, now());
    let authority = ClockKey::of("eu.gdpr.art33.authority", "mercy");
    assert_eq!(due(&all.clocks[&authority]), due(&lifted.clocks[&authority]));
    let looked_at = done(&all, Command::Reassess, now() + Duration::minutes(1));
    assert_eq!(due(&looked_at.clocks[&authority]), due(&lifted.clocks[&authority]), "nor does a later look move it");
}

fn facts() -> impl Strategy<Value = Vec<(&'static str, Json)>> {
    let yes_no = |key: &'static str| {
        prop_oneof![3 => any::<bool>().prop_map(Json::from), 1 => Just(Json::Null)].prop_map(move |yes| (key, yes))
    };
    let at = |key: &'static str| (0..60_u8).prop_map(move |minute| (key, json!(format!("2026-11-17T07:{minute:02}:00Z"))));
    let fact = prop_oneof![
        4 => Just(("breach.suspected", json!(true))),
        1 => yes_no("breach.suspected"),
        2 => yes_no("breach.personal-data"),
        2 => yes_no("breach.security-failed"),
        1 => yes_no("incident.cyber"),
        1 => yes_no("hipaa.phi"),
        1 => yes_no("hipaa.impermissible"),
        1 => at("aware.at"),
        1 => at("noticed.at"),
        1 => at("event.detected-at"),
        1 => (1..2000_i64).prop_map(|people| ("people.total", json!(people))),
        1 => (1..2000_i64).prop_map(|people| ("people.by-place", json!({ "US-OH": people, "DE": 10 }))),
        1 => prop::sample::select(vec!["unlikely", "risk", "high"]).prop_map(|level| ("risk.level", json!(level))),
    ];
    prop::collection::vec(fact, 1..5)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let judgement = |key: &str| RULES.vocabulary.get(key).is_some_and(|entry| entry.judgement);
    let report = facts().prop_map(move |facts| {
        Step::Report(facts.into_iter().filter(|(key, _)| !judgement(key) && !key.starts_with("aware")).collect())
    });
    let answer = (prop::sample::select(vec!["Ada", "Ben"]), facts()).prop_map(|(by, facts)| Step::Answer(by, facts));
    let step = prop_oneof![2 => report, 3 => answer, 1 => (0..6_usize).prop_map(Step::Determine), 1 => (0..6_usize).prop_map(Step::Meet)];
    prop::collection::vec(step, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_makes_no_limit_later_and_leaves_no_duty_without_a_clock(
        (of_a, of_b, of_c, minutes) in (steps(), steps(), steps(), 0..600_i64)
    ) {
        let a = story("a", start(), &of_a);
        let b = story("b", start() + Duration::minutes(minutes), &of_b);
        let (gone, both) = merged(&a, &b, now());
        nothing_got_weaker([&a, &b], (&gone, &both))?;
        // Nor does the next one, in either direction, nor a look at the same facts later.
        let c = story("c", start() + Duration::minutes(minutes / 2), &of_c);
        let (gone_too, all) = merged(&both, &c, now());
        nothing_got_weaker([&both, &c], (&gone_too, &all))?;
        let later = now() + Duration::minutes(1);
        let looked_at = done(&all, Command::Reassess, later);
        nothing_got_weaker([&all, &gone_too], (&done(&gone_too, Command::Reassess, later), &looked_at))?;
        prop_assert_eq!(all.book.len(), a.book.len() + b.book.len() + c.book.len(), "every claim is there once");
    }
}
