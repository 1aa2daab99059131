//! What can be found without reading the journal. Everything here can be rebuilt from it.
//!
//! An index says which part of which journal it [`Reflects`]; of single streams it may know more.

mod memory;
mod tree;

pub use memory::MemoryIndex;
pub use tree::TreeIndex;

use super::super::{Position, StoreError, Wake, instant_of_ms};
use super::frame::StoreId;
use crate::domain::ids::IncidentId;
use crate::domain::journal::Head;
use std::sync::Arc;

/// All that is kept of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its last envelope.
    pub head: Head,
    /// Where that stands in the journal.
    pub position: Position,
    /// When to look again: milliseconds since 1970-01-01T00:00:00Z, and why.
    pub wake: Option<(i64, String)>,
    /// Its card for the board.
    pub card: Option<Vec<u8>>,
}

impl Entry {
    pub(in super::super::super) fn wake_ms(&self) -> Option<i64> {
        self.wake.as_ref().map(|&(at_ms, _)| at_ms)
    }

    pub(in super::super::super) fn to_wake(&self) -> Option<Wake> {
        self.wake.as_ref().map(|(at_ms, why)| Wake { at: instant_of_ms(*at_ms), why: why.clone() })
    }
}

/// The part of a journal an index covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reflects {
    /// Which journal.
    pub store_id: StoreId,
    /// Everything before this position is in the index.
    pub position: Position,
}

/// Changes to be made together or not at all.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Streams in their new state, each with the wake the index has for it, in milliseconds.
    pub entries: Vec<(IncidentId, Arc<Entry>, Option<i64>)>,
    /// Keys and who claimed them.
    pub keys: Vec<(Vec<u8>, IncidentId)>,
    /// What the index reflects with these changes.
    pub reflects: Position,
}

/// An index. Visitors return whether to go on.
pub trait Index: Send + Sync {
    /// What it covers; `None` for an empty one.
    fn reflects(&self) -> Result<Option<Reflects>, StoreError>;

    /// What is kept of a stream.
    fn entry(&self, stream: &IncidentId) -> Result<Option<Entry>, StoreError>;

    /// Who claimed a key.
    fn holder(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError>;

    /// Shows all wakes by instant, then name.
    fn agenda(&self, visit: &mut dyn FnMut(i64, IncidentId) -> bool) -> Result<(), StoreError>;

    /// Shows all streams by name, behind `after`.
    fn entries(&self, after: Option<&IncidentId>, visit: &mut dyn FnMut(IncidentId, Entry) -> bool) -> Result<(), StoreError>;

    /// Shows all keys in order.
    fn keys(&self, visit: &mut dyn FnMut(Vec<u8>, IncidentId) -> bool) -> Result<(), StoreError>;

    /// Makes changes, all or none of them.
    fn apply(&self, store_id: StoreId, changes: &Changes) -> Result<(), StoreError>;

    /// Writes everything to files, where there are any. Not durable by itself.
    fn flush(&self) -> Result<(), StoreError>;
}
