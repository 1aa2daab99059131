//! Many senders at once, each with a signature: a thousand connections, and more bodies than there is room for.

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
    let crowd = Crowd { connections: CONNECTIONS, proof: Proof::Signature, may_be_refused: false };
    let run = |server: &Server, crowd| load::post(server.address, &alerts, &next, crowd, length);

    let home = folder.join("crowd");
    std::fs::create_dir(&home).expect("a folder of our own");
    let (bare, daemon) = (Server::bare(), Server::daemon(&home));
    let (mut ceiling, mut durable) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        ceiling.push(run(&bare, crowd));
        durable.push(run(&daemon, crowd));
        daemon.settle();
        let last = |outcomes: &[Outcome]| grouped(outcomes[outcomes.len() - 1].per_second);
        eprintln!("crowd, round {round}: bare {}, durable {}", last(&ceiling), last(&durable));
    }
    daemon.stop();
    let rates = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.per_second).collect::<Vec<f64>>();
    report.row(
        "signed durable `POST` over 1,000 connections ÷ the same server without storage",
        format!("{:.2}", quotient(&rates(&durable), &rates(&ceiling))),
        format!("{}/s; p99 {:.0} ms", grouped(median(&rates(&durable))), middle(&durable, |one| one.latency_ms(0.99))),
    );

    let home = folder.join("overload");
    std::fs::create_dir(&home).expect("a folder of our own");
    let narrow =
        |text: String| text.replace("bodies_mib = 64", "bodies_mib = 1").replace("body_limit_kib = 1024", "body_limit_kib = 64");
    let daemon = Server::daemon_with(&home, narrow);
    let pushed: Vec<Outcome> = (0..rounds).map(|_| run(&daemon, Crowd { may_be_refused: true, ..crowd })).collect();
    let memory_mib = daemon.resident_bytes() / (1 << 20);
    daemon.stop();
    let refused: usize = pushed.iter().map(|outcome| outcome.refused).sum();
    let taken: usize = pushed.iter().map(|outcome| outcome.requests).sum();
    report.row(
        "the same with room for 1 MiB of bodies",
        format!("{}/s; p99 {:.0} ms", grouped(median(&rates(&pushed))), middle(&pushed, |one| one.latency_ms(0.99))),
        format!(
            "{:.0} % of requests are asked to come back (429); {memory_mib} MiB resident at the end",
            refused as f64 * 100.0 / (refused + taken).max(1) as f64
        ),
    );
}

fn middle(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    median(&outcomes.iter().map(figure).collect::<Vec<f64>>())
}
