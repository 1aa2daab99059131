//! The intake: durable `POST` beside the same server without storage, in turn.

use crate::Plan;
use crate::alert::{Alerts, Proof};
use crate::load::{self, CONNECTIONS, Crowd, Outcome};
use crate::process::Server;
use crate::report::{Report, grouped, median, spread};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use watchbell::shell::wall_clock;

struct Round {
    outcome: Outcome,
    /// Processor time of the server for each request, in microseconds, until the last was answered.
    at_once_us: f64,
    /// The same for what it put off: the index.
    later_us: f64,
}

/// Measures the intake.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (rounds, length_s, long_s) = if plan.quick { (3, 1, 5) } else { (7, 3, 30) };
    let length = Duration::from_secs(length_s);
    let folder = folder.join("post");
    std::fs::create_dir(&folder).expect("a folder of our own");
    let bare = Server::bare();
    let daemon = Server::daemon(&folder);
    let alerts = Arc::new(Alerts::of(wall_clock::now()));
    let next = Arc::new(AtomicU64::new(1));
    let run = |server: &Server, proof, length| {
        let before = server.cpu_ticks();
        let outcome = load::post(server.address, &alerts, &next, Crowd::usual(proof), length);
        let answered = server.cpu_ticks();
        server.settle();
        let us_each = |ticks: u64| ticks as f64 * 10_000.0 / outcome.requests as f64;
        let (at_once_us, later_us) = (us_each(answered - before), us_each(server.cpu_ticks() - answered));
        Round { outcome, at_once_us, later_us }
    };
    // Caches fill, the first segment is made.
    for proof in [Proof::Bearer, Proof::Signature] {
        run(&bare, proof, Duration::from_secs(1));
        run(&daemon, proof, Duration::from_secs(1));
    }
    let (mut ceiling, mut durable, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        ceiling.push(run(&bare, Proof::Bearer, length));
        durable.push(run(&daemon, Proof::Bearer, length));
        signed.push(run(&daemon, Proof::Signature, length));
        let last = |rounds: &[Round]| grouped(rounds[rounds.len() - 1].outcome.per_second);
        eprintln!("round {round}: bare {}, durable {}, signed {}", last(&ceiling), last(&durable), last(&signed));
    }
    let long = run(&daemon, Proof::Bearer, Duration::from_secs(long_s));

    report.keep("durable", median(&rates(&durable)));
    let connections = format!("{CONNECTIONS} connections, 2 KiB alerts, each a new incident");
    report.row("durable `POST` ÷ the same server without storage", format!("**{:.2}**", ratio(&durable, &ceiling)), connections);
    let signing = "Standard Webhooks; the sender signs on the same cores".into();
    report.row("signed durable `POST` ÷ the same server without storage", format!("{:.2}", ratio(&signed, &ceiling)), signing);
    for (what, rounds) in [
        ("durable `POST`", &durable),
        ("signed durable `POST`", &signed),
        ("the same server, JSON parsed, nothing stored", &ceiling),
    ] {
        let rates = rates(rounds);
        let (at_once_us, later_us) = (middle(rounds, |round| round.at_once_us), middle(rounds, |round| round.later_us));
        let later = if later_us < 1.0 { String::new() } else { format!(", {later_us:.0} µs for the index later") };
        let how = format!("{}; {at_once_us:.0} µs of a processor each{later}", spread(&rates));
        report.row(what, format!("{}/s", grouped(median(&rates))), how);
    }
    let latency_ms = |share: f64| middle(&durable, |round| round.outcome.latency_ms(share));
    report.row(
        "durable `POST`, acknowledgement",
        format!("p50 {:.1} ms, p99 {:.1} ms", latency_ms(0.5), latency_ms(0.99)),
        format!("at full load of {CONNECTIONS} connections"),
    );
    report.row(
        &format!("durable `POST` for {long_s} s on end"),
        format!("{}/s", grouped(long.outcome.per_second)),
        format!("p99 {:.1} ms; the index must keep up meanwhile", long.outcome.latency_ms(0.99)),
    );
    daemon.stop();
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.outcome.per_second).collect()
}

fn middle(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    median(&rounds.iter().map(figure).collect::<Vec<f64>>())
}

/// The median of the quotients of rounds that stood side by side.
fn ratio(ours: &[Round], theirs: &[Round]) -> f64 {
    quotient(&rates(ours), &rates(theirs))
}

/// The same of rates.
pub fn quotient(ours: &[f64], theirs: &[f64]) -> f64 {
    let quotients = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
    median(&quotients.collect::<Vec<f64>>())
}
