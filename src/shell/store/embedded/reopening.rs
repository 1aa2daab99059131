//! An embedded store that outlives a full disk.
//!
//! The journal's segments are made at their full length, so that the journal learns early and cleanly
//! that there is no room. The index is not: when it meets a full disk it cannot be trusted any more,
//! and must be opened anew. That is what this does, once there is room again. Until then appends are
//! [`AppendError::Full`] and reads say why they cannot be answered; nothing acknowledged is lost, for
//! the journal has it, and opening brings the index up with it.

use super::super::{Append, AppendError, Appending, Check, Position, Scanned, Status, Store, StoreError, Wake};
use super::folder::JOURNAL;
use super::{EmbeddedStore, Options, Progress, Recovery};
use crate::domain::ids::IncidentId;
use crate::domain::instant::Instant;
use crate::domain::journal::Head;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it is looked whether there is room.
const LOOK: Duration = Duration::from_secs(1);
/// So much room is enough to open the store anew, in bytes: several files of the index.
const ROOM: usize = 4 << 20;
/// Written to find out whether there is room.
const PROBE: &str = "room.probe";

/// A [`Store`] in a folder of this machine that opens itself anew after the disk was full.
pub struct ReopeningStore {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    recovery: Recovery,
}

struct Shared {
    dir: PathBuf,
    options: Options,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The store, but while there is no room for it.
    open: Option<Arc<EmbeddedStore>>,
    /// Why there is none, or why it will not be opened any more.
    trouble: Trouble,
    /// The last that was known of it.
    status: Status,
}

enum Trouble {
    None,
    NoRoom(String),
    ForGood(String),
    Closed,
}

impl ReopeningStore {
    /// Opens the store in `dir` as [`EmbeddedStore::open`] does, and keeps it open.
    pub fn open(dir: &Path, options: Options, progress: Progress<'_>) -> Result<Self, StoreError> {
        let store = EmbeddedStore::open(dir, options, progress)?;
        let recovery = store.recovery().clone();
        let status = store.status();
        let state = Mutex::new(State { open: Some(Arc::new(store)), trouble: Trouble::None, status });
        let shared = Arc::new(Shared { dir: dir.to_owned(), options, state, changed: Condvar::new() });
        let keeper = std::thread::Builder::new().name("wb-room".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.keep()
        });
        let keeper = keeper.map_err(|error| StoreError::disk("start the thread", "wb-room", &error))?;
        Ok(Self { shared, keeper: Mutex::new(Some(keeper)), recovery })
    }

    /// What the first open had to mend.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    fn store(&self) -> Result<Arc<EmbeddedStore>, StoreError> {
        self.shared.store()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> Result<Arc<EmbeddedStore>, StoreError> {
        let state = self.state();
        match (&state.open, &state.trouble) {
            (Some(store), _) => Ok(Arc::clone(store)),
            (None, Trouble::NoRoom(reason)) => Err(StoreError::Full { reason: reason.clone() }),
            (None, Trouble::ForGood(reason)) => Err(StoreError::Index { reason: reason.clone() }),
            (None, Trouble::None | Trouble::Closed) => Err(StoreError::Index { reason: "the store is closed".to_owned() }),
        }
    }

    /// Looks after the store until it is closed.
    fn keep(&self) {
        let mut state = self.state();
        loop {
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            match (&state.open, &state.trouble) {
                (_, Trouble::Closed | Trouble::ForGood(_)) => return,
                (Some(store), _) => {
                    let status = store.status();
                    if let Some(reason) = status.no_room.clone() {
                        tracing::error!(reason, "the disk of the store is full; nothing is taken until there is room");
                        (state.open, state.trouble, state.status) = (None, Trouble::NoRoom(reason), status);
                    }
                }
                (None, _) => {
                    drop(state);
                    let opened = self.reopen();
                    state = self.state();
                    match opened {
                        _ if matches!(state.trouble, Trouble::Closed) => return,
                        Ok(Some(store)) => {
                            tracing::info!("there is room again; the store is open");
                            (state.open, state.trouble) = (Some(Arc::new(store)), Trouble::None);
                        }
                        Ok(None) => {}
                        Err(error) => {
                            tracing::error!(%error, "the store cannot be opened anew");
                            state.trouble = Trouble::ForGood(error.to_string());
                        }
                    }
                }
            }
        }
    }

    /// Opens the store if there is room for it, and nobody still reads from the one before.
    fn reopen(&self) -> Result<Option<EmbeddedStore>, StoreError> {
        if probe(&self.dir.join(JOURNAL).with_file_name(PROBE)).is_err() {
            return Ok(None);
        }
        match EmbeddedStore::open(&self.dir, self.options, &mut |_, _| ()) {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Full { .. } | StoreError::InUse { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a few megabytes can be written to the disk.
fn probe(path: &Path) -> io::Result<()> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(&vec![1; ROOM])?;
        file.sync_all()
    });
    let removed = fs::remove_file(path);
    written.and(removed)
}

impl Store for ReopeningStore {
    fn append(&self, append: Append) -> Appending<'_> {
        let store = self.store();
        Box::pin(async move {
            match store {
                Ok(store) => store.append(append).await,
                Err(StoreError::Full { reason }) => Err(AppendError::Full { reason }),
                Err(error) if matches!(self.shared.state().trouble, Trouble::ForGood(_)) => {
                    Err(AppendError::Broken { reason: error.to_string() })
                }
                Err(_) => Err(AppendError::Closed),
            }
        })
    }

    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store()?.read(stream)
    }

    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError> {
        self.store()?.head(stream)
    }

    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError> {
        self.store()?.wake(stream)
    }

    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        self.store()?.lookup(key)
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError> {
        self.store()?.due(until, limit)
    }

    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError> {
        self.store()?.next_wake()
    }

    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        self.store()?.cards(after, limit)
    }

    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        self.store()?.scan(from, visit)
    }

    fn check(&self) -> Result<Check, StoreError> {
        self.store()?.check()
    }

    fn status(&self) -> Status {
        let state = self.shared.state();
        match (&state.open, &state.trouble) {
            (Some(store), _) => store.status(),
            (None, Trouble::ForGood(reason)) => Status { broken: Some(reason.clone()), ..state.status.clone() },
            (None, _) => state.status.clone(),
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        let open = {
            let mut state = self.shared.state();
            state.trouble = Trouble::Closed;
            self.shared.changed.notify_all();
            state.open.clone()
        };
        if let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = keeper.join();
        }
        // Reads go on, as the contract has it.
        open.map_or(Ok(()), |store| store.close())
    }
}

impl Drop for ReopeningStore {
    fn drop(&mut self) {
        // Whoever cares for the outcome has called `close`.
        let _ = self.close();
    }
}
