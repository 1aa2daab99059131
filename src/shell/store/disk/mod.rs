//! The few file operations the journal needs, so that a simulated disk can stand in.
//!
//! A disk is one flat folder. What was written is durable only after [`DiskFile::sync_data`], a
//! name only after [`Disk::sync_dir`].

mod real;
mod simulated;

pub use real::RealDisk;
pub(crate) use real::sync_folder;
pub use simulated::{Fault, SimulatedDisk};

use std::io;
use std::sync::Arc;

/// A folder of files.
pub trait Disk: Send + Sync {
    /// The names of all files, sorted.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A new file of `len` zero bytes that are really there, so that writing into it cannot run out
    /// of space. Replaces a file of this name. Neither content nor name is durable yet.
    fn create(&self, name: &str, len: u64) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations, renames and removals durable.
    fn sync_dir(&self) -> io::Result<()>;
}

/// An open file of fixed length.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// Fills the buffer from an offset, or fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all bytes at an offset, or fails with any part of them written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable. After a failure nothing is known of the bytes written since
    /// the last success, and a second call proves nothing.
    fn sync_data(&self) -> io::Result<()>;
}

/// Whether an error says that there is no room, rather than that the disk is failing.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
