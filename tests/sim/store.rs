//! A store without threads: what was acknowledged is kept, what was not may be kept, lost or torn.

use super::world::World;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::{DateTime, Duration, Instant};
use watchbell::domain::journal::Head;
use watchbell::shell::store::disk::{Fault, SimulatedDisk};
use watchbell::shell::store::embedded::{LogOptions, MemoryIndex, Parts, Request};
use watchbell::shell::store::{
    Append, AppendError, Appended, Appending, Check, MemoryStore, Position, Scanned, Status, Store, StoreError, Wake,
};
use watchbell::shell::wall_clock;

const SIZES: LogOptions = LogOptions { segment_bytes: 1 << 20, group_bytes: 512 << 10, prepare_ahead: false };

/// What survives the daemon.
#[derive(Clone)]
pub enum Kept {
    /// Envelopes in memory.
    Memory(Arc<MemoryStore>),
    /// The embedded store's journal on a disk that loses power.
    Disk(SimulatedDisk),
}

enum Inside {
    Memory(Arc<MemoryStore>),
    Disk(SimulatedDisk, Box<Mutex<Parts>>),
}

/// The store of one daemon, from its start to its end.
pub struct SimStore {
    world: Arc<World>,
    inside: Inside,
    desk: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    tickets: u64,
    queue: Vec<(u64, Append)>,
    answers: BTreeMap<u64, Result<Appended, AppendError>>,
    broken: bool,
}

impl Kept {
    pub fn new(world: &World) -> Self {
        match world.one_in(5) {
            true => Self::Disk(SimulatedDisk::new(world.seed ^ 0xd15c)),
            false => Self::Memory(Arc::default()),
        }
    }

    /// Opens what the last daemon left.
    pub fn open(&self, world: &Arc<World>) -> Arc<SimStore> {
        let inside = match self {
            Self::Memory(store) => Inside::Memory(Arc::clone(store)),
            Self::Disk(disk) => {
                disk.calm();
                let parts = Parts::open(Arc::new(disk.clone()), Arc::new(MemoryIndex::default()), SIZES, [7; 16], &mut |_, _| ());
                let parts = parts.unwrap_or_else(|error| panic!("the store opens after whatever happened: {error}"));
                Inside::Disk(disk.clone(), Box::new(Mutex::new(parts)))
            }
        };
        Arc::new(SimStore { world: Arc::clone(world), inside, desk: Mutex::default() })
    }
}

impl SimStore {
    fn desk(&self) -> MutexGuard<'_, Waiting> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts(parts: &Mutex<Parts>) -> MutexGuard<'_, Parts> {
        parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a group durable, in order; the outcomes are not told yet.
    fn commit(&self, group: Vec<(u64, Append)>) -> Vec<(u64, Result<Appended, AppendError>)> {
        let store = |append: Append| match &self.inside {
            Inside::Memory(store) => now_or_never(store.append(append)),
            Inside::Disk(_, parts) => {
                let (answer, mut answered) = oneshot::channel();
                let mut parts = Self::parts(parts);
                parts.writer.step([Request { append, answer }]);
                let _ = parts.indexer.step();
                answered.try_recv().expect("the writer answers every request")
            }
        };
        group.into_iter().map(|(ticket, append)| (ticket, store(append))).collect()
    }

    async fn put(&self, append: Append) -> Result<Appended, AppendError> {
        self.world.touch().await;
        if self.world.faults() && self.world.one_in(150) {
            return Err(AppendError::Full { reason: "no space left".into() });
        }
        if self.desk().broken {
            return Err(AppendError::Broken { reason: "the disk failed".into() });
        }
        let ticket = {
            let mut desk = self.desk();
            desk.tickets += 1;
            let ticket = desk.tickets;
            desk.queue.push((ticket, append));
            ticket
        };
        wall_clock::sleep(Duration::milliseconds(i64::from(self.world.below(6)))).await;
        self.world.touch().await;
        if self.desk().answers.contains_key(&ticket) {
            return self.answer(ticket).await;
        }
        if self.world.faults() && self.world.one_in(250) {
            return self.break_down().await;
        }
        self.flush_now();
        self.answer(ticket).await
    }

    fn flush_now(&self) {
        let group = std::mem::take(&mut self.desk().queue);
        let outcomes = self.commit(group);
        let mut desk = self.desk();
        desk.broken |= outcomes.iter().any(|(_, outcome)| matches!(outcome, Err(AppendError::Broken { .. })));
        desk.answers.extend(outcomes);
    }

    /// Durable, and not told yet: the power may go now.
    async fn answer(&self, ticket: u64) -> Result<Appended, AppendError> {
        self.world.touch().await;
        let (answer, broken) = {
            let mut desk = self.desk();
            // Whoever was handed in when the disk failed is told no more than that.
            let failed = Err(AppendError::Broken { reason: "the disk failed".into() });
            (desk.answers.remove(&ticket).unwrap_or(failed), desk.broken)
        };
        if broken {
            // A daemon whose store is broken ends.
            self.world.light_fuse(self.world.below(6));
        }
        answer
    }

    /// A sync fails: what was handed in may be on disk or not, and nothing more is taken.
    async fn break_down(&self) -> Result<Appended, AppendError> {
        if let Inside::Disk(disk, _) = &self.inside {
            let faults = [Fault::PowerCut, Fault::FailedSync, Fault::FailedWrite];
            let fault = self.world.roll(|dice| dice.pick(&faults).copied()).expect("there are faults");
            disk.plan(u64::from(self.world.below(3)), fault);
        }
        self.lose_power();
        self.desk().broken = true;
        self.world.light_fuse(self.world.below(6));
        Err(AppendError::Broken { reason: "the disk failed".into() })
    }

    /// The power goes: of what was not acknowledged the first few may be on disk, the rest is not.
    pub fn lose_power(&self) {
        let waiting = std::mem::take(&mut self.desk().queue);
        let kept = self.world.below(u32::try_from(waiting.len() + 1).unwrap_or(u32::MAX));
        let first = waiting.into_iter().take(usize::try_from(kept).unwrap_or(0)).collect();
        match &self.inside {
            Inside::Memory(_) => drop(self.commit(first)),
            Inside::Disk(disk, _) => {
                if self.world.one_in(2) {
                    disk.plan(u64::from(self.world.below(3)), Fault::PowerCut);
                }
                drop(self.commit(first));
                disk.power_cycle();
            }
        }
    }

    /// What a store leaves that answers before it wrote: its last envelope is gone.
    pub fn forgetting_the_last(&self) -> Option<Kept> {
        let Inside::Memory(store) = &self.inside else { return None };
        let mut appends = Vec::new();
        let all = store.scan(Position::START, &mut |scanned| {
            appends.push(watchbell::domain::journal::Sealed::read(scanned.envelope.to_vec()).expect("a sealed envelope"));
            ControlFlow::Continue(())
        });
        all.expect("memory answers");
        appends.pop();
        let shorter = MemoryStore::new();
        for sealed in appends {
            let stream = sealed.stream().clone();
            let wake = store.wake(&stream).expect("memory answers");
            let _ = now_or_never(shorter.append(Append { wake, ..Append::of(sealed) }));
        }
        Some(Kept::Memory(Arc::new(shorter)))
    }

    fn reader(&self) -> Reading<'_> {
        match &self.inside {
            Inside::Memory(store) => Reading::Memory(store),
            Inside::Disk(_, parts) => Reading::Disk(Arc::clone(&Self::parts(parts).reader)),
        }
    }
}

enum Reading<'a> {
    Memory(&'a MemoryStore),
    Disk(Arc<watchbell::shell::store::embedded::Reader>),
}

/// The outcome of a future that never waits.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => panic!("a store in memory never waits"),
    }
}

fn from_ms(at_ms: i64) -> Instant {
    DateTime::from_timestamp_millis(at_ms).expect("a wake within the years")
}

impl Store for SimStore {
    fn append(&self, append: Append) -> Appending<'_> {
        Box::pin(self.put(append))
    }

    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.read(stream),
            Reading::Disk(reader) => reader.read(stream),
        }
    }

    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.head(stream),
            Reading::Disk(reader) => Ok(reader.entry(stream)?.map(|entry| entry.head)),
        }
    }

    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.wake(stream),
            Reading::Disk(reader) => {
                let wake = reader.entry(stream)?.and_then(|entry| entry.wake.clone());
                Ok(wake.map(|(at_ms, why)| Wake { at: from_ms(at_ms), why }))
            }
        }
    }

    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.lookup(key),
            Reading::Disk(reader) => reader.holder(key),
        }
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.due(until, limit),
            Reading::Disk(reader) => {
                let due = reader.due(until.timestamp_millis(), limit)?;
                Ok(due.into_iter().map(|(at_ms, stream)| (from_ms(at_ms), stream)).collect())
            }
        }
    }

    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError> {
        Ok(self.due(Instant::MAX_UTC, 1)?.pop())
    }

    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.cards(after, limit),
            Reading::Disk(reader) => reader.cards(after, limit),
        }
    }

    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.scan(from, visit),
            Reading::Disk(reader) => reader.scan(from, visit),
        }
    }

    fn check(&self) -> Result<Check, StoreError> {
        match self.reader() {
            Reading::Memory(store) => store.check(),
            Reading::Disk(reader) => reader.check(),
        }
    }

    fn status(&self) -> Status {
        let status = match self.reader() {
            Reading::Memory(store) => store.status(),
            Reading::Disk(reader) => reader.status(),
        };
        Status { broken: self.desk().broken.then(|| "the disk failed".to_owned()).or(status.broken), ..status }
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
