//! The one writer: takes appends, checks them, writes them as a group, answers.
//!
//! [`Writer::step`] is the whole of it; a thread drives it in a daemon, the simulation by hand.

use super::super::{Append, AppendError, Appended, MAX_KEY, MAX_WHY, Position, StoreError, wake_ms};
use super::index::Entry;
use super::log::{Log, LogError};
use super::overlay::Change;
use super::reader::Reader;
use super::record;
use crate::domain::ids::IncidentId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The outcome of an append, to whoever waits for it.
pub type Answer = oneshot::Sender<Result<Appended, AppendError>>;

/// An append that waits.
pub struct Request {
    /// What to store.
    pub append: Append,
    /// Where the outcome goes; nobody need listen.
    pub answer: Answer,
}

/// Checked and in the log's buffer, not yet durable.
struct Staged {
    change: Change,
    answer: Answer,
}

/// The writer of a store.
pub struct Writer {
    log: Log,
    reader: Arc<Reader>,
    staged: Vec<Staged>,
    /// Refusals that hold only if the group becomes durable: what stood in the way may be in it.
    refused: Vec<(Answer, AppendError)>,
    /// The newest staged change of each stream, by its place in `staged`.
    staged_streams: BTreeMap<IncidentId, usize>,
    staged_keys: BTreeMap<Vec<u8>, IncidentId>,
    broken: Option<String>,
}

impl Writer {
    pub(super) fn new(log: Log, reader: Arc<Reader>) -> Self {
        let (staged, refused, staged_streams, staged_keys) = Default::default();
        Self { log, reader, staged, refused, staged_streams, staged_keys, broken: None }
    }

    /// Stores the requests in as few groups as they fit, and answers every one of them.
    pub fn step(&mut self, requests: impl IntoIterator<Item = Request>) {
        for Request { append, answer } in requests {
            match self.stage(append) {
                Ok(change) => self.remember(change, answer),
                Err(error) => self.refused.push((answer, error)),
            }
        }
        self.commit();
    }

    /// Leaves the mark of a clean stop: a restart then knows that everything before was durable.
    pub fn close(&mut self) {
        if self.broken.is_some() || (!self.log.fits(0) && self.log.roll().is_err()) {
            return;
        }
        self.log.push(|_| ());
        if self.log.commit().is_ok() {
            self.reader.set_durable(self.log.durable());
        }
    }

    /// Checks an append and puts it into the log's buffer.
    fn stage(&mut self, append: Append) -> Result<Change, AppendError> {
        if let Some(reason) = self.broken.clone().or_else(|| self.reader.broken()) {
            return Err(AppendError::Broken { reason });
        }
        if let Some(reason) = self.reader.no_room() {
            return Err(AppendError::Full { reason });
        }
        let len = check_size(&append, self.log.options().max_payload())?;
        // Room first: a commit may refuse what this append would have followed.
        if !self.log.fits(len) {
            self.commit();
            self.make_room(len)?;
        }
        let before = self.check_head(&append)?;
        self.check_keys(&append)?;
        let back = before.as_ref().map_or(Position::START, |entry| entry.position);
        let position = self.log.push(|buffer| record::encode(&append, back, buffer));
        let entry = Arc::new(Entry {
            head: append.sealed.head(),
            position,
            wake: append.wake.map(|wake| (wake_ms(wake.at), wake.why)),
            card: append.card.or_else(|| before.as_ref().and_then(|entry| entry.card.clone())),
        });
        let stream = append.sealed.stream().clone();
        let wake_before_ms = before.and_then(|entry| entry.wake_ms());
        Ok(Change { stream, entry, keys: append.unique, wake_before_ms, next: Position::START })
    }

    /// Goes on to another segment when this one is full.
    fn make_room(&mut self, len: usize) -> Result<(), AppendError> {
        if let Some(reason) = &self.broken {
            return Err(AppendError::Broken { reason: reason.clone() });
        }
        if self.log.fits(len) {
            return Ok(());
        }
        let rolled = self.log.roll();
        if rolled.is_ok() {
            self.reader.add_bytes(self.log.segment_len());
        }
        rolled.map_err(|error| self.refusal(error))
    }

    /// The state of the stream before, if the append follows its head.
    fn check_head(&self, append: &Append) -> Result<Option<Arc<Entry>>, AppendError> {
        let stream = append.sealed.stream();
        let before = match self.staged_streams.get(stream) {
            Some(&place) => Some(self.staged[place].change.entry.clone()),
            None => self.reader.entry(stream).map_err(unreadable)?,
        };
        let head = before.as_ref().map(|entry| entry.head);
        if head != append.sealed.follows() {
            return Err(AppendError::Conflict { stream: stream.clone(), head });
        }
        Ok(before)
    }

    fn check_keys(&self, append: &Append) -> Result<(), AppendError> {
        for key in &append.unique {
            let staged = self.staged_keys.get(key).cloned();
            let holder = match staged {
                Some(by) => Some(by),
                None => self.reader.holder(key).map_err(unreadable)?,
            };
            if let Some(by) = holder {
                return Err(AppendError::Taken { key: key.clone(), by });
            }
        }
        Ok(())
    }

    fn remember(&mut self, change: Change, answer: Answer) {
        self.staged_streams.insert(change.stream.clone(), self.staged.len());
        for key in &change.keys {
            self.staged_keys.insert(key.clone(), change.stream.clone());
        }
        self.staged.push(Staged { change, answer });
    }

    /// Makes the group durable, shows it to readers, then answers.
    fn commit(&mut self) {
        let outcome = self.log.commit().map_err(|error| self.refusal(error));
        self.staged_streams.clear();
        self.staged_keys.clear();
        if let Err(error) = outcome {
            let refused = self.refused.drain(..).map(|(answer, _)| answer);
            for answer in self.staged.drain(..).map(|staged| staged.answer).chain(refused) {
                let _ = answer.send(Err(error.clone()));
            }
            return;
        }
        for (answer, error) in self.refused.drain(..) {
            let _ = answer.send(Err(error));
        }
        let durable = self.log.durable();
        // Positions behind the single appends: the next one, and at last the end of the group.
        let nexts: Vec<_> = self.staged.iter().skip(1).map(|staged| staged.change.entry.position).chain([durable]).collect();
        let mut answers = Vec::with_capacity(self.staged.len());
        {
            let mut overlay = self.reader.overlay_mut();
            for (mut staged, next) in self.staged.drain(..).zip(nexts) {
                let entry = &staged.change.entry;
                answers.push((staged.answer, Appended { position: entry.position, head: entry.head }));
                staged.change.next = next;
                overlay.put(staged.change);
            }
            self.reader.set_durable(durable);
        }
        for (answer, appended) in answers {
            let _ = answer.send(Ok(appended));
        }
    }

    fn refusal(&mut self, error: LogError) -> AppendError {
        match error {
            LogError::Full(reason) => AppendError::Full { reason },
            LogError::Broken(reason) => {
                self.reader.break_down(&reason);
                self.broken.get_or_insert(reason.clone());
                AppendError::Broken { reason }
            }
        }
    }
}

/// What is refused because the index cannot be asked.
fn unreadable(error: StoreError) -> AppendError {
    match error {
        StoreError::Full { reason } => AppendError::Full { reason },
        error => AppendError::Broken { reason: error.to_string() },
    }
}

/// The length of the append's record, when the store takes it.
fn check_size(append: &Append, limit: usize) -> Result<usize, AppendError> {
    let too_large = |bytes, limit| Err(AppendError::TooLarge { bytes, limit });
    if let Some(wake) = append.wake.as_ref().filter(|wake| wake.why.len() > MAX_WHY) {
        return too_large(wake.why.len(), MAX_WHY);
    }
    if let Some(key) = append.unique.iter().find(|key| key.len() > MAX_KEY) {
        return too_large(key.len(), MAX_KEY);
    }
    if append.unique.len() > usize::from(u16::MAX) {
        return too_large(append.unique.len(), usize::from(u16::MAX));
    }
    let len = record::len_of(append);
    if len > limit { too_large(len, limit) } else { Ok(len) }
}
