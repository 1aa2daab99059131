//! A store in memory with a will of its own.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::Instant;
use watchbell::domain::journal::Head;
use watchbell::shell::store::{Append, Appending, Check, MemoryStore, Position, Scanned, Status, Store, StoreError, Wake};

/// Panics when the stream `inc-panics` is read, appends only as fast as `gate` lets it, and loses the
/// wakes of what it stores while it is told to.
pub struct OddStore {
    inner: MemoryStore,
    pub gate: Semaphore,
    pub loses_wakes: AtomicBool,
}

impl OddStore {
    /// One that lets every append through.
    pub fn new() -> Self {
        Self { inner: MemoryStore::new(), gate: Semaphore::new(Semaphore::MAX_PERMITS), loses_wakes: AtomicBool::new(false) }
    }
}

impl Store for OddStore {
    fn append(&self, append: Append) -> Appending<'_> {
        Box::pin(async move {
            self.gate.acquire().await.expect("the gate is never closed").forget();
            let wake = append.wake.clone().filter(|_| !self.loses_wakes.load(Ordering::Relaxed));
            self.inner.append(Append { wake, ..append }).await
        })
    }

    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        assert!(stream.as_str() != "inc-panics", "this stream panics when it is read");
        self.inner.read(stream)
    }

    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError> {
        self.inner.head(stream)
    }

    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError> {
        self.inner.wake(stream)
    }

    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        self.inner.lookup(key)
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError> {
        self.inner.due(until, limit)
    }

    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError> {
        self.inner.next_wake()
    }

    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        self.inner.cards(after, limit)
    }

    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        self.inner.scan(from, visit)
    }

    fn check(&self) -> Result<Check, StoreError> {
        self.inner.check()
    }

    fn status(&self) -> Status {
        self.inner.status()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.inner.close()
    }
}
