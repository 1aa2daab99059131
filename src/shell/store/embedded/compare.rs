//! Compares the index with the journal, while appends go on.
//!
//! The index is held still and the journal read up to its end. Of each stream the index must show
//! the newest record before the position it reflects, or any later one.

use super::super::{Check, Position, StoreError};
use super::frame::{place, segment_name};
use super::index::Entry;
use super::reader::Reader;
use super::record;
use super::recover::damaged;
use crate::domain::ids::IncidentId;
use crate::domain::journal::Sealed;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// The most differences that are kept.
const MOST: usize = 100;

/// What the journal says.
#[derive(Default)]
struct Truth {
    envelopes: u64,
    /// How many streams there are in all.
    stream_count: u64,
    /// Streams as of the position the index reflects.
    streams: BTreeMap<IncidentId, Entry>,
    /// The states of streams behind the position the index reflects.
    newer: BTreeMap<(IncidentId, Position), Entry>,
    keys: BTreeMap<Vec<u8>, IncidentId>,
    newer_keys: BTreeMap<Vec<u8>, IncidentId>,
}

pub(super) fn compare(reader: &Reader) -> Result<Check, StoreError> {
    let _still = reader.hold_index();
    let reflects = reader.index().reflects()?.map_or(Position::START, |reflects| reflects.position);
    let truth = read(reader, reflects)?;
    let mut check = Check { envelopes: truth.envelopes, streams: truth.stream_count, differences: Vec::new() };
    let mut differ = |what: String| {
        if check.differences.len() < MOST {
            check.differences.push(what);
        }
    };

    let mut agenda = BTreeSet::new();
    let mut missing: BTreeSet<&IncidentId> = truth.streams.keys().collect();
    reader.index().entries(None, &mut |stream, entry| {
        missing.remove(&stream);
        if let Some(at_ms) = entry.wake_ms() {
            agenda.insert((at_ms, stream.clone()));
        }
        let newer = truth.newer.get(&(stream.clone(), entry.position));
        match newer.or_else(|| truth.streams.get(&stream)) {
            Some(expected) if *expected == entry => {}
            Some(expected) => differ(format!(
                "`{stream}`: the journal ends with envelope {}, the index shows {} or another state of it",
                expected.head.seq, entry.head.seq
            )),
            None => differ(format!("`{stream}`: in the index, not in the journal")),
        }
        true
    })?;
    missing.into_iter().for_each(|stream| differ(format!("`{stream}`: in the journal, not in the index")));

    reader.index().agenda(&mut |at_ms, stream| {
        if !agenda.remove(&(at_ms, stream.clone())) {
            differ(format!("`{stream}`: the agenda has a wake at {at_ms} ms that the stream has not"));
        }
        true
    })?;
    agenda.into_iter().for_each(|(at_ms, stream)| differ(format!("`{stream}`: its wake at {at_ms} ms is not in the agenda")));

    let mut unclaimed: BTreeSet<&Vec<u8>> = truth.keys.keys().collect();
    reader.index().keys(&mut |key, stream| {
        unclaimed.remove(&key);
        if truth.keys.get(&key).or_else(|| truth.newer_keys.get(&key)) != Some(&stream) {
            differ(format!("`{stream}`: holds a key in the index that it never claimed"));
        }
        true
    })?;
    unclaimed.into_iter().for_each(|key| differ(format!("`{}`: a key it claimed is not in the index", truth.keys[key])));
    Ok(check)
}

fn read(reader: &Reader, reflects: Position) -> Result<Truth, StoreError> {
    let mut truth = Truth::default();
    let mut newest: BTreeMap<IncidentId, Entry> = BTreeMap::new();
    reader.frames(Position::START, reader.durable(), &mut |position, _, payload| {
        if payload.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let fault = |what: String| damaged(segment_name(place(position).0), place(position).1, what);
        let record = record::decode(payload).ok_or_else(|| fault("the record cannot be read".to_owned()))?;
        let sealed = Sealed::read(record.envelope.to_vec()).map_err(|envelope_fault| fault(envelope_fault.to_string()))?;
        let stream = sealed.stream();
        let card = record.card.map(<[u8]>::to_vec).or_else(|| newest.get(stream).and_then(|entry| entry.card.clone()));
        let wake = record.wake.map(|(at_ms, why)| (at_ms, why.to_owned()));
        let entry = Entry { head: sealed.head(), position, wake, card };
        let keys = record.keys.iter().map(|key| (key.to_vec(), stream.clone()));
        if position < reflects {
            truth.keys.extend(keys);
            truth.streams.insert(stream.clone(), entry.clone());
        } else {
            truth.newer_keys.extend(keys);
            truth.newer.insert((stream.clone(), position), entry.clone());
        }
        newest.insert(stream.clone(), entry);
        truth.envelopes += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    truth.stream_count = newest.len() as u64;
    Ok(truth)
}
