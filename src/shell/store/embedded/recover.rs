//! Finding the end of a journal that may have been cut off anywhere.
//!
//! Only the last segment may be torn. Its frames are walked up to the first place that holds none.
//! If anything proves that more than this was durable once, the journal is damaged, and that is an
//! error: a later frame that says so, or the index, which never runs ahead of a sync. Otherwise the
//! rest was never acknowledged; it is overwritten with zeros before anything new is written.

use super::super::disk::{Disk, DiskFile};
use super::super::{Position, StoreError};
use super::frame::{
    BLOCK, Framer, SEGMENT_HEADER, SegmentHeader, StoreId, Walk, block_up, place, position, segment_name, segment_number,
};
use super::index::Reflects;
use super::log::{End, Log, LogOptions, UNFINISHED, create, finish};
use std::sync::Arc;

/// What a crash left at the end of the journal, and was cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The segment's file.
    pub file: String,
    /// Where the last whole envelope ends.
    pub offset: u64,
    /// How many bytes behind it were not zero up to the last that was not.
    pub bytes: u64,
}

pub(super) struct Recovered {
    pub log: Log,
    pub cut: Option<Cut>,
}

/// Opens the journal for appending; `known` is what the index has seen, if it is this journal's.
pub(super) fn recover(
    disk: Arc<dyn Disk>,
    options: LogOptions,
    new_id: StoreId,
    known: Option<Reflects>,
) -> Result<Recovered, StoreError> {
    let names = disk.list().map_err(|error| StoreError::disk("list", "journal", &error))?;
    if names.iter().any(|name| name == UNFINISHED) {
        disk.remove(UNFINISHED).map_err(|error| StoreError::disk("remove", UNFINISHED, &error))?;
    }
    // A name that is seen may not be durable: the roll that gave it may have failed at the very end.
    disk.sync_dir().map_err(|error| StoreError::disk("sync", "journal", &error))?;
    let headers = headers(&*disk)?;
    let Some(header) = headers.last() else {
        return begin(disk, options, new_id, known).map(|log| Recovered { log, cut: None });
    };
    let name = segment_name(header.segment);
    let file = disk.open(&name).map_err(|error| StoreError::disk("open", &name, &error))?;
    let bytes = read_range(&*file, &name, 0, header.len)?;
    let known_durable = known.filter(|known| known.store_id == header.store_id).map(|known| known.position);
    let end = find_end(header, &bytes, known_durable)?;
    let cut = mend(&*file, &name, &bytes, end.stopped_at, &options)?;
    let end =
        End { store_id: header.store_id, segment: header.segment, segment_len: header.len, file, tail: end.tail, link: end.link };
    Ok(Recovered { log: Log::resume(disk, options, end), cut })
}

/// Makes the first segment.
fn begin(disk: Arc<dyn Disk>, options: LogOptions, store_id: StoreId, known: Option<Reflects>) -> Result<Log, StoreError> {
    if let Some(known) = known {
        return Err(ends_early(known.position, position(1, 0)));
    }
    let header = SegmentHeader { segment: 1, len: options.segment_len(), store_id, previous_end: 0, link: 0 };
    let made = create(&*disk, header.len).and_then(|file| finish(&*disk, &*file, &header).map(|()| file));
    let file = made.map_err(|error| StoreError::disk("make", segment_name(1), &error))?;
    let end = End { store_id, segment: 1, segment_len: header.len, file, tail: BLOCK, link: 0 };
    Ok(Log::resume(disk, options, end))
}

/// The headers of all segments, which must be there without a gap and belong together.
pub(super) fn headers(disk: &dyn Disk) -> Result<Vec<SegmentHeader>, StoreError> {
    let names = disk.list().map_err(|error| StoreError::disk("list", "journal", &error))?;
    let mut segments: Vec<u32> = names.iter().filter_map(|name| segment_number(name)).collect();
    segments.sort_unstable();
    let mut headers: Vec<SegmentHeader> = Vec::with_capacity(segments.len());
    for (due, segment) in (1..).zip(segments) {
        let name = segment_name(due);
        if segment != due {
            return Err(damaged(name, 0, "the file is missing"));
        }
        let header = read_header(disk, &name)?;
        let fits = headers.last().is_none_or(|last| last.store_id == header.store_id);
        if header.segment != segment || !fits {
            return Err(damaged(name, 0, "the file belongs to another journal, or to another place in this one"));
        }
        headers.push(header);
    }
    Ok(headers)
}

fn read_header(disk: &dyn Disk, name: &str) -> Result<SegmentHeader, StoreError> {
    let file = disk.open(name).map_err(|error| StoreError::disk("open", name, &error))?;
    let len = file.len().map_err(|error| StoreError::disk("read", name, &error))?;
    let mut bytes = [0; SEGMENT_HEADER];
    if len >= SEGMENT_HEADER as u64 {
        file.read_at(0, &mut bytes).map_err(|error| StoreError::disk("read", name, &error))?;
    }
    let header = SegmentHeader::decode(&bytes).map_err(|what| damaged(name, 0, what))?;
    if header.len != len {
        return Err(damaged(name, len.min(header.len), format!("the file has {len} bytes where {} are due", header.len)));
    }
    Ok(header)
}

/// Where the frames of the last segment end.
pub(super) struct FoundEnd {
    /// The first byte that belongs to no frame.
    pub stopped_at: u64,
    /// Where the next group goes.
    pub tail: u64,
    pub link: u32,
}

/// Walks the last segment and tells a torn tail from a damaged middle.
pub(super) fn find_end(header: &SegmentHeader, bytes: &[u8], known_durable: Option<Position>) -> Result<FoundEnd, StoreError> {
    let framer = Framer::new(&header.store_id);
    let name = segment_name(header.segment);
    let mut walk = Walk::new(framer, header.segment, 0, bytes, BLOCK, Some(header.link));
    while walk.next_frame().is_some() {}
    let stopped_at = walk.stopped_at();
    if let Some(witness) = framer.witness_behind(header.segment, bytes, stopped_at, used_len(bytes) as u64) {
        let what = format!("there is no whole frame here, but the one at offset {witness} was written when there was");
        return Err(damaged(name, stopped_at, what));
    }
    let end = position(header.segment, stopped_at);
    if let Some(known) = known_durable.filter(|&known| known > end) {
        return Err(ends_early(known, end));
    }
    Ok(FoundEnd { stopped_at, tail: walk.tail(), link: walk.link().unwrap_or(header.link) })
}

fn ends_early(known: Position, end: Position) -> StoreError {
    let ((known_segment, known_offset), (segment, offset)) = (place(known), place(end));
    let known_name = segment_name(known_segment);
    let what = format!("the whole frames end here, but the index has seen them up to offset {known_offset} of `{known_name}`");
    damaged(segment_name(segment), offset, what)
}

/// Overwrites everything behind the end with zeros and makes the whole segment durable.
///
/// The blocks a group could have reached are written even where they read as zeros: after a failed
/// sync the cache may show what the disk does not have.
fn mend(file: &dyn DiskFile, name: &str, bytes: &[u8], end: u64, options: &LogOptions) -> Result<Option<Cut>, StoreError> {
    let failed = |error: &std::io::Error| StoreError::disk("mend", name, error);
    let rest = &bytes[end as usize..];
    let dirty = used_len(rest);
    let reach = block_up(options.group_bytes as u64) as usize;
    let zeros = vec![0; dirty.max(reach).min(rest.len())];
    file.write_at(end, &zeros).map_err(|error| failed(&error))?;
    file.sync_data().map_err(|error| failed(&error))?;
    Ok((dirty > 0).then(|| Cut { file: name.to_owned(), offset: end, bytes: dirty as u64 }))
}

/// The length without the zeros at the end.
pub(super) fn used_len(bytes: &[u8]) -> usize {
    const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
    // Whole blocks are compared first: a fresh segment is 64 MiB of zeros.
    let mut end = bytes.len();
    while let Some(block) = end.checked_sub(ZEROS.len()).map(|start| &bytes[start..end])
        && *block == ZEROS
    {
        end -= ZEROS.len();
    }
    bytes[..end].iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)
}

/// Reads a part of a segment.
pub(super) fn read_range(file: &dyn DiskFile, name: &str, from: u64, to: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
    file.read_at(from, &mut bytes).map_err(|error| StoreError::disk("read", name, &error))?;
    Ok(bytes)
}

pub(super) fn damaged(file: impl Into<String>, offset: u64, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { file: file.into(), offset, what: what.into() }
}
