//! The embedded store in a daemon: a folder, two threads, and the contract.

use super::super::disk::RealDisk;
use super::super::{Append, AppendError, Appending, Check, Position, Scanned, Status, Store, StoreError, Wake, instant_of_ms};
use super::folder::Folder;
use super::pace::{Distance, Pace};
use super::{Index, Indexer, Options, Parts, Progress, Reader, Recovery, Request, StoreId, TreeIndex, Writer};
use crate::domain::ids::IncidentId;
use crate::domain::instant::Instant;
use crate::domain::journal::Head;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// The most appends taken from the queue at once.
const GROUP: usize = 1024;

/// A [`Store`] in a folder of this machine. One process may have it open.
pub struct EmbeddedStore {
    reader: Arc<Reader>,
    recovery: Recovery,
    queue: RwLock<Option<mpsc::Sender<Request>>>,
    running: Mutex<Option<Running>>,
    folder: Folder,
}

struct Running {
    writer: JoinHandle<()>,
    indexer: JoinHandle<Result<(), StoreError>>,
}

impl EmbeddedStore {
    /// Opens the store in `dir`, and makes it when there is none.
    ///
    /// After a crash the end of the journal is mended and the index brought up with it; when the
    /// index cannot be trusted it is made anew, which `progress` is told of. [`recovery`](Self::recovery) says what happened.
    pub fn open(dir: &Path, options: Options, progress: Progress<'_>) -> Result<Self, StoreError> {
        let folder = Folder::lock(dir)?;
        let Parts { reader, writer, indexer, recovery } = open_parts(&folder, &options, progress)?;
        let (queue, waiting) = mpsc::channel(options.queue.max(1));
        let pace = Arc::new(Pace::default());
        let running = Running {
            writer: spawn("wb-journal", {
                let (pace, reader) = (pace.clone(), reader.clone());
                move || write(writer, waiting, &reader, &pace, &options)
            })?,
            indexer: spawn("wb-index", {
                let reader = reader.clone();
                move || index(indexer, &reader, &pace, &options)
            })?,
        };
        let (queue, running) = (RwLock::new(Some(queue)), Mutex::new(Some(running)));
        Ok(Self { reader, recovery, queue, running, folder })
    }

    /// What the open had to mend.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    fn queue(&self) -> Option<mpsc::Sender<Request>> {
        self.queue.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes the index of the store in `dir` anew from its journal, and leaves the store closed.
pub fn reindex(dir: &Path, options: Options, progress: Progress<'_>) -> Result<Recovery, StoreError> {
    let folder = Folder::lock(dir)?;
    folder.set_index_aside()?;
    let Parts { reader, mut writer, recovery, .. } = open_parts(&folder, &options, progress)?;
    writer.close();
    reader.index().flush()?;
    folder.mark_clean()?;
    Ok(recovery)
}

fn open_parts(folder: &Folder, options: &Options, progress: Progress<'_>) -> Result<Parts, StoreError> {
    let journal = folder.journal();
    let disk = RealDisk::open(&journal).map_err(|error| StoreError::disk("open", journal.display().to_string(), &error))?;
    let disk = Arc::new(disk);
    let mut new_id: StoreId = [0; 16];
    getrandom::fill(&mut new_id).map_err(|error| StoreError::disk("draw an id for", "journal", &std::io::Error::other(error)))?;

    let doubt = folder.index_doubt();
    folder.mark_open()?;
    let first = match doubt {
        Some(reason) => Err(reason),
        None => {
            let open =
                || open_index(folder, options).and_then(|index| Parts::open(disk.clone(), index, options.log, new_id, progress));
            // sled may panic on a torn page, at the open or at a later read.
            match catch_unwind(AssertUnwindSafe(open)) {
                Ok(Ok(parts)) => Ok(parts),
                Ok(Err(StoreError::Index { reason })) => Err(reason),
                Ok(Err(error)) => return Err(error),
                Err(_) => Err("its files are torn".to_owned()),
            }
        }
    };
    match first {
        Ok(parts) => Ok(parts),
        Err(reason) => {
            folder.set_index_aside()?;
            let mut parts = Parts::open(disk, open_index(folder, options)?, options.log, new_id, progress)?;
            parts.recovery.rebuilt = Some(reason);
            Ok(parts)
        }
    }
}

fn open_index(folder: &Folder, options: &Options) -> Result<Arc<TreeIndex>, StoreError> {
    let index = TreeIndex::open(&folder.index(), options.cache_bytes)?;
    folder.close_index_to_others()?;
    if index.reflects()?.is_none() && !index.is_empty() {
        return Err(StoreError::Index { reason: "it does not say what it reflects".to_owned() });
    }
    Ok(Arc::new(index))
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, StoreError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| StoreError::disk("start the thread", name, &error))
}

/// Drives the writer until the queue is closed and empty.
fn write(mut writer: Writer, mut waiting: mpsc::Receiver<Request>, reader: &Reader, pace: &Pace, options: &Options) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let appends = waiting.blocking_recv_many(&mut group, GROUP);
        if appends == 0 {
            break;
        }
        writer.step(group.drain(..));
        pace.wrote(appends, || distance(reader, options));
    }
    writer.close();
    pace.writer_done();
}

/// Drives the indexer until the writer has ended and the index has everything.
fn index(mut indexer: Indexer, reader: &Reader, pace: &Pace, options: &Options) -> Result<(), StoreError> {
    let mut run = || {
        while pace.wait_for_work() {
            while indexer.step()? && pace.indexed(|| distance(reader, options)) {}
        }
        Ok(())
    };
    let outcome: Result<(), StoreError> = run();
    match &outcome {
        Ok(()) => {}
        Err(StoreError::Full { reason }) => reader.run_out_of_room(reason),
        Err(error) => reader.break_down(&error.to_string()),
    }
    pace.indexer_done();
    outcome
}

/// How far the index is behind: from three quarters of what is allowed, indexing is not put off.
fn distance(reader: &Reader, options: &Options) -> Distance {
    let overlay = reader.overlay();
    let (backlog, bytes) = (overlay.backlog(), overlay.bytes());
    Distance {
        backlog,
        far: backlog > options.backlog / 4 * 3 || bytes > options.backlog_bytes / 4 * 3,
        too_far: backlog > options.backlog || bytes > options.backlog_bytes,
    }
}

impl Store for EmbeddedStore {
    fn append(&self, append: Append) -> Appending<'_> {
        let queue = self.queue();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let Some(queue) = queue else { return Err(AppendError::Closed) };
            queue.send(Request { append, answer }).await.map_err(|_| AppendError::Closed)?;
            drop(queue);
            let stopped = |_| AppendError::Broken { reason: "the writer has stopped".to_owned() };
            answered.await.map_err(stopped)?
        })
    }

    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        self.reader.read(stream)
    }

    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError> {
        Ok(self.reader.entry(stream)?.map(|entry| entry.head))
    }

    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError> {
        Ok(self.reader.entry(stream)?.and_then(|entry| entry.to_wake()))
    }

    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        self.reader.holder(key)
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError> {
        let due = self.reader.due(until.timestamp_millis(), limit)?;
        Ok(due.into_iter().map(|(at_ms, stream)| (instant_of_ms(at_ms), stream)).collect())
    }

    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError> {
        let next = self.reader.due(i64::MAX, 1)?.pop();
        Ok(next.map(|(at_ms, stream)| (instant_of_ms(at_ms), stream)))
    }

    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        self.reader.cards(after, limit)
    }

    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        self.reader.scan(from, visit)
    }

    fn check(&self) -> Result<Check, StoreError> {
        self.reader.check()
    }

    fn status(&self) -> Status {
        self.reader.status()
    }

    fn close(&self) -> Result<(), StoreError> {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { writer, indexer }) = running else { return Ok(()) };
        let panicked = |_| StoreError::Index { reason: "a thread of the store has panicked".to_owned() };
        writer.join().map_err(panicked)?;
        indexer.join().map_err(panicked)??;
        self.reader.index().flush()?;
        self.folder.mark_clean()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        // Whoever cares for the outcome has called `close`.
        let _ = self.close();
    }
}
