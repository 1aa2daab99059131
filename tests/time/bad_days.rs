//! Days worth a name.

use super::house::{House, Mail, at, fallen, minutes, rules, says, skipped, triage};
use super::ladders::Rung;
use super::odd_store::OddStore;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use watchbell::domain::facts::Value;
use watchbell::domain::ids::ChannelId;
use watchbell::domain::incident::{Address, AlertState, Command, Event, Standing};
use watchbell::domain::instant::Duration;
use watchbell::domain::journal::seal;
use watchbell::shell::config::Rules;
use watchbell::shell::delivery::Channel;
use watchbell::shell::store::{Append, MemoryStore, Store, Wake};

#[tokio::test]
async fn a_clock_ended_by_a_mistaken_no_runs_again_after_the_yes_and_says_so() {
    let now = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    let id = house.open("mistake", now).await;
    let answer = async |value: bool, minute: i64| {
        let now = now + minutes(minute);
        let claims = ["breach.suspected", "incident.cyber"].map(|key| says(key, Value::YesNo(value), now)).into();
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

#[tokio::test]
async fn five_hours_of_downtime_ring_once_and_every_rung_that_was_missed_is_on_record() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start, Rung::PercentLeft(50), Rung::Expiry, Rung::EveryMinutesOverdue(55)]);
    let id = house.open("downtime", start).await;
    house.settle(start).await;
    let back = start + minutes(6 * 60);
    house.settle(back).await;
    let record = house.record(&id);
    assert_eq!(
        fallen(&record),
        [("start".to_owned(), start), ("every 55m overdue #5".to_owned(), back)],
        "the loudest rung of all that were missed"
    );
    assert_eq!(skipped(&record), ["50% left", "expiry", "every 55m overdue #1 to #4"]);
    let late = record.iter().find_map(|(at, event)| match event {
        Event::RungFell { rung, due_at, .. } if rung.starts_with("every") => Some(*at - *due_at),
        _ => None,
    });
    assert_eq!(late, Some(minutes(25)), "the record says by how much it was late");
}

#[tokio::test]
async fn a_clock_set_back_does_not_make_a_failed_alert_wait_for_hours() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start, Rung::Expiry]);
    house.open("back", start).await;
    house.mail.set_down(true);
    // The clock is two hours ahead when the attempts fail, and is then put right.
    house.settle(start + minutes(120)).await;
    house.mail.set_down(false);
    assert_eq!(house.mail.taken(), []);
    house.settle(start).await;
    assert!(!house.mail.taken().is_empty(), "nothing was tried again once the clock was put right");
}

#[tokio::test]
async fn an_incident_that_cannot_be_woken_is_set_aside_and_stops_nobody() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::over(Arc::new(OddStore::new()), &[Rung::Start]);
    for (name, body) in [("inc-panics", "[]"), ("inc-rubbish", "no list of events")] {
        let sealed = seal(None, &name.into(), start, body.as_bytes());
        let wake = Some(Wake { at: start, why: "poison".into() });
        house.store.append(Append { wake, ..Append::of(sealed) }).await.expect("appended");
    }
    let sound = house.open("sound", start).await;
    let step = house.step(start).await;
    assert_eq!((step.woken, step.failed), (1, 2));
    assert_eq!(house.scheduler.set_aside(), ["inc-panics".into(), "inc-rubbish".into()]);
    assert!(step.next.is_some_and(|next| next > start), "a poison incident keeps the scheduler busy: {step:?}");
    assert_eq!(fallen(&house.record(&sound)).len(), 1, "the sound incident rang");
    assert!(house.scheduler.is_caught_up(), "what is set aside does not keep the daemon from being ready");
    assert_eq!(house.step(start + minutes(1)).await.failed, 2, "they are tried again after a minute");
    assert_eq!(house.step(start - minutes(180)).await.failed, 0, "before their wakes nothing is due");
    assert_eq!(house.step(start).await.failed, 2, "a clock that was set back does not leave them aside for hours");
}

#[tokio::test]
async fn a_new_ladder_rings_at_its_own_times_also_where_the_law_did_not_change() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start, Rung::Expiry]);
    let id = house.open("policy", start).await;
    let next = house.settle(start).await.next;
    house.desk.swap_rules(rules(&[Rung::Start, Rung::MinutesLeft(50), Rung::Expiry]));
    house.submit(&id, Command::Reassess, start + minutes(1)).await;
    assert!(next > Some(start + minutes(10)), "{next:?}");
    assert_eq!(house.settle(start + minutes(1)).await.next, Some(start + minutes(10)));
    let before = house.record(&id).len();
    house.submit(&id, Command::Reassess, start + minutes(2)).await;
    assert_eq!(house.record(&id).len(), before, "the same rules once more leave no trace");
}

#[tokio::test]
async fn what_the_mail_server_does_not_take_goes_over_the_fallback_and_over_mail_once_it_is_back() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    let pager = Arc::new(Mail::default());
    let channels: [(&str, Arc<dyn Channel>); 2] = [("mail", Arc::clone(&house.mail) as _), ("pager", Arc::clone(&pager) as _)];
    house.courier.swap_channels(channels.map(|(id, channel)| (ChannelId::from(id), channel)).into());
    let rules = house.desk.rules();
    let mut policy = rules.house.clone();
    policy.fallbacks.insert("mail".into(), Address { channel: "pager".into(), to: "on-call".into() });
    let (rulebook, organisations) = (rules.rulebook.clone(), rules.organisations.clone());
    house.desk.swap_rules(Arc::new(Rules { rulebook, house: policy, organisations }));
    house.mail.set_down(true);
    let id = house.open("fallback", start).await;
    let mut now = start;
    while pager.taken().is_empty() {
        assert!(now < start + minutes(10), "nobody was reached in ten minutes");
        house.step(now).await;
        now += Duration::seconds(10);
    }
    assert!(house.mail.taken().is_empty());
    let fell_back = |record: Vec<(_, Event)>| record.iter().filter(|(_, event)| matches!(event, Event::FellBack { .. })).count();
    assert_eq!(fell_back(house.record(&id)), 1);
    house.mail.set_down(false);
    house.step(now + minutes(120)).await;
    assert_eq!((house.mail.taken().len(), pager.taken().len()), (1, 1), "the first was tried all along");
    assert_eq!(fell_back(house.record(&id)), 1, "once");
}

#[tokio::test]
async fn attempts_that_waited_too_long_for_their_turn_are_not_made_twice() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    for n in 0..70 {
        house.open(&format!("{n}"), start).await;
    }
    let gate = house.mail.gate.write().await;
    house.scheduler.step(start).await.expect("the store in memory answers");
    // The mail server says nothing for so long that every attempt is taken for lost and begun again.
    house.scheduler.step(start + minutes(4)).await.expect("the store in memory answers");
    drop(gate);
    house.courier.drain().await;
    let taken = house.mail.taken();
    let alerts: BTreeSet<&String> = taken.iter().map(|(alert, _)| alert).collect();
    assert_eq!((alerts.len(), taken.len()), (70, 70), "alerts, and letters taken");
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_made_again_at_the_next_start() {
    let start = at("2026-11-20T08:00:00Z");
    let store = Arc::new(MemoryStore::new());
    let before = House::over(Arc::clone(&store) as Arc<dyn Store>, &[Rung::Start]);
    let id = before.open("cut", start).await;
    let _gate = before.mail.gate.write().await;
    before.scheduler.step(start).await.expect("the store in memory answers");
    let next = House::over(store, &[Rung::Start]);
    let now = start + Duration::seconds(2);
    next.settle(now).await;
    assert_eq!(next.mail.taken().len(), 0, "for all it knows the attempt is under way");
    assert_eq!(next.courier.take_up(now).await.expect("it is on record"), 1);
    next.settle(now).await;
    assert_eq!(next.mail.taken().len(), 1, "not three minutes later");
    let incident = next.incident(&id).await;
    let alert = incident.alerts.values().next().expect("an alert");
    assert!(matches!(alert.state, AlertState::Delivered { .. }) && alert.attempts == 2, "{alert:?}");
    assert_eq!(alert.failures, None, "a crash is no fault of the channel's, and makes no wait longer");
    assert_eq!(next.courier.take_up(now).await.expect("nothing is left"), 0);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_stale_view_behind() {
    let start = at("2026-11-20T08:00:00Z");
    let store = Arc::new(OddStore::new());
    let house = House::over(Arc::clone(&store) as Arc<dyn Store>, &[Rung::Start]);
    let id = house.open("gone", start).await;
    let seen = house.incident(&id).await.received.clone();
    store.gate.forget_permits(Semaphore::MAX_PERMITS);
    let ack = Command::Acknowledge { clock: triage(), by: "Ada".into(), team: None, lease: None, via: "test".into() };
    let submit = house.desk.submit(&id, ack, start);
    assert!(tokio::time::timeout(std::time::Duration::ZERO, submit).await.is_err(), "the append hangs, the caller leaves");
    assert_eq!(house.incident(&id).await.received, seen);
    store.gate.add_permits(10);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let acknowledged = house.incident(&id).await.clocks[&triage()].owner().cloned();
    assert_eq!(acknowledged.map(|lease| lease.by), Some("Ada".to_owned()), "it is on record, so it is to be seen");
}

#[tokio::test]
async fn nobody_says_that_something_happened_in_the_future_and_an_extension_may_lie_there() {
    let now = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    let id = house.open("future", now).await;
    let answer = |key: &str, ahead: i64| {
        let claims = vec![says(key, Value::Instant(now + minutes(ahead)), now)];
        house.desk.submit(&id, Command::Answer { claims }, now)
    };
    for key in ["noticed.at", "aware.at", "hipaa.discovered-at", "processor.told-us-at", "event.ended-at"] {
        let refused = answer(key, 6).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(key) && refused.contains("lies in the future"), "{key}: {refused}");
        assert!(answer(key, 4).await.is_ok(), "{key}: clocks differ by minutes");
    }
    for key in ["dpdp.extension.until", "hipaa.contract-due-at"] {
        assert!(answer(key, 60 * 24 * 30).await.is_ok(), "{key}");
    }
}
