//! The ladder of a clock before it happens, and after.

use super::case::{AUTHORITY, AWARE, Case, RULES, at, hours, key};
use watchbell::domain::incident::{LadderView, Moment, preview};
use watchbell::domain::instant::{Duration, rfc3339};

const POLICY: &str = r#"
    [[ladder]]
    name = "statutory"
    target = "48h"
    acknowledge = ["soc", "board"]
    rung = [
      { when = "start", to = ["soc"], unless_acknowledged = "15m", then = ["board"] },
      { when = "at target", to = ["soc", "night"] },
      { when = "96h left", to = ["soc"] },
      { when = "expiry", to = ["board"] },
      { when = "every 1h overdue", to = ["board"] },
    ]
    [[rota]]
    name = "night"
    zone = "Europe/Berlin"
    [[rota.layer]]
    people = ["Ada", "Ben"]
    from = "2026-11-16"
    turn = "1d"
"#;

fn view(case: &Case) -> LadderView {
    let moment = Moment { now: case.now, rulebook: &RULES, house: &case.house };
    let view = preview(&case.incident, &key(AUTHORITY), &moment).expect("the clock is there");
    let json = serde_json::to_string(&view).expect("it is written");
    assert_eq!(serde_json::from_str::<LadderView>(&json).expect("it is read"), view);
    assert!(!json.contains("soc@"), "addresses are masked");
    view
}

fn lines(view: &LadderView) -> Vec<String> {
    let line = |rung: &watchbell::domain::incident::RungView| {
        let people: Vec<String> = rung
            .reaches
            .iter()
            .map(|reach| {
                format!("{}{}", reach.team, reach.person.as_ref().map(|person| format!("/{person}")).unwrap_or_default())
            })
            .collect();
        format!("{} {} {} {}", rfc3339(rung.at), rung.name, rung.state, people.join(","))
    };
    view.rungs.iter().map(line).collect()
}

#[test]
fn every_rung_is_shown_before_it_happens_and_whom_it_reaches() {
    let case = Case::new(POLICY);
    let view = view(&case);
    assert_eq!(
        lines(&view),
        [
            "2026-11-17T08:00:00Z start due soc",
            "2026-11-17T08:15:00Z start +15m ahead board/Bea",
            "2026-11-19T08:00:00Z at target ahead soc,night/Ben,night/Ben",
            "2026-11-20T08:00:00Z expiry ahead board/Bea",
            "2026-11-20T09:00:00Z every 1h overdue #1 ahead board/Bea",
        ]
    );
    assert_eq!((view.left_out, view.target), (vec!["4d left".to_owned()], Some(at("2026-11-19T08:00:00Z"))));
    assert_eq!(view.rungs[1].unless, ["soc acknowledges first"]);
    assert_eq!(view.rungs[2].reaches[1].to, "be…@example.org");
    assert_eq!(view.rungs[2].local, "Thu 19 Nov 2026 09:00 Europe/Berlin");
    assert_eq!(view.rungs[4].every.as_deref(), Some("every 1h overdue"));
}

#[test]
fn what_was_shown_is_what_happens() {
    let mut case = Case::new(POLICY);
    let shown: Vec<(String, String)> = view(&case).rungs.into_iter().map(|rung| (rung.name, rfc3339(rung.at))).collect();
    let events = case.run_to(at(AWARE) + hours(73));
    let fell: Vec<(String, String)> = events
        .iter()
        .filter_map(|event| match event {
            watchbell::domain::incident::Event::RungFell { clock, rung, due_at, .. } if *clock == key(AUTHORITY) => {
                Some((rung.clone(), rfc3339(*due_at)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(fell, shown);
    let after = view(&case);
    let rang: Vec<_> = after.rungs.iter().filter(|rung| rung.state == "rang").collect();
    assert_eq!(rang.len(), shown.len());
    assert!(rang.iter().all(|rung| rung.recorded_at.is_some_and(|recorded| recorded >= rung.at)));
    assert_eq!(rang[0].reaches[0].state.as_deref(), Some("delivered"));
}

#[test]
fn what_keeps_a_rung_from_ringing_is_shown() {
    let mut case = Case::new(POLICY);
    case.wake();
    case.after(Duration::minutes(3)).ack("Bob", Some("soc"), hours(50)).expect("it is taken");
    let owned = view(&case);
    assert_eq!((owned.leases[0].by.as_str(), owned.leases[0].team.as_deref()), ("Bob", Some("soc")));
    let target = owned.rungs.iter().find(|rung| rung.name == "at target").expect("it is ahead");
    assert_eq!(target.unless, ["soc: Bob owns it until Thu 19 Nov 2026 11:03 Europe/Berlin"]);
    assert_eq!(target.waits_until, None, "the night rota has no lease, so that it rings");
    case.silence("exercise", at(AWARE) + hours(49)).expect("it is taken");
    let silent = view(&case);
    let target = silent.rungs.iter().find(|rung| rung.name == "at target").expect("it is ahead");
    assert_eq!(target.waits_until, Some(at(AWARE) + hours(49)));
    assert_eq!(silent.silenced.map(|(by, reason, _)| (by, reason)), Some(("Ada".into(), "exercise".into())));
    case.run_to(at(AWARE) + hours(1));
    let passed = view(&case);
    let follow_up = passed.rungs.iter().find(|rung| rung.name == "start +15m").expect("it has passed");
    assert_eq!((follow_up.state.as_str(), follow_up.why.as_deref()), ("passed-over", Some("acknowledged by Bob")));
    case.answer(&[("breach.personal-data", false.into())]);
    let closed = view(&case);
    assert_eq!(closed.quiet_because.as_deref(), Some("the clock is void"));
    assert!(closed.rungs.iter().all(|rung| rung.state != "ahead"), "nothing is to come");
}
