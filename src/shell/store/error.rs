//! Why a store refused, or could not answer.

use super::disk::is_full;
use crate::domain::ids::IncidentId;
use crate::domain::journal::Head;
use std::path::PathBuf;

/// Why an append was not stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendError {
    /// The envelope does not follow the head of its stream: somebody was faster.
    #[error("`{stream}` has moved on to envelope {seq}\nhint: load it again and decide anew", seq = head.map_or(0, |head| head.seq))]
    Conflict {
        /// The stream.
        stream: IncidentId,
        /// Its head, `None` when it has no envelope.
        head: Option<Head>,
    },
    /// A unique key is held already.
    #[error("a unique key is held by `{by}`")]
    Taken {
        /// The key.
        key: Vec<u8>,
        /// Who claimed it, perhaps this very stream.
        by: IncidentId,
    },
    /// The append is longer than the store takes.
    #[error("the append has {bytes} bytes, the store takes {limit}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit it breaks.
        limit: usize,
    },
    /// The disk has no room. Nothing was stored; appends go on once there is room.
    #[error("the disk of the store is full: {reason}\nhint: free some space, appends go on by themselves")]
    Full {
        /// The disk's own words.
        reason: String,
    },
    /// The writer has stopped for good, since it can no longer promise durability.
    #[error("the store takes no more appends: {reason}\nhint: mend the disk, then restart")]
    Broken {
        /// What stopped it.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Why a store could not be opened or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("the store in `{dir}` is in use by {holder}\nhint: stop that process, or give this one a folder of its own", dir = dir.display())]
    InUse {
        /// The folder of the store.
        dir: PathBuf,
        /// The process, such as `process 4711`.
        holder: String,
    },
    /// The journal is not what was written.
    #[error(
        "the journal is damaged in `{file}` at offset {offset}: {what}\nhint: restore `{file}` from a backup; nothing is skipped over"
    )]
    Damaged {
        /// The file's name in the journal's folder.
        file: String,
        /// The byte the fault begins at.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{file}`: {reason}")]
    Disk {
        /// What was tried, such as `open`.
        action: &'static str,
        /// The file or folder.
        file: String,
        /// The disk's own words.
        reason: String,
    },
    /// The disk has no room for the index. Nothing is lost; it goes on once there is room.
    #[error("the disk of the store is full: {reason}\nhint: free some space")]
    Full {
        /// The disk's own words.
        reason: String,
    },
    /// The index failed; it holds nothing that the journal does not.
    #[error("the index of the store failed: {reason}\nhint: restart, or run `watchbell journal reindex`")]
    Index {
        /// What failed.
        reason: String,
    },
}

impl StoreError {
    /// Wraps an error of the disk.
    pub(crate) fn disk(action: &'static str, file: impl Into<String>, error: &std::io::Error) -> Self {
        if is_full(error) {
            return Self::Full { reason: format!("cannot {action} `{}`: {error}", file.into()) };
        }
        Self::Disk { action, file: file.into(), reason: error.to_string() }
    }
}
