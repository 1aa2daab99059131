//! Brings the index up with the journal: while appends run, after a restart, and from nothing.

use super::super::{Position, StoreError};
use super::frame::{place, segment_name};
use super::index::{Changes, Entry};
use super::overlay::Change;
use super::reader::Reader;
use super::record;
use super::recover::damaged;
use crate::domain::journal::Sealed;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Appends the index takes at once. Lookups wait while it does, so not too many.
const CHUNK: usize = 512;

/// Told how many bytes of how many are done.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Moves changes from the overlay to the index.
pub struct Indexer {
    reader: Arc<Reader>,
}

impl Indexer {
    pub(super) fn new(reader: Arc<Reader>) -> Self {
        Self { reader }
    }

    /// Writes the oldest changes to the index; `false` when there were none.
    pub fn step(&mut self) -> Result<bool, StoreError> {
        self.step_of(CHUNK)
    }

    /// The same, taking so many appends at most.
    pub fn step_of(&mut self, appends: usize) -> Result<bool, StoreError> {
        let _still = self.reader.hold_index();
        let Some(chunk) = self.reader.overlay().chunk(appends) else { return Ok(false) };
        self.reader.index().apply(self.reader.store_id(), &chunk.changes)?;
        self.reader.overlay_mut().settle(&chunk);
        Ok(true)
    }

    /// Takes up what the journal has and the index has not. Returns how many envelopes that were.
    ///
    /// The chain of every envelope is checked on the way. Of single streams the index may know more
    /// than it says it reflects, so what it knows is passed over.
    pub(super) fn replay(&mut self, from: Position, progress: Progress<'_>) -> Result<u64, StoreError> {
        let reader = self.reader.clone();
        let until = reader.durable();
        let total = reader.bytes_between(from, until)?;
        let (mut envelopes, mut done) = (0, 0);
        progress(0, total);
        reader.frames(from, until, &mut |position, next, payload| {
            done += payload.len() as u64;
            if payload.is_empty() {
                return Ok(ControlFlow::Continue(()));
            }
            let change = change_of(&reader, position, next, payload)?;
            reader.overlay_mut().put(change);
            envelopes += 1;
            if reader.overlay().backlog() >= CHUNK {
                self.step()?;
                progress(done.min(total), total);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        while self.step()? {}
        if reader.index().reflects()?.is_none_or(|reflects| reflects.position < until) {
            let nothing = Changes { entries: Vec::new(), keys: Vec::new(), reflects: until };
            reader.index().apply(reader.store_id(), &nothing)?;
        }
        progress(total, total);
        Ok(envelopes)
    }
}

/// What a stored record means for the index.
fn change_of(reader: &Reader, position: Position, next: Position, payload: &[u8]) -> Result<Change, StoreError> {
    let fault = |what: String| damaged(segment_name(place(position).0), place(position).1, what);
    let record = record::decode(payload).ok_or_else(|| fault("the record cannot be read".to_owned()))?;
    let sealed = Sealed::read(record.envelope.to_vec()).map_err(|envelope_fault| fault(envelope_fault.to_string()))?;
    let stream = sealed.stream().clone();
    let keys = record.keys.iter().map(|key| key.to_vec()).collect();
    let before = reader.entry(&stream)?;
    let wake_before_ms = before.as_ref().and_then(|entry| entry.wake_ms());
    if let Some(known) = before.as_ref().filter(|entry| entry.position >= position) {
        return Ok(Change { stream, entry: known.clone(), keys, wake_before_ms, next });
    }
    if sealed.follows() != before.as_ref().map(|entry| entry.head) {
        return Err(fault(format!("envelope {} of `{stream}` does not follow the one before it", sealed.head().seq)));
    }
    let entry = Entry {
        head: sealed.head(),
        position,
        wake: record.wake.map(|(at_ms, why)| (at_ms, why.to_owned())),
        card: record.card.map(<[u8]>::to_vec).or_else(|| before.and_then(|entry| entry.card.clone())),
    };
    Ok(Change { stream, entry: Arc::new(entry), keys, wake_before_ms, next })
}
