//! Verifies a journal offline, without changing anything and without the index.

use super::super::StoreError;
use super::super::disk::{Disk, RealDisk};
use super::JOURNAL;
use super::frame::{BLOCK, Framer, SegmentHeader, Walk, segment_name};
use super::record;
use super::recover::{Cut, damaged, find_end, headers, read_range, used_len};
use crate::domain::ids::IncidentId;
use crate::domain::journal::{Chain, EnvelopeView, Head};
use std::collections::BTreeMap;
use std::path::Path;

/// What was found in a journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// Files read.
    pub segments: u64,
    /// Bytes up to the end of the last whole frame.
    pub bytes: u64,
    /// Envelopes read, each in its place in its chain.
    pub envelopes: u64,
    /// The head of each stream.
    pub heads: BTreeMap<IncidentId, Head>,
    /// A tail that a crash, or a writer at work, left unfinished. Harmless.
    pub torn: Option<Cut>,
    /// The first fault; what is behind it was not read.
    pub fault: Option<StoreError>,
}

/// Reads the whole journal of the store in `dir` and checks every frame, every sequence and every link.
///
/// An error says that the journal could not be read; what is wrong with it is in the outcome.
pub fn verify(dir: &Path) -> Result<Verification, StoreError> {
    let journal = dir.join(JOURNAL);
    if !journal.is_dir() {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(StoreError::disk("open", journal.display().to_string(), &error));
    }
    verify_disk(&RealDisk::read_only(&journal))
}

/// Envelopes by stream, each stream from its first.
pub type Streams = BTreeMap<IncidentId, Vec<Vec<u8>>>;

/// The envelopes of those streams of the store in `dir` that are wanted, each stream from its first, and what was
/// found on the way: the whole journal is read and checked. Nothing is changed, and no index is needed.
pub fn read_streams(dir: &Path, wanted: &dyn Fn(&IncidentId) -> bool) -> Result<(Verification, Streams), StoreError> {
    let journal = dir.join(JOURNAL);
    let mut streams = Streams::new();
    let found = verify_each(&RealDisk::read_only(&journal), &mut |envelope| {
        if let Ok(view) = EnvelopeView::read(envelope)
            && let stream = IncidentId::from(view.stream)
            && wanted(&stream)
        {
            streams.entry(stream).or_default().push(envelope.to_vec());
        }
    })?;
    Ok((found, streams))
}

/// The same on any disk.
pub fn verify_disk(disk: &dyn Disk) -> Result<Verification, StoreError> {
    verify_each(disk, &mut |_| {})
}

/// The same, showing every envelope whose place in its chain holds.
fn verify_each(disk: &dyn Disk, visit: &mut dyn FnMut(&[u8])) -> Result<Verification, StoreError> {
    let mut found = Verification::default();
    let mut chain = Chain::default();
    let outcome = headers(disk).and_then(|headers| {
        for (place, header) in headers.iter().enumerate() {
            check_segment(disk, header, headers.get(place + 1), &mut chain, &mut found, visit)?;
        }
        Ok(())
    });
    found.envelopes = chain.envelopes();
    found.heads = chain.heads().clone();
    match outcome {
        Ok(()) => Ok(found),
        Err(fault @ StoreError::Damaged { .. }) => Ok(Verification { fault: Some(fault), ..found }),
        Err(error) => Err(error),
    }
}

fn check_segment(
    disk: &dyn Disk,
    header: &SegmentHeader,
    next: Option<&SegmentHeader>,
    chain: &mut Chain,
    found: &mut Verification,
    visit: &mut dyn FnMut(&[u8]),
) -> Result<(), StoreError> {
    let name = segment_name(header.segment);
    let file = disk.open(&name).map_err(|error| StoreError::disk("open", &name, &error))?;
    let bytes = read_range(&*file, &name, 0, header.len)?;
    found.segments += 1;

    let framer = Framer::new(&header.store_id);
    let mut walk = Walk::new(framer, header.segment, 0, &bytes, BLOCK, Some(header.link));
    while let Some(frame) = walk.next_frame() {
        found.bytes += frame.end() - frame.offset;
        if !frame.payload.is_empty() {
            let fault = |what: String| damaged(&name, frame.offset, what);
            let record = record::decode(frame.payload).ok_or_else(|| fault("the record cannot be read".to_owned()))?;
            chain.take(record.envelope).map_err(|chain_fault| fault(chain_fault.to_string()))?;
            visit(record.envelope);
        }
    }
    let Some(next) = next else {
        let end = find_end(header, &bytes, None)?.stopped_at;
        let dirty = used_len(&bytes).saturating_sub(end as usize) as u64;
        found.torn = (dirty > 0).then_some(Cut { file: name, offset: end, bytes: dirty });
        return Ok(());
    };
    if walk.tail() != u64::from(next.previous_end) {
        return Err(damaged(name, walk.stopped_at(), "there is no whole frame here, but another segment follows"));
    }
    if walk.link() != Some(next.link) && walk.link().unwrap_or(header.link) != next.link {
        return Err(damaged(segment_name(next.segment), 0, "the segment does not follow the one before it"));
    }
    Ok(())
}
