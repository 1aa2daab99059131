//! A limit that moves: nearer, everybody who was told another is told at once, and nobody owns the clock any more.

use super::case::{AUTHORITY, AWARE, Case, at, hours, names, passed_over, rang};
use watchbell::domain::board::ClockLine;
use watchbell::domain::incident::Event;
use watchbell::domain::instant::{Duration, Instant, rfc3339};

const PLAIN: &str = r#"
    [[ladder]]
    name = "all"
    rung = [
      { when = "start", to = ["soc"] },
      { when = "50% left", to = ["privacy"] },
      { when = "25% left", to = ["soc"] },
      { when = "expiry", to = ["soc"] },
    ]
"#;

/// The clinic turns out to have been aware at another instant.
fn aware(case: &mut Case, at: Instant) -> Vec<Event> {
    case.answer(&[("aware.at", rfc3339(at).into())])
}

fn ended_leases(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::LeaseEnded { clock, .. } if clock.duty.as_str() == AUTHORITY)).count()
}

#[test]
fn a_limit_that_comes_nearer_rings_at_once_and_ends_the_acknowledgement_it_was_taken_under() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.ack("Ada", None, hours(40)).expect("it is taken");
    case.after(hours(10));
    let events = aware(&mut case, at(AWARE) - hours(20));
    assert_eq!(ended_leases(&events), 1, "{events:#?}");
    let rung = rang(&events, AUTHORITY);
    assert_eq!(rung.len(), 1, "{events:#?}");
    assert!(rung[0].0.starts_with("moved earlier"), "{rung:?}");
    assert_eq!(rung[0].1, ["mail:soc"], "everybody it had called");
    assert!(case.clock(AUTHORITY).owner().is_none(), "nobody owns it under the new limit");
    let told = case.clock(AUTHORITY).told.expect("they were told");
    assert_eq!((told.until, told.before), (Some(case.limit()), Some(at(AWARE) + hours(72))));
}

#[test]
fn a_rung_that_falls_due_by_the_move_is_the_one_that_rings_and_reaches_whoever_was_told_before() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.after(hours(10));
    let events = aware(&mut case, at(AWARE) - hours(50));
    assert_eq!(rang(&events, AUTHORITY), [("25% left".to_owned(), vec!["mail:soc".to_owned(), "mail:privacy".to_owned()])]);
    assert_eq!(passed_over(&events, AUTHORITY)[0].0, "50% left");
    assert!(names(&case.wake(), AUTHORITY).is_empty(), "and it does not ring twice");
}

#[test]
fn a_limit_that_has_passed_by_the_move_rings_as_overdue() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.ack("Ada", None, hours(40)).expect("it is taken");
    case.after(hours(1));
    let events = aware(&mut case, at(AWARE) - hours(100));
    assert_eq!(names(&events, AUTHORITY), ["expiry"]);
    assert_eq!(ended_leases(&events), 1);
}

#[test]
fn small_moves_are_gathered_until_together_they_are_a_twentieth_of_the_time_left() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.ack("Ada", None, hours(40)).expect("it is taken");
    // 60 hours are left: three of them are a twentieth.
    for (nth, minutes) in (0..).zip([60, 120, 175]) {
        case.after(hours(12) + Duration::seconds(nth));
        let events = aware(&mut case, at(AWARE) - Duration::minutes(minutes));
        assert_eq!(case.limit(), at(AWARE) + hours(72) - Duration::minutes(minutes), "it moves");
        assert!(rang(&events, AUTHORITY).is_empty(), "{minutes} min: {events:#?}");
        assert_eq!(ended_leases(&events), 0);
    }
    assert!(case.clock(AUTHORITY).owner().is_some());
    case.after(hours(12) + Duration::seconds(9));
    let events = aware(&mut case, at(AWARE) - Duration::minutes(180));
    assert_eq!((rang(&events, AUTHORITY).len(), ended_leases(&events)), (1, 1), "{events:#?}");
}

#[test]
fn a_small_move_is_said_with_the_next_rung() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.after(hours(12));
    aware(&mut case, at(AWARE) - Duration::minutes(60));
    let half = case.run_to(at(AWARE) + hours(40));
    assert_eq!(names(&half, AUTHORITY), ["50% left"]);
    assert_eq!(case.clock(AUTHORITY).told.and_then(|told| told.before), Some(at(AWARE) + hours(72)));
}

#[test]
fn a_limit_that_moves_later_rings_nobody_and_ends_nothing() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.after(hours(30)).ack("Ada", None, hours(20)).expect("it is taken");
    let events = aware(&mut case, at(AWARE) + hours(20));
    assert!(rang(&events, AUTHORITY).is_empty());
    assert_eq!(ended_leases(&events), 0);
}

#[test]
fn nobody_is_called_of_a_move_before_anybody_was_told_of_the_clock() {
    let mut case = Case::new(PLAIN);
    let events = aware(&mut case, at(AWARE) - hours(30));
    assert!(rang(&events, AUTHORITY).is_empty(), "the first rung says it all: {events:#?}");
    assert!(!names(&case.wake(), AUTHORITY).is_empty());
}

#[test]
fn the_board_shows_no_acknowledgement_beyond_the_limit() {
    let mut case = Case::new(PLAIN);
    case.run_to(at(AWARE));
    case.ack("Ada", None, hours(200)).expect("it is taken, until the last call");
    case.after(hours(12));
    aware(&mut case, at(AWARE) - Duration::minutes(170));
    let key = super::case::key(AUTHORITY);
    let line = ClockLine::of(&case.incident, &key, case.clock(AUTHORITY));
    let (_, until) = line.acknowledged.expect("Ada has it still");
    assert!(until <= case.limit(), "{until} is beyond {}", case.limit());
}
