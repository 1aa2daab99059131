//! The store alone: 64 writers over the journal without an index, and over the whole store.

use crate::Plan;
use crate::load::CONNECTIONS;
use crate::report::{Report, grouped, median, spread};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant;
use watchbell::domain::journal::seal;
use watchbell::shell::store::disk::RealDisk;
use watchbell::shell::store::embedded::{Log, LogOptions, Options};
use watchbell::shell::store::{Append, EmbeddedStore, Store, Wake};
use watchbell::shell::wall_clock::{self, stopwatch};

/// The body of an envelope, in bytes.
const BODY: usize = 2560;
/// The card beside it, in bytes.
const CARD: usize = 640;

/// Measures journal and store.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (rounds, length) = if plan.quick { (3, Duration::from_secs(1)) } else { (5, Duration::from_secs(3)) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (mut logs, mut stores) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let log = folder.join(format!("log-{round}"));
        logs.push(runtime.block_on(log_rate(&log, length)));
        let store = folder.join(format!("store-{round}"));
        stores.push(runtime.block_on(store_rate(&store, length)));
        eprintln!("round {round}: log {}, store {}", grouped(logs[round - 1]), grouped(stores[round - 1]));
        for done in [log, store] {
            std::fs::remove_dir_all(done).expect("a folder of our own");
        }
    }
    if let Some(durable) = report.kept("durable") {
        let ratio = durable / median(&logs);
        report.row("durable `POST` ÷ the journal alone", format!("{ratio:.2}"), format!("{CONNECTIONS} writers").to_owned());
    }
    report.row("the journal alone, group commit", format!("{}/s", grouped(median(&logs))), spread(&logs));
    report.row("the whole store", format!("{}/s", grouped(median(&stores))), spread(&stores));
}

/// Appends in a second to a journal without an index: payloads gathered, one write, one sync.
async fn log_rate(folder: &Path, length: Duration) -> f64 {
    let disk = Arc::new(RealDisk::open(folder).expect("a folder of our own"));
    let mut log = Log::open(disk, LogOptions::default(), [7; 16]).expect("a new journal");
    let (queue, mut waiting) = mpsc::channel::<oneshot::Sender<()>>(1024);
    let payload = vec![b'x'; BODY + CARD];
    let writer = std::thread::spawn(move || {
        let mut group = Vec::new();
        while waiting.blocking_recv_many(&mut group, 1024) > 0 {
            for _ in &group {
                if !log.fits(payload.len()) {
                    log.commit().expect("a sound disk");
                }
                if !log.fits(payload.len()) {
                    log.roll().expect("room on the disk");
                }
                log.push(|buffer| buffer.extend_from_slice(&payload));
            }
            log.commit().expect("a sound disk");
            for answer in group.drain(..) {
                let _ = answer.send(());
            }
        }
    });
    // The tasks hold the queue: when they have ended, so does the writer.
    let rate = rate(length, move |_| {
        let queue = queue.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            queue.send(answer).await.expect("the writer runs");
            answered.await.expect("the writer answers");
        }
    })
    .await;
    writer.join().expect("the writer ends");
    rate
}

/// Appends in a second to the whole store, each a new stream with wake, card and a unique key.
async fn store_rate(folder: &Path, length: Duration) -> f64 {
    let store = Arc::new(EmbeddedStore::open(folder, Options::default(), &mut |_, _| ()).expect("a new store"));
    let (now, body, card) = (wall_clock::now(), Arc::new(vec![b'x'; BODY]), vec![b'y'; CARD]);
    rate(length, move |number| {
        let (store, body, card) = (Arc::clone(&store), Arc::clone(&body), card.clone());
        async move {
            let stream = IncidentId::new(format!("inc-{number:016}"));
            let append = Append {
                wake: Some(Wake { at: now + instant::Duration::hours(1), why: "50% left: house.triage~mercy".into() }),
                card: Some(card),
                unique: vec![number.to_be_bytes().repeat(4)],
                ..Append::of(seal(None, &stream, now, &body))
            };
            store.append(append).await.expect("room on the disk");
        }
    })
    .await
}

/// How often in a second 64 tasks do something.
async fn rate<F>(length: Duration, act: impl Fn(u64) -> F + Send + Sync + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let (next, act) = (Arc::new(AtomicU64::new(0)), Arc::new(act));
    let started = stopwatch();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (next, act) = (Arc::clone(&next), Arc::clone(&act));
        tasks.spawn(async move {
            while started.elapsed() < length {
                act(next.fetch_add(1, Ordering::Relaxed)).await;
            }
        });
    }
    tasks.join_all().await;
    next.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}
