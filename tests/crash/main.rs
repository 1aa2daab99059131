//! The real daemon, killed without warning at random moments under load, again and again.
//!
//! After every restart whatever was acknowledged is there, and the journal verifies offline. At the end
//! the killing stops, and everything must converge: every rung that ever fell is delivered, under one id.
//!
//! `SEED` repeats a run as far as a kill can be repeated, `ROUNDS` and `SECONDS` bound it.

mod clients;
mod ending;
mod sending;
#[path = "../support/mod.rs"]
mod support;

use clients::Acknowledged;
use support::{ConfigText, Daemon};
use watchbell::shell::store::embedded;
use watchbell::shell::wall_clock;
use watchbell::sim::dice::Dice;

const CLIENTS: usize = 4;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Small segments, and a ladder that rings seconds after the start, so that rungs fall in every round.
fn restless(config: &mut ConfigText) {
    config.replace("segment_mib = 64", "segment_mib = 4");
    let rungs: String = [3599, 3597, 3594, 3590, 3580, 3560]
        .map(|left_s| format!("  {{ when = \"{left_s}s left\", to = [\"soc\", \"privacy\"] }},\n"))
        .concat();
    let start = "  { when = \"start\", to = [\"soc\"] },\n";
    config.replace(start, &format!("{start}{rungs}"));
}

#[test]
fn nothing_acknowledged_and_no_rung_is_lost_however_often_the_daemon_is_killed() {
    let (seed, rounds, budget_s) = (setting("SEED", 20_261_121), setting("ROUNDS", 200), setting("SECONDS", 300));
    println!("SEED={seed} ROUNDS={rounds} SECONDS={budget_s}");
    let dice = &mut Dice::of(seed);
    let stopwatch = wall_clock::stopwatch();
    let mut daemon = Daemon::start(restless);
    let mut acknowledged = Acknowledged::default();
    let mut done = 0;
    while done < rounds && stopwatch.elapsed().as_secs() < budget_s {
        let events = dice.below(30);
        let news = clients::load(&daemon, done, events.into(), dice, || daemon_kill(&daemon));
        daemon.kill();
        acknowledged.add(news);
        let verified = embedded::verify(&daemon.store()).expect("the journal can be read");
        assert_eq!(verified.fault, None, "SEED={seed} round {done}: the journal is damaged");
        if done % 20 == 10 {
            ending::index_says_what_the_journal_says(&daemon);
        }
        daemon.restart();
        acknowledged.check_last_round(&daemon, seed);
        done += 1;
    }
    println!("{done} kills, {} events acknowledged", acknowledged.len());
    assert!(done >= rounds.min(10), "only {done} rounds in {budget_s} s: the machine is too slow to say anything");
    daemon.kill();
    ending::everything_converges(&daemon, &acknowledged, seed);
}

/// Sends the kill while requests are under way; the process is reaped by the caller.
fn daemon_kill(daemon: &Daemon) {
    daemon.signal("KILL");
}
