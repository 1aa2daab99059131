//! Random ladders, instants, leases and mail servers, from one seed.
//!
//! First anything may happen, and nothing wrong may be seen; then the mail server works and the clock
//! runs forward, and everything owed must have been done.

use super::house::{House, at, fallen, skipped, triage};
use super::ladders::{Rung, names_of};
use std::collections::{BTreeMap, BTreeSet};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{AlertState, Command, Event};
use watchbell::domain::instant::{Duration, Instant};
use watchbell::sim::dice::Dice;

fn random_ladder(dice: &mut Dice) -> Vec<Rung> {
    let small = |dice: &mut Dice, bound: u32| u8::try_from(1 + dice.below(bound)).expect("a small number");
    let mut rungs: BTreeSet<Rung> = BTreeSet::new();
    for _ in 0..=dice.below(7) {
        rungs.insert(match dice.below(5) {
            0 => Rung::Start,
            1 => Rung::PercentLeft(small(dice, 99)),
            2 => Rung::MinutesLeft(small(dice, 59)),
            3 => Rung::Expiry,
            _ => Rung::EveryMinutesOverdue(small(dice, 40)),
        });
    }
    rungs.into_iter().collect()
}

/// A while: mostly minutes, at times seconds, at times half a day.
fn random_while(dice: &mut Dice) -> Duration {
    match dice.below(10) {
        0..=2 => Duration::seconds(dice.below(60).into()),
        3..=8 => Duration::seconds(dice.below(1200).into()),
        _ => Duration::minutes(dice.below(720).into()),
    }
}

#[tokio::test]
async fn no_rung_falls_early_twice_or_never_and_no_instant_is_busy() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121);
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    println!("SEED={seed} ROUNDS={rounds}");
    for round in 0..rounds {
        one_life(&mut Dice::of(seed + round), seed + round).await;
    }
}

async fn one_life(dice: &mut Dice, seed: u64) {
    let start = at("2026-11-20T08:00:00Z");
    let ladder = random_ladder(dice);
    let house = House::new(&ladder);
    let id = house.open("random", start).await;
    let (mut now, mut latest) = (start, start);
    for _ in 0..30 {
        match dice.below(8) {
            // The clock is set back.
            0 => now = (now - random_while(dice)).max(start),
            1 => house.mail.set_down(dice.one_in(2)),
            2 => {
                let lease = Some(random_while(dice));
                let ack = Command::Acknowledge { clock: triage(), by: "Ada".into(), team: None, lease, via: "test".into() };
                // Too close to the limit it is refused.
                let _ = house.desk.submit(&id, ack, now).await;
            }
            _ => now += random_while(dice),
        }
        latest = latest.max(now);
        house.settle(now).await;
        check(&house, &id, &ladder, start, seed);
    }
    // From here on the world behaves: leases end, retries come due, mail is taken.
    house.mail.set_down(false);
    now = latest;
    for _ in 0..6 {
        now += Duration::hours(13);
        house.settle(now).await;
    }
    check(&house, &id, &ladder, start, seed);
    let record = house.record(&id);
    let told: BTreeSet<String> =
        fallen(&record).into_iter().map(|(rung, _)| rung).chain(skipped(&record)).flat_map(|line| names_of(&line)).collect();
    for (name, due_at) in ladder.iter().flat_map(|rung| rung.occurrences(start, now)) {
        assert!(told.contains(&name), "SEED={seed}: `{name}`, due at {due_at}, is in no record by {now}; ladder {ladder:?}");
    }
    for (alert, state) in &house.incident(&id).await.alerts {
        assert!(
            matches!(state.state, AlertState::Delivered { .. }),
            "SEED={seed}: {alert} of `{}` is {:?} when everything works again",
            state.about[0].rung,
            state.state
        );
    }
    let mailed: BTreeSet<String> = house.mail.taken().into_iter().map(|(_, rung)| rung).collect();
    for (rung, _) in fallen(&record) {
        assert!(mailed.contains(&rung), "SEED={seed}: `{rung}` fell and no letter of it was taken");
    }
}

/// What must hold at every moment.
fn check(house: &House, id: &IncidentId, ladder: &[Rung], start: Instant, seed: u64) {
    let horizon = start + Duration::days(60);
    let due: BTreeMap<String, Instant> = ladder.iter().flat_map(|rung| rung.occurrences(start, horizon)).collect();
    let record = house.record(id);
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut leased_until: Option<Instant> = None;
    for (at, event) in &record {
        let lines: Vec<(String, Instant)> = match event {
            Event::Acknowledged { until, .. } => {
                leased_until = Some(*until);
                continue;
            }
            Event::LeaseEnded { ended_at, .. } => {
                assert!(ended_at <= at, "SEED={seed}: a lease until {ended_at} was ended at {at}");
                leased_until = None;
                continue;
            }
            Event::Expired { due_at, .. } => {
                assert!(due_at < at, "SEED={seed}: a limit of {due_at} had passed at {at}");
                continue;
            }
            Event::RungFell { rung, due_at, .. } => {
                assert!(leased_until.is_none(), "SEED={seed}: `{rung}` rang at {at} although somebody owned the clock");
                vec![(rung.clone(), *due_at)]
            }
            Event::RungsSkipped { rungs, .. } => {
                assert!(rungs.iter().all(|skip| !skip.reason.is_empty()), "SEED={seed}: passed over without a reason");
                rungs.iter().map(|skip| (skip.rung.clone(), skip.due_at)).collect()
            }
            _ => continue,
        };
        for (line, due_at) in lines {
            assert!(due_at <= *at, "SEED={seed}: `{line}` is due at {due_at} and was recorded at {at}: early");
            if line.starts_with("acknowledgement ended") {
                continue;
            }
            let names = names_of(&line);
            let expected = names.first().and_then(|name| due.get(name));
            assert_eq!(expected, Some(&due_at), "SEED={seed}: the instant of `{line}`");
            for name in names {
                assert!(told.insert(name.clone()), "SEED={seed}: `{name}` is on record twice");
            }
        }
    }
}
