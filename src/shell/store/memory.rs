//! A store in memory: the contract at its plainest, for tests and rehearsals.

use super::embedded::{Changes, Entry, Index, MemoryIndex};
use super::{Append, AppendError, Appended, Appending, Check, Position, Scanned, Status, Store, StoreError, Wake};
use super::{instant_of_ms, wake_ms};
use crate::domain::ids::IncidentId;
use crate::domain::instant::Instant;
use crate::domain::journal::{Head, Sealed};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps everything until it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    index: MemoryIndex,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// Every envelope; its position is its place here.
    envelopes: Vec<Sealed>,
    closed: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, append: Append) -> Result<Appended, AppendError> {
        let broken = |error: StoreError| AppendError::Broken { reason: error.to_string() };
        let mut log = self.log();
        if log.closed {
            return Err(AppendError::Closed);
        }
        let stream = append.sealed.stream().clone();
        let before = self.index.entry(&stream).map_err(broken)?;
        let head = before.as_ref().map(|entry| entry.head);
        if head != append.sealed.follows() {
            return Err(AppendError::Conflict { stream, head });
        }
        for key in &append.unique {
            if let Some(by) = self.index.holder(key).map_err(broken)? {
                return Err(AppendError::Taken { key: key.clone(), by });
            }
        }
        let position = Position::from_u64(log.envelopes.len() as u64);
        let head = append.sealed.head();
        let wake_before_ms = before.as_ref().and_then(Entry::wake_ms);
        let entry = Entry {
            head,
            position,
            wake: append.wake.map(|wake| (wake_ms(wake.at), wake.why)),
            card: append.card.or_else(|| before.and_then(|entry| entry.card)),
        };
        let keys = append.unique.into_iter().map(|key| (key, stream.clone())).collect();
        let entries = vec![(stream, Arc::new(entry), wake_before_ms)];
        let changes = Changes { entries, keys, reflects: Position::from_u64(position.as_u64() + 1) };
        self.index.apply([0; 16], &changes).map_err(broken)?;
        log.envelopes.push(append.sealed);
        Ok(Appended { position, head })
    }
}

impl Store for MemoryStore {
    fn append(&self, append: Append) -> Appending<'_> {
        Box::pin(async move { self.store(append) })
    }

    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        let log = self.log();
        Ok(log.envelopes.iter().filter(|sealed| sealed.stream() == stream).map(|sealed| sealed.bytes().to_vec()).collect())
    }

    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError> {
        Ok(self.index.entry(stream)?.map(|entry| entry.head))
    }

    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError> {
        Ok(self.index.entry(stream)?.and_then(|entry| entry.to_wake()))
    }

    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        self.index.holder(key)
    }

    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError> {
        let until_ms = until.timestamp_millis();
        let mut due = Vec::new();
        self.index.agenda(&mut |at_ms, stream| {
            let wanted = at_ms <= until_ms && due.len() < limit;
            if wanted {
                due.push((instant_of_ms(at_ms), stream));
            }
            wanted
        })?;
        Ok(due)
    }

    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError> {
        Ok(self.due(Instant::MAX_UTC, 1)?.pop())
    }

    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        let mut cards = Vec::new();
        self.index.entries(after, &mut |stream, entry| {
            if cards.len() < limit {
                cards.extend(entry.card.map(|card| (stream, card)));
            }
            cards.len() < limit
        })?;
        Ok(cards)
    }

    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        let log = self.log();
        let mut next = from;
        for sealed in log.envelopes.iter().skip(usize::try_from(from.as_u64()).unwrap_or(usize::MAX)) {
            let position = next;
            next = Position::from_u64(position.as_u64() + 1);
            if visit(Scanned { position, next, envelope: sealed.bytes() }).is_break() {
                break;
            }
        }
        Ok(next)
    }

    fn check(&self) -> Result<Check, StoreError> {
        let mut streams = 0;
        self.index.entries(None, &mut |_, _| {
            streams += 1;
            true
        })?;
        Ok(Check { envelopes: self.log().envelopes.len() as u64, streams, differences: Vec::new() })
    }

    fn status(&self) -> Status {
        let envelopes = self.log().envelopes.len() as u64;
        Status { position: Position::from_u64(envelopes), ..Status::default() }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.log().closed = true;
        Ok(())
    }
}
