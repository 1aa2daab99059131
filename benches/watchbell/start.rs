//! The start: how long until a daemon over many open clocks is ready, and what they cost in memory.
//!
//! The store is filled through the desk, so that every envelope, card and wake is what the daemon
//! itself would have written; only HTTP is left out.

use crate::Plan;
use crate::opening::Openings;
use crate::process::Server;
use crate::report::{Report, grouped};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;
use watchbell::domain::instant::Instant;
use watchbell::shell::desk::Desk;
use watchbell::shell::store::embedded::Options;
use watchbell::shell::store::{EmbeddedStore, Store};
use watchbell::shell::{mint, wall_clock};

/// Alerts being opened at once.
const AT_ONCE: usize = 256;

/// Measures the start over 100,000 and over 1,000,000 open clocks.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let sizes = if plan.quick { [1_000, 10_000] } else { [100_000, 1_000_000] };
    let folder = folder.join("start");
    std::fs::create_dir(&folder).expect("a folder of our own");
    let empty = Server::daemon(&folder);
    let (empty_ready, empty_bytes) = (empty.ready_after, empty.resident_bytes());
    empty.stop();
    let mut there = 0;
    for size in sizes {
        fill(&folder, size - there, |_| wall_clock::now());
        there = size;
        let server = Server::daemon(&folder);
        let bytes = server.resident_bytes();
        report.row(
            &format!("start with {} open clocks", grouped(size as f64)),
            format!("{:.2} s", server.ready_after.as_secs_f64()),
            format!("to the first `ready`, after a clean stop; an empty store {:.2} s", empty_ready.as_secs_f64()),
        );
        report.row(
            &format!("memory with {} open clocks", grouped(size as f64)),
            format!("{:.0} B per clock", bytes.saturating_sub(empty_bytes) as f64 / size as f64),
            format!("{} MiB resident, {} MiB with none", bytes >> 20, empty_bytes >> 20),
        );
        server.stop();
    }
}

/// Opens incidents in the store of a folder, each with one open clock that began when `opened_at` says.
pub fn fill(folder: &Path, count: u64, opened_at: impl Fn(u64) -> Instant + Send + Sync + 'static) {
    let openings = Openings::new(folder, wall_clock::now());
    let store = EmbeddedStore::open(&openings.config.store, Options::default(), &mut |_, _| ()).expect("the store opens");
    let store = Arc::new(store);
    let desk = Arc::new(Desk::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&openings.config.rules), None));
    let filling = Arc::new(Filling { desk, openings, next: AtomicU64::new(0), count, opened_at: Box::new(opened_at) });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..AT_ONCE {
            let filling = Arc::clone(&filling);
            tasks.spawn(async move { while filling.open_one().await {} });
        }
        tasks.join_all().await;
    });
    store.close().expect("a sound disk");
}

struct Filling {
    desk: Arc<Desk>,
    openings: Openings,
    next: AtomicU64,
    count: u64,
    opened_at: Box<dyn Fn(u64) -> Instant + Send + Sync>,
}

impl Filling {
    /// Opens the next incident; `false` when there are enough.
    async fn open_one(&self) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.count {
            return false;
        }
        let (id, now) = (mint::incident_id(), (self.opened_at)(number));
        let keys = vec![[b"d", id.as_str().as_bytes()].concat(), [b"x", id.as_str().as_bytes()].concat()];
        let submitted =
            self.desk.submit_claiming(&id, self.openings.command(number, now), keys, now).await.expect("a sound disk");
        assert_eq!(submitted.incident.open_clocks().len(), 1, "the clock that asks whether it may be a breach");
        true
    }
}
