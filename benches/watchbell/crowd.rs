//! Many senders at once, each with a signature: a thousand connections, far more than two cores can serve at once.
//! Each waits for its answer, so the queue is as long as the crowd and no longer.

use crate::Plan;
use crate::alert::{Alerts, Proof};
use crate::load::{self, Crowd, Outcome};
use crate::post::quotient;
use crate::process::Server;
use crate::report::{Report, grouped, median};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use watchbell::shell::wall_clock;

/// Connections at once.
const CONNECTIONS: usize = 1000;

/// Measures a crowd of senders.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (rounds, length_s) = if plan.quick { (2, 2) } else { (5, 4) };
    let length = Duration::from_secs(length_s);
    let alerts = Arc::new(Alerts::of(wall_clock::now()));
    let next = Arc::new(AtomicU64::new(1));
    let crowd = Crowd { connections: CONNECTIONS, proof: Proof::Signature };
    let run = |server: &Server| load::post(server.address, &alerts, &next, crowd, length);

    let home = folder.join("crowd");
    std::fs::create_dir(&home).expect("a folder of our own");
    let (bare, daemon) = (Server::bare(), Server::daemon(&home));
    let (mut ceiling, mut durable) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        ceiling.push(run(&bare));
        durable.push(run(&daemon));
        daemon.settle();
        let last = |outcomes: &[Outcome]| grouped(outcomes[outcomes.len() - 1].per_second);
        eprintln!("crowd, round {round}: bare {}, durable {}", last(&ceiling), last(&durable));
    }
    let memory_mib = daemon.resident_bytes() / (1 << 20);
    daemon.stop();
    let rates = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.per_second).collect::<Vec<f64>>();
    report.row(
        "signed durable `POST` over 1,000 connections ÷ the same server without storage",
        format!("{:.2}", quotient(&rates(&durable), &rates(&ceiling))),
        format!(
            "{}/s; p50 {:.0} ms, p99 {:.0} ms under that overload; {memory_mib} MiB resident",
            grouped(median(&rates(&durable))),
            middle(&durable, |one| one.latency_ms(0.5)),
            middle(&durable, |one| one.latency_ms(0.99)),
        ),
    );
}

fn middle(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    median(&outcomes.iter().map(figure).collect::<Vec<f64>>())
}
