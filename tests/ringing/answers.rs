//! What people say back: acknowledge, each for their team; hand over; silence.

use super::case::{AUTHORITY, AWARE, Case, at, hours, key, names, passed_over, rang};
use proptest::prelude::*;
use watchbell::domain::incident::{Address, Command, Event, Refusal, next_wake};
use watchbell::domain::instant::Duration;

const BOTH: &str = r#"
    [[ladder]]
    name = "all"
    acknowledge = ["soc", "board"]
    rung = [
      { when = "start", to = ["soc", "board"], unless_acknowledged = "15m", then = ["privacy"] },
      { when = "50% left", to = ["soc", "board"] },
      { when = "24h left", to = ["soc", "board", "privacy"] },
      { when = "12h left", to = ["soc"] },
      { when = "expiry", to = ["soc", "board"] },
    ]
"#;

const PLAIN: &str = r#"
    [[ladder]]
    name = "all"
    rung = [
      { when = "start", to = ["soc"] },
      { when = "50% left", to = ["soc"] },
      { when = "1h left", to = ["soc"] },
      { when = "expiry", to = ["soc"] },
      { when = "every 1h overdue", to = ["soc"] },
    ]
"#;

#[test]
fn the_first_to_acknowledge_does_not_stop_the_call_to_the_others() {
    let mut case = Case::new(BOTH);
    case.wake();
    case.after(Duration::minutes(5)).ack("Bob", Some("soc"), hours(60)).expect("soc is a mailbox: whoever reads there may");
    let events = case.run_to(at(AWARE) + hours(1));
    assert_eq!(rang(&events, AUTHORITY), [("start +15m".to_owned(), vec!["mail:privacy".to_owned()])], "the board has not");
    let half = case.run_to(at(AWARE) + hours(36));
    assert_eq!(rang(&half, AUTHORITY), [("50% left".to_owned(), vec!["mail:bea".to_owned()])], "only who holds no lease");
    case.ack("Bea", None, hours(20)).expect("she is in one of them");
    let day = case.run_to(at(AWARE) + hours(48));
    assert!(names(&day, AUTHORITY).is_empty(), "both have it, so that nobody is rung: {day:#?}");
    let end = case.run_to(at(AWARE) + hours(56));
    let (name, reached) = &rang(&end, AUTHORITY)[0];
    assert_eq!(reached, &["mail:bea", "mail:privacy"], "the 24 h rung, held back until the first lease ended: {name}");
    assert_eq!(name, "1d left");
}

#[test]
fn a_follow_up_waits_for_nobody_once_every_team_it_was_for_has_acknowledged() {
    let mut case = Case::new(BOTH);
    case.wake();
    case.after(Duration::minutes(5)).ack("Bob", Some("soc"), hours(1)).expect("it is taken");
    case.after(Duration::minutes(6)).ack("Bea", None, hours(1)).expect("it is taken");
    let events = case.run_to(at(AWARE) + Duration::minutes(30));
    assert_eq!(passed_over(&events, AUTHORITY), [("start +15m".to_owned(), "acknowledged by Bob and Bea".to_owned())]);
}

#[test]
fn an_acknowledgement_is_for_a_team_one_speaks_for() {
    let mut case = Case::new(BOTH);
    case.wake();
    assert_eq!(case.ack("Ada", None, hours(1)), Err(Refusal::WhichTeam("soc and board".into())));
    assert_eq!(case.ack("Ada", Some("board"), hours(1)), Err(Refusal::NotInTeam { who: "Ada".into(), team: "board".into() }));
    assert!(matches!(case.ack("Ada", Some("night"), hours(1)), Err(Refusal::NoTeam { .. })));
    let events = case.ack("Ada", Some("soc"), hours(1)).expect("it is taken");
    let Some(Event::Acknowledged { by, team, via, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!((by.as_str(), team.as_deref(), via.as_str()), ("Ada", Some("soc"), "test"));
}

#[test]
fn a_team_whose_lease_ends_is_told_so_and_no_other() {
    let mut case = Case::new(BOTH);
    case.wake();
    case.ack("Bob", Some("soc"), hours(1)).expect("it is taken");
    case.ack("Bea", None, hours(5)).expect("it is taken");
    let events = case.run_to(at(AWARE) + hours(2));
    let (name, reached) = rang(&events, AUTHORITY).into_iter().next_back().expect("somebody is told");
    assert!(name.starts_with("acknowledgement ended"), "{name}");
    assert_eq!(reached, ["mail:soc"]);
}

#[test]
fn whoever_takes_a_clock_over_is_alerted_and_the_giver_keeps_it_for_half_an_hour_at_most() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    let hand_over =
        |by: &str, to: &str| Command::HandOver { clock: key(AUTHORITY), by: by.into(), to: to.into(), via: "test".into() };
    assert_eq!(case.submit(hand_over("Ada", "Ben")), Err(Refusal::NotOwner("Ada".into())));
    case.ack("Ada", None, hours(4)).expect("it is taken");
    assert!(matches!(case.submit(hand_over("Ada", "Nobody")), Err(Refusal::NoPerson { .. })));
    let events = case.submit(hand_over("Ada", "Ben")).expect("Ben can be reached");
    let Some(Event::HandedOver { alerts, until, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!(super::case::addresses(alerts), ["mail:ben", "pager:ben"], "every way to him");
    assert_eq!(*until, case.now + Duration::minutes(30));
    assert_eq!(case.incident.due_alerts(case.now).len(), 2, "and they go out at once");
    let mut unanswered =
        Case { house: case.house.clone(), told: Vec::new(), id: case.id.clone(), incident: case.incident.clone(), now: case.now };
    let events = unanswered.run_to(at(AWARE) + Duration::minutes(31));
    assert!(names(&events, AUTHORITY).iter().any(|name| name.starts_with("acknowledgement ended")), "nobody has it: {events:#?}");
    case.after(Duration::minutes(10)).ack("Ben", None, hours(2)).expect("it is taken");
    assert_eq!(case.clock(AUTHORITY).owner().map(|lease| lease.by.as_str()), Some("Ben"), "the giver's has ended");
    assert!(names(&case.run_to(at(AWARE) + hours(2)), AUTHORITY).is_empty(), "and nobody was rung meanwhile");
}

#[test]
fn a_silence_needs_a_reason_ends_at_the_last_call_and_rings_what_was_passed_over() {
    let mut case = Case::new(PLAIN);
    let limit = case.limit();
    case.run_to(at(AWARE));
    assert_eq!(case.silence(" ", limit), Err(Refusal::Empty("reason")));
    assert!(matches!(case.silence("x", at(AWARE)), Err(Refusal::Past { .. })));
    let events = case.silence("exercise", limit + hours(10)).expect("it is taken");
    let Some(Event::Silenced { until, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!(*until, limit - hours(2), "never over the last part of the clock");
    let quiet = case.run_to(limit - hours(2) - Duration::milliseconds(1));
    assert!(names(&quiet, AUTHORITY).is_empty(), "{quiet:#?}");
    let after = case.run_to(limit - hours(2));
    assert!(after.iter().any(|event| matches!(event, Event::SilenceEnded { by: None, .. })), "its end is recorded");
    assert_eq!(names(&after, AUTHORITY), ["50% left"]);
    assert_eq!(case.silence("once more", limit), Err(Refusal::LastCall));
    case.run_to(limit + hours(1));
    assert_eq!(case.silence("too late", limit + hours(5)), Err(Refusal::LastCall), "an overdue clock is never silenced");
}

#[test]
fn whoever_is_freed_during_a_silence_is_told_when_it_ends() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.ack("Ada", None, hours(1)).expect("it is taken");
    case.silence("exercise", at(AWARE) + hours(3)).expect("it is taken");
    let events = case.run_to(at(AWARE) + hours(4));
    let rang = names(&events, AUTHORITY);
    assert_eq!(rang, ["silence ended 2026-11-17T11:00:00Z"], "once, when it may be heard");
}

#[test]
fn what_ends_a_clock_is_told_to_everybody_who_was_rung_but_to_whoever_said_it() {
    let mut case = Case::new(BOTH);
    case.run_to(at(AWARE) + hours(1));
    let rung: Vec<String> = case.incident.alerts.values().map(|alert| alert.queued.to.clone()).collect();
    assert!(["soc@example.org", "bea@example.org", "privacy@example.org"].iter().all(|to| rung.contains(&(*to).to_owned())));
    let from = Address { channel: "mail".into(), to: "soc@example.org".into() };
    let (ground, cite) = ("the stick was blank".to_owned(), "GDPR Art. 4(12)".to_owned());
    let command = Box::new(Command::Determine { clock: key(AUTHORITY), by: "Bob".into(), ground, cite });
    let events = case.submit(Command::SaidAt { from, command }).expect("it is taken");
    let told = events.iter().find_map(|event| match event {
        Event::Tracked { clock, alerts } if *clock == key(AUTHORITY) => Some(super::case::addresses(alerts)),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some(&["mail:bea".to_owned(), "mail:privacy".to_owned()][..]));
}

#[test]
fn a_silence_may_be_ended_by_hand() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    let end = || Command::EndSilence { clock: key(AUTHORITY), by: "Ada".into() };
    assert_eq!(case.submit(end()), Err(Refusal::NotSilenced));
    case.silence("exercise", at(AWARE) + hours(60)).expect("it is taken");
    case.run_to(at(AWARE) + hours(40));
    let events = case.submit(end()).expect("it ends");
    assert!(matches!(&events[..], [Event::SilenceEnded { by: Some(by), .. }] if by == "Ada"), "{events:?}");
    let rung = case.run_to(at(AWARE) + hours(40));
    assert_eq!(names(&rung, AUTHORITY), ["50% left"], "what fell due meanwhile rings at once");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever is acknowledged or silenced and wherever the limit moves: in the last call the clock rings.
    #[test]
    fn neither_lease_nor_silence_covers_the_last_call(
        acts in proptest::collection::vec((0..3_u8, 0..80_i64, 0..100_i64), 1..8),
        moved_by in 0..40_i64,
    ) {
        let mut case = Case::new(PLAIN);
        case.run_to(at(AWARE));
        for (kind, step, length) in acts {
            let until = (case.now + hours(step)).min(case.limit() - hours(3));
            case.run_to(until);
            // Refused or taken: both are right, as long as what follows holds.
            let _ = match kind {
                0 => case.ack("Ada", None, hours(length)),
                _ => case.silence("exercise", case.now + hours(length)),
            };
        }
        // Somebody finds out that the clinic knew earlier: the limit moves towards what was granted.
        let moved = case.answer(&[("aware.at", watchbell::domain::instant::rfc3339(at(AWARE) - hours(moved_by)).into())]);
        let (limit, now) = (case.limit(), case.now);
        // A limit that comes nearer rings at once.
        let mut rung = names(&moved, AUTHORITY);
        rung.extend(names(&case.run_to(now.max(limit - hours(2))), AUTHORITY));
        let clock = case.clock(AUTHORITY);
        if clock.standing.is_open() && case.now < limit {
            prop_assert!(clock.live_leases().all(|(_, lease)| lease.holds_until(clock, &case.house) <= case.now));
            prop_assert!(clock.silence.is_none());
        }
        rung.extend(names(&case.run_to(now.max(limit) + Duration::minutes(1)), AUTHORITY));
        prop_assert!(!rung.is_empty() || now > limit, "nothing rang up to the limit");
        prop_assert!(next_wake(&case.incident, &case.house, case.now).is_none_or(|wake| wake.at > case.now));
    }
}
