//! An index in memory: for the simulation, and to compare another index with.

use super::super::super::StoreError;
use super::super::frame::StoreId;
use super::{Changes, Entry, Index, Reflects};
use crate::domain::ids::IncidentId;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryIndex(Mutex<Content>);

#[derive(Clone, Default)]
struct Content {
    reflects: Option<Reflects>,
    entries: BTreeMap<IncidentId, Entry>,
    agenda: BTreeSet<(i64, IncidentId)>,
    keys: BTreeMap<Vec<u8>, IncidentId>,
}

impl MemoryIndex {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for MemoryIndex {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.content().clone()))
    }
}

impl Index for MemoryIndex {
    fn reflects(&self) -> Result<Option<Reflects>, StoreError> {
        Ok(self.content().reflects)
    }

    fn entry(&self, stream: &IncidentId) -> Result<Option<Entry>, StoreError> {
        Ok(self.content().entries.get(stream).cloned())
    }

    fn holder(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        Ok(self.content().keys.get(key).cloned())
    }

    fn agenda(&self, visit: &mut dyn FnMut(i64, IncidentId) -> bool) -> Result<(), StoreError> {
        let content = self.content();
        let _ = content.agenda.iter().all(|(at_ms, stream)| visit(*at_ms, stream.clone()));
        Ok(())
    }

    fn entries(&self, after: Option<&IncidentId>, visit: &mut dyn FnMut(IncidentId, Entry) -> bool) -> Result<(), StoreError> {
        let content = self.content();
        let mut entries = content.entries.range::<IncidentId, _>((after.map_or(Unbounded, Excluded), Unbounded));
        let _ = entries.all(|(stream, entry)| visit(stream.clone(), entry.clone()));
        Ok(())
    }

    fn keys(&self, visit: &mut dyn FnMut(Vec<u8>, IncidentId) -> bool) -> Result<(), StoreError> {
        let content = self.content();
        let _ = content.keys.iter().all(|(key, stream)| visit(key.clone(), stream.clone()));
        Ok(())
    }

    fn apply(&self, store_id: StoreId, changes: &Changes) -> Result<(), StoreError> {
        let mut content = self.content();
        for (stream, entry, indexed_wake_ms) in &changes.entries {
            if let Some(at_ms) = indexed_wake_ms {
                content.agenda.remove(&(*at_ms, stream.clone()));
            }
            if let Some(at_ms) = entry.wake_ms() {
                content.agenda.insert((at_ms, stream.clone()));
            }
            content.entries.insert(stream.clone(), Entry::clone(entry));
        }
        content.keys.extend(changes.keys.iter().cloned());
        content.reflects = Some(Reflects { store_id, position: changes.reflects });
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
