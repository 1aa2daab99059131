//! Days worth a name.

use super::house::{House, at, fallen, minutes, says};
use super::ladders::Rung;
use watchbell::domain::facts::Value;
use watchbell::domain::incident::{Command, Standing};

#[tokio::test]
async fn a_clock_ended_by_a_mistaken_no_runs_again_after_the_yes_and_says_so() {
    let now = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    let id = house.open("mistake", now).await;
    let answer = async |value: bool, minute: i64| {
        let now = now + minutes(minute);
        let claims = vec![says("breach.suspected", Value::YesNo(value), now)];
        house.submit(&id, Command::Answer { claims }, now).await;
        house.settle(now).await;
        house.incident(&id).await.open_clocks().into_iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let opened = answer(true, 1).await;
    assert!(!opened.is_empty(), "a yes starts clocks of law");
    assert_eq!(answer(false, 2).await, [], "a no of a named person ends them");
    let reopened = answer(true, 3).await;
    assert_eq!(reopened, opened, "the yes after the no starts them again");
    let rung = fallen(&house.record(&id)).pop().expect("rungs fell").0;
    assert!(rung.starts_with("runs again"), "the last to ring was `{rung}`");
    let mailed = house.mail.taken();
    assert!(mailed.iter().any(|(_, rung)| rung.starts_with("runs again")), "{mailed:?}");
    let incident = house.incident(&id).await;
    assert!(incident.clocks.values().filter(|clock| clock.standing.is_open()).all(|clock| clock.standing != Standing::Void));
}
