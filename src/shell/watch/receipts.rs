//! When each source was last heard of.

use crate::domain::ids::SourceId;
use crate::domain::instant::Instant;
use crate::shell::wall_clock;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The last delivery of each source since the start.
#[derive(Default)]
pub struct Receipts(Mutex<BTreeMap<SourceId, Receipt>>);

/// A delivery that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipt {
    /// By the wall clock, for people.
    pub at: Instant,
    /// By the clock that is never set.
    pub watch: tokio::time::Instant,
}

impl Receipts {
    /// A delivery of a source was taken, whatever was in it.
    pub fn heard(&self, source: &SourceId, now: Instant) {
        let receipt = Receipt { at: now, watch: wall_clock::stopwatch() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), receipt);
    }

    pub(super) fn of(&self, source: &SourceId) -> Option<Receipt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(source).copied()
    }
}
