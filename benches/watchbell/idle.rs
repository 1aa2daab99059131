//! What a daemon costs while nothing happens: many open clocks, none of which falls due.

use crate::Plan;
use crate::process::{Server, pause};
use crate::report::{Report, grouped};
use crate::start::fill;
use std::path::Path;
use watchbell::domain::instant::Duration;
use watchbell::shell::wall_clock;

/// Measures the time on a processor over 1,000,000 open clocks.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (count, length) = if plan.quick { (20_000, Duration::seconds(30)) } else { (1_000_000, Duration::minutes(5)) };
    let folder = folder.join("idle");
    std::fs::create_dir(&folder).expect("a folder of our own");
    // Half of a clock is half an hour: nothing falls due meanwhile.
    fill(&folder, count, |_| wall_clock::now());
    let server = Server::daemon(&folder);
    server.settle();
    let before = server.cpu_ticks();
    pause(length);
    let used_s = (server.cpu_ticks() - before) as f64 / 100.0;
    let per_hour_s = used_s * 3600.0 / length.num_seconds() as f64;
    report.row(
        &format!("idle with {} open clocks", grouped(count as f64)),
        format!("{per_hour_s:.1} s of a processor per hour"),
        format!(
            "{used_s:.2} s within {} s, the comparison of record and rungs included; {} MiB resident",
            length.num_seconds(),
            server.resident_bytes() >> 20
        ),
    );
    server.stop();
}
