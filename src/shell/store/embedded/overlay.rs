//! What is durable in the journal but not yet in the index.
//!
//! The writer puts every acknowledged append here; reads look here first, then in the index. The
//! indexer takes the oldest, writes them to the index, and settles them here. Of a stream only the
//! newest state counts, so that ten appends of one incident cost the index one write.

use super::super::Position;
use super::index::{Changes, Entry};
use crate::domain::ids::IncidentId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// One append, as the index will know it.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub stream: IncidentId,
    pub entry: Arc<Entry>,
    pub keys: Vec<Vec<u8>>,
    /// The stream's wake before this change, in milliseconds.
    pub wake_before_ms: Option<i64>,
    /// Where the journal goes on behind this append.
    pub next: Position,
}

#[derive(Default)]
pub(super) struct Overlay {
    streams: BTreeMap<IncidentId, Held>,
    agenda: BTreeSet<(i64, IncidentId)>,
    keys: BTreeMap<Vec<u8>, IncidentId>,
    queue: VecDeque<Queued>,
    bytes: usize,
}

struct Held {
    entry: Arc<Entry>,
    /// The wake the index has for this stream.
    indexed_wake_ms: Option<i64>,
}

struct Queued {
    stream: IncidentId,
    keys: Vec<Vec<u8>>,
    next: Position,
    bytes: usize,
}

/// The oldest changes, on their way to the index.
pub(super) struct Chunk {
    pub changes: Changes,
    queued: usize,
}

/// What a queued change takes in memory beside its card, keys and reason, roughly.
const OVERHEAD: usize = 400;

impl Overlay {
    pub fn put(&mut self, change: Change) {
        let Change { stream, entry, keys, wake_before_ms, next } = change;
        let bytes = OVERHEAD + entry.card.as_ref().map_or(0, Vec::len) + keys.iter().map(|key| 2 * key.len()).sum::<usize>();
        let wake_ms = entry.wake_ms();
        match self.streams.get_mut(&stream) {
            Some(held) => {
                if let Some(at_ms) = held.entry.wake_ms()
                    && Some(at_ms) != wake_ms
                {
                    self.agenda.remove(&(at_ms, stream.clone()));
                }
                held.entry = entry;
            }
            None => {
                self.streams.insert(stream.clone(), Held { entry, indexed_wake_ms: wake_before_ms });
            }
        }
        if let Some(at_ms) = wake_ms {
            self.agenda.insert((at_ms, stream.clone()));
        }
        for key in &keys {
            self.keys.insert(key.clone(), stream.clone());
        }
        self.bytes += bytes;
        self.queue.push_back(Queued { stream, keys, next, bytes });
    }

    pub fn entry(&self, stream: &IncidentId) -> Option<&Arc<Entry>> {
        self.streams.get(stream).map(|held| &held.entry)
    }

    pub fn holds(&self, stream: &IncidentId) -> bool {
        self.streams.contains_key(stream)
    }

    pub fn holder(&self, key: &[u8]) -> Option<&IncidentId> {
        self.keys.get(key)
    }

    /// Wakes in order.
    pub fn agenda(&self) -> impl Iterator<Item = &(i64, IncidentId)> {
        self.agenda.iter()
    }

    /// Streams by name, behind `after`.
    pub fn entries(&self, after: Option<&IncidentId>) -> impl Iterator<Item = (&IncidentId, &Arc<Entry>)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let range = (after.map_or(Unbounded, Excluded), Unbounded);
        self.streams.range::<IncidentId, _>(range).map(|(stream, held)| (stream, &held.entry))
    }

    /// Appends that wait for the index.
    pub fn backlog(&self) -> usize {
        self.queue.len()
    }

    /// Memory taken by what waits, roughly, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest changes, `limit` at most; `None` when nothing waits.
    ///
    /// Streams come in their newest state, which may be newer than what the changes reflect: a
    /// replay from there passes over what the index already has.
    pub fn chunk(&self, limit: usize) -> Option<Chunk> {
        let queued = self.queue.len().min(limit);
        let reflects = self.queue.get(queued.checked_sub(1)?)?.next;
        let mut changes = Changes { entries: Vec::with_capacity(queued), keys: Vec::new(), reflects };
        let mut seen = BTreeSet::new();
        for Queued { stream, keys, .. } in self.queue.range(..queued) {
            changes.keys.extend(keys.iter().map(|key| (key.clone(), stream.clone())));
            if let Some(held) = self.streams.get(stream)
                && seen.insert(stream)
            {
                changes.entries.push((stream.clone(), held.entry.clone(), held.indexed_wake_ms));
            }
        }
        Some(Chunk { changes, queued })
    }

    /// Forgets what the index has taken, unless it has changed since.
    pub fn settle(&mut self, chunk: &Chunk) {
        for Queued { bytes, keys, .. } in self.queue.drain(..chunk.queued) {
            self.bytes -= bytes;
            for key in keys {
                self.keys.remove(&key);
            }
        }
        for (stream, entry, _) in &chunk.changes.entries {
            let Some(held) = self.streams.get_mut(stream) else { continue };
            if held.entry.position == entry.position {
                self.streams.remove(stream);
                if let Some(at_ms) = entry.wake_ms() {
                    self.agenda.remove(&(at_ms, stream.clone()));
                }
            } else {
                held.indexed_wake_ms = entry.wake_ms();
            }
        }
    }
}
