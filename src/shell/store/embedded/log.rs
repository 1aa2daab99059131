//! The append side of the journal: frames gathered in a buffer, one write, one sync.
//!
//! Knows frames and files, not what is in a frame. [`Log`] alone is the ceiling of what the store can do.

use super::super::Position;
use super::super::StoreError;
use super::super::disk::{Disk, DiskFile, is_full};
use super::frame::{BLOCK, Framer, SegmentHeader, StoreId, block_up, frame_len, position, segment_name};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The name of a segment that is being made.
pub(super) const UNFINISHED: &str = "next.new";

/// The sizes of a journal.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Length of a segment in bytes, rounded up to blocks of 4096; 4 GiB at most.
    pub segment_bytes: u64,
    /// The most that is written and synced at once, in bytes; an append may be this long at most.
    pub group_bytes: usize,
    /// Whether the next segment is made ahead of its need, by a thread of its own.
    pub prepare_ahead: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, group_bytes: 4 << 20, prepare_ahead: true }
    }
}

impl LogOptions {
    pub(super) fn segment_len(&self) -> u64 {
        block_up(self.segment_bytes.clamp(2 * BLOCK, (1 << 32) - BLOCK))
    }

    /// The longest payload of a frame, in bytes.
    pub(super) fn max_payload(&self) -> usize {
        let room = usize::try_from(self.segment_len() - BLOCK).unwrap_or(usize::MAX);
        room.min(self.group_bytes.max(BLOCK as usize)) - frame_len(0)
    }
}

/// Why a group was not stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogError {
    /// No room; nothing of the group is on the disk, and the log can go on.
    #[error("{0}")]
    Full(String),
    /// The disk failed; the log must not go on.
    #[error("{0}")]
    Broken(String),
}

/// The end of the journal, and the group that waits to be written there.
pub struct Log {
    disk: Arc<dyn Disk>,
    options: LogOptions,
    store_id: StoreId,
    framer: Framer,
    segment: u32,
    segment_len: u64,
    file: Arc<dyn DiskFile>,
    /// Where the next group goes: everything before is durable.
    tail: u64,
    /// The checksum of the last durable frame.
    link: u32,
    buffer: Vec<u8>,
    /// The checksum of the last frame of the buffer.
    buffer_link: u32,
    next: Option<JoinHandle<io::Result<Arc<dyn DiskFile>>>>,
}

/// Where the journal was found to end.
pub(super) struct End {
    pub store_id: StoreId,
    pub segment: u32,
    pub segment_len: u64,
    pub file: Arc<dyn DiskFile>,
    pub tail: u64,
    pub link: u32,
}

impl Log {
    pub(super) fn resume(disk: Arc<dyn Disk>, options: LogOptions, end: End) -> Self {
        let End { store_id, segment, segment_len, file, tail, link } = end;
        let framer = Framer::new(&store_id);
        let (buffer, next) = (Vec::new(), None);
        Self { disk, options, store_id, framer, segment, segment_len, file, tail, link, buffer, buffer_link: link, next }
    }

    /// Opens the journal of a disk, mends its end, and makes it when there is none. For
    /// measurements: the store opens its journal with what the index knows.
    pub fn open(disk: Arc<dyn Disk>, options: LogOptions, new_id: StoreId) -> Result<Self, StoreError> {
        super::recover::recover(disk, options, new_id, None).map(|recovered| recovered.log)
    }

    /// Whether a payload of this length still fits the group, and the group its segment.
    pub fn fits(&self, payload: usize) -> bool {
        let len = self.buffer.len() + frame_len(payload);
        len <= self.options.group_bytes.max(BLOCK as usize) && self.tail + block_up(len as u64) <= self.segment_len
    }

    /// Whether no frame waits.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Puts a frame into the group, which it [`fits`](Self::fits). Returns its position.
    pub fn push(&mut self, payload: impl FnOnce(&mut Vec<u8>)) -> Position {
        let at = position(self.segment, self.tail + self.buffer.len() as u64);
        let durable = self.durable();
        self.buffer_link = self.framer.push(&mut self.buffer, at, durable, self.buffer_link, payload);
        at
    }

    /// Everything before this position is durable.
    pub fn durable(&self) -> Position {
        position(self.segment, self.tail)
    }

    /// The number of the segment written to.
    pub fn segment(&self) -> u32 {
        self.segment
    }

    pub(super) fn segment_len(&self) -> u64 {
        self.segment_len
    }

    pub(super) fn store_id(&self) -> StoreId {
        self.store_id
    }

    pub(super) fn options(&self) -> &LogOptions {
        &self.options
    }

    /// Writes the group and makes it durable; with no group it does nothing.
    pub fn commit(&mut self) -> Result<(), LogError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let len = block_up(self.buffer.len() as u64);
        self.buffer.resize(len as usize, 0);
        let outcome = self.write_group();
        if outcome.is_ok() {
            self.tail += len;
            self.link = self.buffer_link;
        }
        self.buffer.clear();
        self.buffer_link = self.link;
        self.prepare();
        outcome
    }

    fn write_group(&mut self) -> Result<(), LogError> {
        let name = segment_name(self.segment);
        if let Err(error) = self.file.write_at(self.tail, &self.buffer) {
            let scrubbed = self.scrub().and_then(|()| self.file.sync_data());
            return Err(match scrubbed {
                Ok(()) if is_full(&error) => LogError::Full(format!("cannot write `{name}`: {error}")),
                _ => LogError::Broken(format!("cannot write `{name}`: {error}")),
            });
        }
        self.file.sync_data().map_err(|error| {
            // The cache may show the group for as long as this machine runs, though the disk has
            // not got it. A restart must not take it for stored.
            let _ = self.scrub();
            LogError::Broken(format!("cannot sync `{name}`: {error}"))
        })
    }

    /// Puts zeros back where the group was to go, lest a part of it pass for stored.
    fn scrub(&mut self) -> io::Result<()> {
        self.buffer.fill(0);
        self.file.write_at(self.tail, &self.buffer)
    }

    /// Goes on to the next segment. Called with no group waiting.
    pub fn roll(&mut self) -> Result<(), LogError> {
        debug_assert!(self.is_idle(), "a group does not span segments");
        let prepared = self.next.take().and_then(|thread| thread.join().ok()).and_then(Result::ok);
        let created = prepared.map_or_else(|| create(&*self.disk, self.options.segment_len()), Ok);
        let file = created.map_err(|error| self.unroll(&error))?;
        let header = SegmentHeader {
            segment: self.segment + 1,
            len: self.options.segment_len(),
            store_id: self.store_id,
            previous_end: self.tail as u32,
            link: self.link,
        };
        finish(&*self.disk, &*file, &header).map_err(|error| self.unroll(&error))?;
        (self.segment, self.segment_len, self.file, self.tail) = (header.segment, header.len, file, BLOCK);
        Ok(())
    }

    /// The end of a roll that failed. Only a lack of room is harmless: no name was given then.
    fn unroll(&self, error: &io::Error) -> LogError {
        let name = segment_name(self.segment + 1);
        if is_full(error) && self.disk.remove(UNFINISHED).is_ok() {
            LogError::Full(format!("cannot make `{name}`: {error}"))
        } else {
            LogError::Broken(format!("cannot make `{name}`: {error}"))
        }
    }

    /// Has the next segment made once half of this one is used.
    fn prepare(&mut self) {
        if self.options.prepare_ahead && self.next.is_none() && self.tail > self.segment_len / 2 {
            let (disk, len) = (self.disk.clone(), self.options.segment_len());
            let thread = std::thread::Builder::new().name("wb-segment".to_owned());
            self.next = thread.spawn(move || create(&*disk, len)).ok();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(thread) = self.next.take() {
            let _ = thread.join();
        }
    }
}

/// Makes a file of zeros for a segment, durable but for its name.
pub(super) fn create(disk: &dyn Disk, len: u64) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(UNFINISHED, len)?;
    file.sync_data()?;
    Ok(file)
}

/// Writes the header, then gives the file its name: a segment that has its name is whole.
pub(super) fn finish(disk: &dyn Disk, file: &dyn DiskFile, header: &SegmentHeader) -> io::Result<()> {
    file.write_at(0, &header.encode())?;
    file.sync_data()?;
    disk.rename(UNFINISHED, &segment_name(header.segment))?;
    disk.sync_dir()
}
