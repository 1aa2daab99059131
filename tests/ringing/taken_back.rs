//! What people say of a clock can be taken back, and is weighed against what is on record before it is taken down.

use super::case::{AUTHORITY, AWARE, Case, RULES, at, claim, hours, house, key};
use watchbell::domain::clocks::{Limit, Pause};
use watchbell::domain::facts::{Book, Claim, Claimant};
use watchbell::domain::incident::{
    Act, AlertState, ClockKey, Command, DeliveryResult, Event, Evidence, HoldStatement, Moment, Refusal, Standing,
    notes_on_filing,
};
use watchbell::domain::instant::{Duration, Instant};

const LADDER: &str = r#"
[[ladder]]
name = "all"
[[ladder.rung]]
when = "start"
to = ["soc"]
[[ladder.rung]]
when = "50% left"
to = ["soc"]
[[ladder.rung]]
when = "12h left"
to = ["soc", "board"]
"#;
const PHASES: &str = "eu.gdpr.art33.phases";

fn filed(at: Instant) -> Evidence {
    Evidence { by: "Ada".into(), what: "filed in the portal".into(), filed_at: at, reference: None, told: None, known_then: None }
}

fn meet(duty: &str, at: Instant) -> Command {
    Command::Meet { clock: key(duty), evidence: filed(at) }
}

fn reopen(duty: &str) -> Command {
    Command::Reopen { clock: key(duty), by: "Ben".into(), because: "it was filed for another incident".into() }
}

fn determine(duty: &str, ground: &str) -> Command {
    Command::Determine { clock: key(duty), by: "Ada".into(), ground: ground.into(), cite: "GDPR Art. 33(1)".into() }
}

fn although(command: Command) -> Command {
    Command::Although { because: "the numbers were read from the wrong table".into(), command: Box::new(command) }
}

fn rang(events: &[Event], duty: &str) -> Vec<String> {
    let rung = |event: &Event| match event {
        Event::RungFell { clock, rung, alerts, .. } if clock.duty.as_str() == duty && !alerts.is_empty() => Some(rung.clone()),
        _ => None,
    };
    events.iter().filter_map(rung).collect()
}

fn against(refusal: Result<Vec<Event>, Refusal>) -> String {
    match refusal {
        Err(Refusal::Contradicted(against)) => against.join("; "),
        other => panic!("it should be held against the facts: {other:#?}"),
    }
}

#[test]
fn a_clock_that_was_met_by_mistake_runs_again_with_its_limit_and_rings_at_once_and_what_fell_due() {
    let mut case = Case::new(LADDER);
    case.run_to(at(AWARE) + hours(1));
    let limit = case.clock(AUTHORITY).law.limit();
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    case.run_to(at(AWARE) + hours(62));
    let events = case.submit(reopen(AUTHORITY)).expect("it is taken back");
    let clock = case.clock(AUTHORITY);
    assert!(clock.standing.is_open(), "{:?}", clock.standing);
    assert_eq!((clock.law.limit(), clock.met.clone()), (limit, None));
    assert_eq!(clock.taken_back.len(), 1, "what was said stays on record");
    assert_eq!(rang(&events, AUTHORITY).len(), 1, "whoever was told before is told at once: {events:#?}");
    let events = case.wake();
    assert_eq!(rang(&events, AUTHORITY), ["12h left"], "the loudest of what fell due meanwhile rings: {events:#?}");
    let passed = case.run_to(at(AWARE) + hours(73));
    assert!(passed.iter().any(|event| matches!(event, Event::Expired { clock, .. } if *clock == key(AUTHORITY))), "{passed:#?}");
}

#[test]
fn a_clock_taken_back_behind_its_limit_is_late() {
    let mut case = Case::new(LADDER);
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    case.run_to(at(AWARE) + hours(80));
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    case.wake();
    assert_eq!(case.clock(AUTHORITY).standing, Standing::Missed);
}

#[test]
fn a_determination_is_taken_back_and_can_be_made_again() {
    let mut case = Case::new(LADDER);
    case.submit(determine(AUTHORITY, "returned unopened")).expect("it is determined");
    assert_eq!(case.clock(AUTHORITY).standing, Standing::Void);
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    assert!(case.clock(AUTHORITY).standing.is_open());
    assert!(!case.incident.nothing_owed.contains_key(&key(AUTHORITY)));
    assert!(case.submit(Command::Reassess).expect("it is looked at").is_empty(), "it stays as it is");
    case.submit(determine(AUTHORITY, "returned unopened, as the carrier says")).expect("it is determined");
    assert_eq!(case.clock(AUTHORITY).standing, Standing::Void);
}

#[test]
fn only_a_word_about_the_clock_itself_can_be_taken_back() {
    let mut case = Case::new(LADDER);
    assert!(matches!(case.submit(reopen(AUTHORITY)), Err(Refusal::Runs(_))));
    case.now += hours(1);
    case.answer(&[("breach.personal-data", false.into())]);
    assert_eq!(case.clock(AUTHORITY).standing, Standing::Void);
    assert!(matches!(case.submit(reopen(AUTHORITY)), Err(Refusal::EndedByFacts(_))));
    assert!(matches!(case.submit(reopen("house.triage")), Err(Refusal::EndedByFacts(_))), "its question was answered");
    let unsaid = Command::Reopen { clock: key(AUTHORITY), by: "Ben".into(), because: " ".into() };
    assert_eq!(case.submit(unsaid), Err(Refusal::Empty("because")));
}

#[test]
fn what_ran_from_a_filing_ends_with_it_and_runs_again_from_the_right_one() {
    let mut case = Case::new(LADDER);
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    assert!(case.clock(PHASES).standing.is_open());
    case.now += hours(2);
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    assert_eq!(case.clock(PHASES).standing, Standing::Void);
    case.now += hours(2);
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    let phases = case.clock(PHASES);
    assert!(phases.standing.is_open());
    assert_eq!(phases.law.start.at, case.now);
}

fn with_tracking() -> Case {
    let mut house = house(LADDER);
    house.tracking.insert("mail".into());
    Case::with(house)
}

/// What a tracking channel is told, in the order of queueing.
fn waiting(case: &Case) -> Vec<Act> {
    let waits = |alert: &&watchbell::domain::incident::Alert| {
        alert.is_about(&key(AUTHORITY)) && matches!(alert.state, AlertState::Waiting { .. })
    };
    let mut acts: Vec<Act> = case.incident.alerts.values().filter(waits).map(|alert| alert.queued.act).collect();
    acts.sort();
    acts.dedup();
    acts
}

#[test]
fn a_tracking_channel_that_was_not_yet_told_of_the_end_is_not_told_any_more() {
    let mut case = with_tracking();
    case.run_to(at(AWARE) + hours(1));
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    assert_eq!(waiting(&case), [Act::Resolve]);
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    assert_eq!(waiting(&case), [Act::Ring], "the end is dropped, and it rings");
}

#[test]
fn an_end_that_arrives_at_a_tracking_channel_when_the_clock_runs_again_is_followed_by_a_ring() {
    let mut case = with_tracking();
    case.run_to(at(AWARE) + hours(1));
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    let begun = case.begin();
    let end = begun.iter().find(|id| case.incident.alerts[*id].queued.act == Act::Resolve).expect("the end goes out").clone();
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    let events = case.end(&end, DeliveryResult::Delivered { receipt: "202".into() });
    let opened = events.iter().any(|event| matches!(event, Event::Tracked { alerts, .. } if alerts[0].act == Act::Ring));
    assert!(opened, "{events:#?}");
}

#[test]
fn a_filing_before_the_clock_began_wants_a_ground_and_one_in_the_future_is_refused() {
    let mut case = Case::new(LADDER);
    case.now += hours(5);
    let before = at(AWARE) - hours(3);
    assert!(against(case.submit(meet(AUTHORITY, before))).contains("before the clock begins"));
    let events = case.submit(although(meet(AUTHORITY, before))).expect("it is said all the same");
    let Some(Event::Although { because, against, by, .. }) = events.first() else { panic!("{events:#?}") };
    assert_eq!((because.as_str(), by.as_str(), against.len()), ("the numbers were read from the wrong table", "Ada", 1));
    case.submit(reopen(AUTHORITY)).expect("it is taken back");
    let ahead = case.now + hours(1);
    assert!(matches!(case.submit(meet(AUTHORITY, ahead)), Err(Refusal::Future { .. })));
    assert!(matches!(case.submit(although(meet(AUTHORITY, ahead))), Err(Refusal::Future { .. })));
    let unsaid = Command::Although { because: String::new(), command: Box::new(meet(AUTHORITY, before)) };
    assert_eq!(case.submit(unsaid), Err(Refusal::Empty("although")));
}

#[test]
fn words_that_count_otherwise_than_the_facts_are_answered_with_the_facts() {
    let mut case = Case::new(LADDER);
    case.answer(&[("people.total", 2600.into())]);
    for ground in ["fewer than 500 people", "under five hundred individuals are affected", "nobody is affected"] {
        let told = against(case.submit(determine(AUTHORITY, ground)));
        assert!(told.contains("2600"), "{ground}: {told}");
        assert!(
            against(case.submit(Command::Meet {
                clock: key(AUTHORITY),
                evidence: Evidence { what: format!("reported: {ground}."), ..filed(case.now) },
            }))
            .contains("2600")
        );
    }
    assert!(case.submit(determine(AUTHORITY, "told within less than 72 hours")).is_ok(), "hours are no people");
}

#[test]
fn words_about_the_people_of_one_place_are_held_against_that_place() {
    let mut case = Case::new(LADDER);
    case.answer(&[("people.by-place", serde_json::json!({ "DE": 300, "FR": 900 }))]);
    assert!(against(case.submit(determine(AUTHORITY, "fewer than 500 people"))).contains("1200"));
    let low = [("people.total", serde_json::json!(800))];
    let claims = |now| low.iter().map(|(key, value)| ada(key, value.clone(), now)).collect();
    let answer = Command::Answer { claims: claims(case.now) };
    let told = against(case.submit(answer.clone()));
    assert!(told.contains("1200") && told.contains("800"), "{told}");
    assert!(case.submit(although(answer)).is_ok());
}

#[test]
fn a_determination_against_a_hold_or_a_dispute_wants_a_ground() {
    let mut case = Case::new(LADDER);
    let mut words = Vec::new();
    for (name, value) in [("Ada", "unlikely"), ("Ben", "high")] {
        let said = Claim { ground: Some("as judged".into()), ..person(name, "risk.level", value.into(), case.now) };
        words.push(said);
    }
    for said in words {
        case.submit(Command::Answer { claims: vec![said] }).expect("it is taken");
    }
    let told = against(case.submit(determine(AUTHORITY, "no risk to anybody")));
    assert!(told.contains("`risk.level` is disputed") && told.contains("Ada") && told.contains("Ben"), "{told}");
    let events = case.submit(although(determine(AUTHORITY, "no risk to anybody"))).expect("it is determined");
    assert!(matches!(events[0], Event::Although { .. }), "{events:#?}");
}

#[test]
fn further_notices_are_filed_without_an_end_and_after_it() {
    let mut case = Case::new(LADDER);
    case.submit(meet(AUTHORITY, case.now)).expect("it is met");
    let file = |duty: &str, now| Command::File { clock: key(duty), evidence: filed(now) };
    for nth in 1..=3 {
        case.now += hours(1);
        case.submit(file(PHASES, case.now)).expect("it is filed");
        assert_eq!(case.clock(PHASES).filings.len(), nth);
        assert!(case.clock(PHASES).standing.is_open(), "more may follow");
    }
    case.now += hours(1);
    case.submit(meet(PHASES, case.now)).expect("it is met");
    case.now += hours(1);
    case.submit(file(PHASES, case.now)).expect("one more notice");
    let phases = case.clock(PHASES);
    assert_eq!((phases.standing, phases.filings.len()), (Standing::Met, 4));
    let void = ClockKey::of("eu.gdpr.art33.register", "mercy");
    let ended =
        Command::Determine { clock: void.clone(), by: "Ada".into(), ground: "kept elsewhere".into(), cite: "Art. 33(5)".into() };
    case.submit(ended).expect("it is determined");
    let closed = case.submit(Command::File { clock: void, evidence: filed(case.now) });
    assert!(matches!(closed, Err(Refusal::Closed(_))), "{closed:#?}");
}

fn person(name: &str, fact: &str, value: serde_json::Value, now: Instant) -> Claim {
    claim(fact, value, Claimant::Person(name.into()), now)
}

fn ada(fact: &str, value: serde_json::Value, now: Instant) -> Claim {
    person("Ada", fact, value, now)
}

#[test]
fn what_is_settled_stays_settled_until_somebody_settles_it_anew() {
    let now = at(AWARE);
    let minutes = |count: i64| now + Duration::minutes(count);
    let said = |name: &str, people: u64, at: i64, settles: bool| Claim {
        settles,
        ..person(name, "people.total", people.into(), minutes(at))
    };
    let stands = |words: &[Claim]| {
        let forwards: Book = words.iter().cloned().collect();
        let backwards: Book = words.iter().rev().cloned().collect();
        let of = |book: &Book| book.standing("people.total").value().map(ToString::to_string);
        assert_eq!(of(&forwards), of(&backwards), "the order of recording must not matter");
        (of(&forwards), forwards.settled_by("people.total").map(|by| by.name().to_owned()))
    };
    let mut words = vec![said("Ada", 500, 0, false), said("Ben", 900, 1, false)];
    assert_eq!(stands(&words), (None, None), "disputed");
    words.push(said("Bea", 700, 2, true));
    assert_eq!(stands(&words), (Some("700".into()), Some("Bea".into())));
    words.push(said("Ada", 600, 3, false));
    assert_eq!(stands(&words), (Some("700".into()), Some("Bea".into())), "a later word settles nothing by itself");
    words.push(said("Bea", 720, 4, false));
    assert_eq!(stands(&words), (Some("720".into()), Some("Bea".into())), "who settled it may correct themselves");
    words.push(said("Ben", 650, 5, true));
    assert_eq!(stands(&words), (Some("650".into()), Some("Ben".into())));
}

fn held(case: &mut Case, effect: Pause) {
    let (from, until) = (case.now, Some(case.now + hours(48)));
    let official = "the Federal Office".into();
    let statement = HoldStatement { rule: "order".into(), official, from, until, words: "order 7".into() };
    let event = Event::Held { clock: key(AUTHORITY), by: "Ada".into(), statement, effect, lapses_after_days: None };
    case.incident.apply(&event, case.now);
}

#[test]
fn telling_while_a_hold_forbids_it_wants_a_ground_and_one_that_only_delays_is_said() {
    let notes = |case: &Case| {
        let moment = Moment { now: case.now, rulebook: &RULES, house: &case.house };
        notes_on_filing(&case.incident, &key(AUTHORITY), &filed(case.now), &moment)
    };
    let limit = Limit::Prompt {};
    for forbids in [Pause::Prohibition {}, Pause::Capped { limit: Box::new(limit), pause: Box::new(Pause::Prohibition {}) }] {
        let mut case = Case::new(LADDER);
        held(&mut case, forbids);
        case.now += hours(1);
        assert!(against(case.submit(meet(AUTHORITY, case.now))).contains("the Federal Office forbids telling until "));
        case.submit(although(meet(AUTHORITY, case.now))).expect("it is said all the same");
        assert_eq!(notes(&case), Vec::<String>::new(), "it was said before");
    }
    let mut case = Case::new(LADDER);
    held(&mut case, Pause::Floor {});
    case.now += hours(1);
    case.submit(meet(AUTHORITY, case.now)).expect("nothing forbids it");
    assert!(
        notes(&case).iter().any(|note| note.contains("the Federal Office asks that telling wait until ")),
        "{:?}",
        notes(&case)
    );

    let mut case = Case::new(LADDER);
    held(&mut case, Pause::Prohibition {});
    case.now += hours(49);
    case.submit(meet(AUTHORITY, case.now)).expect("the hold has ended");
    assert_eq!(notes(&case), Vec::<String>::new());
}
