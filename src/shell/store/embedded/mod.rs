//! The store of a single node: a journal of files, and an index that can be rebuilt from it.
//!
//! ```text
//! append ─▶ queue ─▶ Writer ─▶ Log: one write, one sync ─▶ overlay ─▶ answers
//!                                                            │
//!                    reads ◀── Reader ◀── overlay, index ◀── Indexer
//! ```
//!
//! The writer takes every append that waits, checks it against overlay and index, writes the group
//! and syncs it once. Only then do readers see it, and only then is it acknowledged. The indexer
//! follows at its own pace. [`Parts`] are the same without threads, lock and folder, for simulation.
//!
//! What a crash can do to the files, and what is done about it, is in `recover.rs` and `frame.rs`.
//! An open checks the last segment and whatever the index had not seen; older segments are checked
//! as they are read, and all at once by [`verify()`].

mod compare;
mod folder;
mod frame;
mod index;
mod indexer;
mod log;
mod overlay;
mod pace;
mod reader;
mod record;
mod recover;
mod reopening;
mod store;
mod verify;
mod writer;

pub use frame::StoreId;
pub use index::{Changes, Entry, Index, MemoryIndex, Reflects, TreeIndex};
pub use indexer::{Indexer, Progress};
pub use log::{Log, LogError, LogOptions};
pub use reader::Reader;
pub use recover::Cut;
pub use reopening::ReopeningStore;
pub use store::{EmbeddedStore, reindex};
pub use verify::{Streams, Verification, read_streams, verify, verify_disk};
pub use writer::{Answer, Request, Writer};

use super::disk::Disk;
use super::{Position, StoreError};
use folder::JOURNAL;
use std::sync::Arc;

/// The sizes of an embedded store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The journal's.
    pub log: LogOptions,
    /// Appends that may wait for the writer; further ones wait to be let in.
    pub queue: usize,
    /// Appends that may wait for the index; then the writer waits.
    pub backlog: usize,
    /// Memory these may take, roughly, in bytes.
    pub backlog_bytes: usize,
    /// Memory for the index's cache, in bytes.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { log: LogOptions::default(), queue: 1024, backlog: 400_000, backlog_bytes: 256 << 20, cache_bytes: 64 << 20 }
    }
}

/// What an open had to mend.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// What a crash left unfinished at the end of the journal. Nothing of it was acknowledged.
    pub cut: Option<Cut>,
    /// Why the index was set aside and made anew, if it was.
    pub rebuilt: Option<String>,
    /// Envelopes the index took up from the journal.
    pub replayed: u64,
}

/// An open store without threads: whoever holds it drives writer and indexer.
pub struct Parts {
    /// The read side.
    pub reader: Arc<Reader>,
    /// Stores appends.
    pub writer: Writer,
    /// Brings the index up.
    pub indexer: Indexer,
    /// What had to be mended.
    pub recovery: Recovery,
}

impl Parts {
    /// Opens the journal on a disk with an index that is empty or this journal's own.
    /// `new_id` names the journal when it is made; draw it at random.
    pub fn open(
        disk: Arc<dyn Disk>,
        index: Arc<dyn Index>,
        options: LogOptions,
        new_id: StoreId,
        progress: Progress<'_>,
    ) -> Result<Self, StoreError> {
        let known = index.reflects()?;
        let recover::Recovered { log, cut } = recover::recover(disk.clone(), options, new_id, known)?;
        let store_id = log.store_id();
        let from = match known {
            None => Position::START,
            Some(reflects) if reflects.store_id == store_id => reflects.position,
            Some(_) => return Err(StoreError::Index { reason: "it belongs to another journal".to_owned() }),
        };
        let reader = Arc::new(Reader::new(disk, index, store_id, log.durable()));
        reader.count_bytes()?;
        let mut indexer = Indexer::new(reader.clone());
        let replayed = indexer.replay(from, progress)?;
        let writer = Writer::new(log, reader.clone());
        Ok(Self { reader, writer, indexer, recovery: Recovery { cut, rebuilt: None, replayed } })
    }
}
