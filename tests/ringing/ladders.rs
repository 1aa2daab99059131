//! Rungs: when they fall, and that they never fall early.

use super::case::{AUTHORITY, AWARE, Case, at, hours, house, key, names, passed_over, rang};
use proptest::prelude::*;
use watchbell::domain::escalation::{Fate, Handled, Ladder, Span, follow_up_of};
use watchbell::domain::incident::{Command, Evidence};
use watchbell::domain::instant::{Duration, rfc3339};

const TARGETS: &str = r#"
    [[ladder]]
    name = "all"
    target = "48h"
    rung = [
      { when = "start", to = ["soc"] },
      { when = "6h before target", to = ["privacy"] },
      { when = "at target", to = ["soc", "privacy"] },
      { when = "every 8h past target", to = ["privacy"] },
      { when = "4h left", to = ["soc"] },
      { when = "expiry", to = ["soc"] },
      { when = "every 1h overdue", to = ["soc"] },
    ]
"#;

#[test]
fn the_houses_target_has_rungs_of_its_own_which_end_at_the_limit() {
    let mut case = Case::new(TARGETS);
    let limit = case.limit();
    let events = case.run_to(limit + hours(2));
    assert_eq!(
        names(&events, AUTHORITY),
        [
            "start",
            "6h before target",
            "at target",
            "every 8h past target #1",
            "every 8h past target #2",
            "4h left",
            "expiry",
            "every 1h overdue #1",
            "every 1h overdue #2"
        ],
        "72 h is a repeat of the target too, and there the limit rings"
    );
}

#[test]
fn a_target_that_does_not_fit_a_clock_is_none_of_it() {
    for (target, expected) in [
        ("48h", Some("2026-11-19T08:00:00Z")),
        ("24h before", Some("2026-11-19T08:00:00Z")),
        ("72h", None),
        ("80h", None),
        ("4d before", None),
    ] {
        let mut case = Case::new(&TARGETS.replace("48h", target));
        let events = case.run_to(at(AWARE) + hours(71));
        let fell = events.iter().find_map(|event| match event {
            watchbell::domain::incident::Event::RungFell { clock, rung, due_at, .. }
                if clock.duty.as_str() == AUTHORITY && rung == "at target" =>
            {
                Some(rfc3339(*due_at))
            }
            _ => None,
        });
        assert_eq!(fell.as_deref(), expected, "{target}");
    }
}

#[test]
fn severity_duty_and_pack_choose_the_ladder() {
    let ladders = r#"
        [[ladder]]
        name = "all"
        rung = [{ when = "start", to = ["soc"] }]
        [[ladder]]
        name = "grave"
        extends = "all"
        severity = ["critical"]
        rung = [{ when = "start", to = ["board"] }]
        [[ladder]]
        name = "register"
        for = ["eu.gdpr.art33.register"]
        rung = [{ when = "start", to = ["privacy"] }]
    "#;
    for (severity, expected) in [("high", "mail:soc"), ("critical", "mail:bea")] {
        let mut case = Case::severe(house(ladders), severity);
        let events = case.wake();
        assert_eq!(rang(&events, AUTHORITY), [("start".to_owned(), vec![expected.to_owned()])], "{severity}");
        assert_eq!(rang(&events, "eu.gdpr.art33.register")[0].1, ["mail:privacy"], "{severity}");
    }
}

const FOLLOWED: &str = r#"
    [[ladder]]
    name = "all"
    rung = [
      { when = "start", to = ["soc"], unless_acknowledged = "15m", then = ["board"] },
      { when = "expiry", to = ["soc"] },
      { when = "every 1h overdue", to = ["soc"], unless_acknowledged = "10m", then = ["board"] },
    ]
"#;

#[test]
fn a_follow_up_rings_the_next_person_counted_from_when_the_rung_really_fell() {
    let mut case = Case::new(FOLLOWED);
    // The daemon was down for an hour: the wait is counted from the ringing, not from what was planned.
    case.after(hours(1));
    assert_eq!(rang(&case.wake(), AUTHORITY), [("start".to_owned(), vec!["mail:soc".to_owned()])]);
    let early = case.run_to(at(AWARE) + hours(1) + Duration::minutes(15) - Duration::milliseconds(1));
    assert!(names(&early, AUTHORITY).is_empty(), "{early:?}");
    let events = case.run_to(at(AWARE) + hours(1) + Duration::minutes(15));
    assert_eq!(rang(&events, AUTHORITY), [("start +15m".to_owned(), vec!["mail:bea".to_owned()])]);
    assert!(names(&case.run_to(at(AWARE) + hours(70)), AUTHORITY).is_empty(), "once");
    let limit = case.limit();
    let overdue = case.run_to(limit + Duration::minutes(130));
    assert_eq!(
        names(&overdue, AUTHORITY),
        ["expiry", "every 1h overdue #1", "every 1h overdue #1 +10m", "every 1h overdue #2", "every 1h overdue #2 +10m"]
    );
}

#[test]
fn an_acknowledgement_in_time_keeps_the_follow_up_from_ringing_and_the_record_says_whose() {
    let mut case = Case::new(FOLLOWED);
    case.wake();
    case.after(Duration::minutes(14)).ack("Ada", None, Duration::minutes(30)).expect("it is taken");
    let events = case.run_to(at(AWARE) + hours(2));
    assert_eq!(passed_over(&events, AUTHORITY), [("start +15m".to_owned(), "acknowledged by Ada".to_owned())]);
    let names = names(&events, AUTHORITY);
    assert!(names.len() == 1 && names[0].starts_with("acknowledgement ended"), "only the end of the lease: {names:?}");
}

#[test]
fn a_follow_up_that_falls_together_with_a_rung_reaches_its_people_all_the_same() {
    let both = r#"
        [[ladder]]
        name = "all"
        rung = [
          { when = "start", to = ["soc"], unless_acknowledged = "36h", then = ["board"] },
          { when = "50% left", to = ["privacy"] },
        ]
    "#;
    let mut case = Case::new(both);
    case.wake();
    let events = case.run_to(at(AWARE) + hours(36));
    assert_eq!(rang(&events, AUTHORITY), [("50% left".to_owned(), vec!["mail:privacy".to_owned(), "mail:bea".to_owned()])]);
    assert_eq!(passed_over(&events, AUTHORITY)[0].0, "start +36h");
}

#[test]
fn a_follow_up_is_not_rung_again_when_the_facts_change_without_moving_the_clock() {
    let mut case = Case::new(FOLLOWED);
    case.run_to(at(AWARE) + hours(3));
    case.answer(&[("people.total", 40.into())]);
    assert!(names(&case.run_to(at(AWARE) + hours(60)), AUTHORITY).is_empty());
    let evidence =
        Evidence { by: "Ada".into(), what: "filed".into(), filed_at: case.now, reference: None, told: None, known_then: None };
    case.submit(Command::Meet { clock: key(AUTHORITY), evidence }).expect("it is met");
    assert!(names(&case.run_to(at(AWARE) + hours(100)), AUTHORITY).is_empty(), "a closed clock is silent");
}

fn any_rung() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("start".to_owned()),
        Just("expiry".to_owned()),
        Just("at target".to_owned()),
        (1..99_u8).prop_map(|percent| format!("{percent}% left")),
        (1..90_u8).prop_map(|hours| format!("{hours}h left")),
        (1..60_u8).prop_map(|hours| format!("{hours}h before target")),
        (1..60_u8).prop_map(|minutes| format!("every {minutes}m past target")),
        (1..60_u8).prop_map(|minutes| format!("every {minutes}m overdue")),
    ]
}

fn any_ladder() -> impl Strategy<Value = Ladder> {
    let target = prop_oneof![(1..100_u8).prop_map(|h| format!("{h}h")), (1..100_u8).prop_map(|h| format!("{h}h before"))];
    let rungs = proptest::collection::btree_map(any_rung(), proptest::option::of(1..90_u8), 1..8);
    (target, rungs).prop_map(|(target, rungs)| {
        let rung = |(when, wait): (&String, &Option<u8>)| match wait {
            Some(wait) => {
                format!("{{ when = \"{when}\", to = [\"soc\"], unless_acknowledged = \"{wait}m\", then = [\"board\"] }}")
            }
            None => format!("{{ when = \"{when}\", to = [\"soc\"] }}"),
        };
        let rungs: Vec<String> = rungs.iter().map(rung).collect();
        toml::from_str(&format!("name = \"any\"\ntarget = \"{target}\"\nrung = [{}]", rungs.join(", "))).expect("a ladder")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Stepped through any instants, every rung is told once, at or after its instant, and the plan is sorted.
    #[test]
    fn a_plan_is_sorted_never_early_and_tells_each_rung_once(ladder in any_ladder(), steps in proptest::collection::vec(1..2_000_i64, 1..40), length in 1..100_i64) {
        let from = at(AWARE);
        let span = Span { set_at: from, from, until: Some(from + hours(length)) };
        let mut handled = Handled::new();
        let mut now = from;
        for step in steps {
            now += Duration::minutes(step);
            let plan = ladder.plan(span, &handled, now);
            prop_assert!(plan.is_sorted_by_key(|rung| rung.at));
            for rung in plan.iter().filter(|rung| rung.at <= now) {
                prop_assert!(!handled.contains_key(&rung.name), "{} twice", rung.name);
                let main = follow_up_of(&rung.name).is_none();
                prop_assert!(rung.at >= from || !main || rung.name.ends_with("% left"), "{} before the start", rung.name);
                if rung.name.contains("past target") && main {
                    prop_assert!(rung.at < from + hours(length), "{} at or past the limit", rung.name);
                }
                if let Some(unless) = &rung.unless {
                    prop_assert!(rung.at > unless.rang_at);
                }
            }
            let due: Vec<_> = plan.into_iter().filter(|rung| rung.at <= now).collect();
            let loudest = due.len().saturating_sub(1);
            for (nth, rung) in due.into_iter().enumerate() {
                let passed_over = (nth < loudest).then(|| "coalesced".to_owned());
                handled.insert(rung.name, Fate { due_at: rung.at, at: now, passed_over });
            }
            prop_assert!(ladder.plan(span, &handled, now).iter().all(|rung| rung.at > now), "everything due is handled");
        }
    }
}
