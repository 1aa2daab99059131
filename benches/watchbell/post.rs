//! The intake: durable `POST` beside the same server without storage, in turn.

use crate::Plan;
use crate::alert::{Alerts, Proof};
use crate::load::{self, CONNECTIONS, Outcome};
use crate::process::Server;
use crate::report::{Report, grouped, median, spread};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use watchbell::shell::wall_clock;

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
        let outcome = load::post(server.address, &alerts, &next, proof, length);
        server.settle();
        outcome
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
        let last = |outcomes: &[Outcome]| grouped(outcomes[outcomes.len() - 1].per_second);
        eprintln!("round {round}: bare {}, durable {}, signed {}", last(&ceiling), last(&durable), last(&signed));
    }
    let long = run(&daemon, Proof::Bearer, Duration::from_secs(long_s));

    let rates = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.per_second).collect::<Vec<f64>>();
    let (ceiling_rate, durable_rate) = (median(&rates(&ceiling)), median(&rates(&durable)));
    let ratio = |outcomes: &[Outcome]| {
        let pairs = outcomes.iter().zip(&ceiling);
        median(&pairs.map(|(ours, theirs)| ours.per_second / theirs.per_second).collect::<Vec<f64>>())
    };
    let latency = |share: f64| median(&durable.iter().map(|outcome| outcome.latency_ms(share)).collect::<Vec<f64>>());
    report.keep("durable", durable_rate);
    report.row(
        "durable `POST` ÷ the same server without storage",
        format!("**{:.2}**", ratio(&durable)),
        format!("{CONNECTIONS} connections, 2 KiB alerts, each a new incident"),
    );
    report.row(
        "signed durable `POST` ÷ the same server without storage",
        format!("{:.2}", ratio(&signed)),
        "Standard Webhooks; the sender signs on the same cores".into(),
    );
    report.row("durable `POST`", format!("{}/s", grouped(durable_rate)), spread(&rates(&durable)));
    report.row("signed durable `POST`", format!("{}/s", grouped(median(&rates(&signed)))), spread(&rates(&signed)));
    report.row("the same server, JSON parsed, nothing stored", format!("{}/s", grouped(ceiling_rate)), spread(&rates(&ceiling)));
    report.row(
        "durable `POST`, acknowledgement",
        format!("p50 {:.1} ms, p99 {:.1} ms", latency(0.5), latency(0.99)),
        format!("at full load of {CONNECTIONS} connections"),
    );
    report.row(
        &format!("durable `POST` for {long_s} s on end"),
        format!("{}/s", grouped(long.per_second)),
        format!("p99 {:.1} ms; the index is brought up meanwhile", long.latency_ms(0.99)),
    );
    daemon.stop();
}
