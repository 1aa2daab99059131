//! The start: how long until a daemon over many open clocks is ready, and what they cost in memory.
//!
//! The store is filled through the desk, so that every envelope, card and wake is what the daemon
//! itself would have written; only HTTP is left out.

use crate::Plan;
use crate::alert::{Alerts, SOURCE};
use crate::process::{Server, write_config};
use crate::report::{Report, grouped};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;
use watchbell::domain::incident::{Command, Opened, Opening, Received};
use watchbell::domain::ingest::{self, DeliveryMeta};
use watchbell::shell::config::{self, Config};
use watchbell::shell::desk::Desk;
use watchbell::shell::mint;
use watchbell::shell::store::embedded::Options;
use watchbell::shell::store::{EmbeddedStore, Store};
use watchbell::shell::wall_clock;

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
        fill(&folder, size - there);
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

/// Opens incidents in the store of a folder, each with one open clock.
fn fill(folder: &Path, count: u64) {
    let path = write_config(folder, ([127, 0, 0, 1], 0).into());
    let config = config::read(&path, &BTreeMap::new(), wall_clock::now()).expect("our own configuration");
    let store = EmbeddedStore::open(&config.store, Options::default(), &mut |_, _| ()).expect("the store opens");
    let store = Arc::new(store);
    let filling = Arc::new(Filling {
        desk: Arc::new(Desk::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&config.rules), None)),
        alerts: Alerts::of(wall_clock::now()),
        config,
        next: AtomicU64::new(0),
        count,
    });
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
    alerts: Alerts,
    config: Config,
    next: AtomicU64,
    count: u64,
}

impl Filling {
    /// Opens the next incident as the intake does; `false` when there are enough.
    async fn open_one(&self) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.count {
            return false;
        }
        let (source, now) = (&self.config.sources[SOURCE], wall_clock::now());
        let body = self.alerts.body(number);
        let delivery = DeliveryMeta::json(source.name.clone(), now);
        let vocabulary = &self.config.rules.rulebook.vocabulary;
        let report = ingest::read(&source.mapping, vocabulary, &delivery, &body).expect("a sound alert").remove(0);
        let organisations =
            source.organisations.iter().map(|id| (id.clone(), self.config.rules.organisations[id].profile.clone()));
        let opened = Opened {
            title: report.title,
            severity: report.severity.name().to_owned(),
            kind: report.kind.name().to_owned(),
            source: source.name.clone(),
            external_id: report.external_id.unwrap_or_default(),
            organisations: organisations.collect(),
        };
        let received = Received {
            source: source.name.clone(),
            update_id: report.update_id,
            status: report.status,
            sha256: "0".repeat(64),
            raw: String::from_utf8(body).ok(),
            hints: report.hints.into_iter().map(|hint| (hint.label, hint.value, hint.pointer)).collect(),
            remarks: Vec::new(),
        };
        let id = mint::incident_id();
        let keys = vec![[b"d", id.as_str().as_bytes()].concat(), [b"x", id.as_str().as_bytes()].concat()];
        let command = Command::Open(Box::new(Opening { opened, received, claims: report.claims }));
        let submitted = self.desk.submit_claiming(&id, command, keys, now).await.expect("a sound disk");
        assert_eq!(submitted.incident.open_clocks().len(), 1, "the clock that asks whether it may be a breach");
        true
    }
}
