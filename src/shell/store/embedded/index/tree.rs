//! The index on disk: one sled tree. The only user of sled.
//!
//! | key | value |
//! |---|---|
//! | `m` | version, store id, position it reflects, CRC-32C |
//! | `s` stream | head, position, wake, card |
//! | `w` milliseconds (sign bit flipped, big-endian) stream | |
//! | `u` key | stream |
//!
//! sled is not trusted with anything that cannot be rebuilt: what it calls a flush does not survive
//! a power cut, and opening a torn file may panic. Nothing here waits for a flush while appends run.

use super::super::super::disk::is_full;
use super::super::super::{Position, StoreError};
use super::super::frame::StoreId;
use super::{Changes, Entry, Index, Reflects};
use crate::domain::ids::IncidentId;
use crate::domain::journal::Head;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const META: &[u8] = b"m";
const STREAM: u8 = b's';
const WAKE: u8 = b'w';
const KEY: u8 = b'u';
const VERSION: u8 = 1;

/// How often sled writes its buffers out by itself. What it had not written is replayed from the journal.
const FLUSH_MS: u64 = 1000;

/// An index in a folder.
pub struct TreeIndex {
    db: sled::Db,
}

impl TreeIndex {
    /// Opens the index of a folder; it is empty when the folder is new. Panics of sled are errors here.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let config =
            sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(Some(FLUSH_MS)).print_profile_on_drop(false);
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => Ok(Self { db }),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(StoreError::Index { reason: "its files are torn".to_owned() }),
        }
    }

    /// Whether nothing at all is in it.
    pub fn is_empty(&self) -> bool {
        self.db.is_empty()
    }
}

fn fault(error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Io(io) if is_full(io) => StoreError::Full { reason: format!("the index cannot be written: {io}") },
        error => StoreError::Index { reason: error.to_string() },
    }
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Index { reason: format!("{what} cannot be read") }
}

fn stream_key(stream: &IncidentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + stream.as_str().len());
    key.push(STREAM);
    key.extend_from_slice(stream.as_str().as_bytes());
    key
}

fn wake_key(at_ms: i64, stream: &IncidentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(9 + stream.as_str().len());
    key.push(WAKE);
    key.extend_from_slice(&((at_ms as u64) ^ (1 << 63)).to_be_bytes());
    key.extend_from_slice(stream.as_str().as_bytes());
    key
}

fn claim_key(claim: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + claim.len());
    key.push(KEY);
    key.extend_from_slice(claim);
    key
}

fn encode_entry(entry: &Entry) -> Vec<u8> {
    let card_len = entry.card.as_ref().map_or(0, Vec::len);
    let why_len = entry.wake.as_ref().map_or(0, |(_, why)| why.len());
    let mut bytes = Vec::with_capacity(60 + why_len + card_len);
    bytes.extend_from_slice(&entry.head.seq.to_be_bytes());
    bytes.extend_from_slice(&entry.head.hash);
    bytes.extend_from_slice(&entry.position.as_u64().to_be_bytes());
    bytes.push(u8::from(entry.wake.is_some()) | u8::from(entry.card.is_some()) << 1);
    if let Some((at_ms, why)) = &entry.wake {
        bytes.extend_from_slice(&at_ms.to_be_bytes());
        bytes.extend_from_slice(&(why.len() as u16).to_be_bytes());
        bytes.extend_from_slice(why.as_bytes());
    }
    if let Some(card) = &entry.card {
        bytes.extend_from_slice(card);
    }
    bytes
}

fn decode_entry(mut bytes: &[u8]) -> Option<Entry> {
    fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
        let (taken, left) = rest.split_at_checked(len)?;
        *rest = left;
        Some(taken)
    }
    let rest = &mut bytes;
    let seq = u64::from_be_bytes(take(rest, 8)?.try_into().ok()?);
    let hash = take(rest, 32)?.try_into().ok()?;
    let position = Position::from_u64(u64::from_be_bytes(take(rest, 8)?.try_into().ok()?));
    let flags = take(rest, 1)?[0];
    let wake = if flags & 1 == 0 {
        None
    } else {
        let at_ms = i64::from_be_bytes(take(rest, 8)?.try_into().ok()?);
        let why_len = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
        Some((at_ms, std::str::from_utf8(take(rest, usize::from(why_len))?).ok()?.to_owned()))
    };
    let card = (flags & 2 != 0).then(|| rest.to_vec());
    Some(Entry { head: Head { seq, hash }, position, wake, card })
}

fn decode_stream(bytes: &[u8]) -> Result<IncidentId, StoreError> {
    std::str::from_utf8(bytes).map(IncidentId::new).map_err(|_| unreadable("the name of a stream"))
}

fn encode_meta(reflects: &Reflects) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&reflects.store_id);
    bytes.extend_from_slice(&reflects.position.as_u64().to_be_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
    bytes
}

fn decode_meta(bytes: &[u8]) -> Option<Reflects> {
    let (meta, crc) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(meta) != u32::from_be_bytes(*crc) || meta.len() != 25 || meta[0] != VERSION {
        return None;
    }
    let position = Position::from_u64(u64::from_be_bytes(meta[17..].try_into().ok()?));
    Some(Reflects { store_id: meta[1..17].try_into().ok()?, position })
}

impl Index for TreeIndex {
    fn reflects(&self) -> Result<Option<Reflects>, StoreError> {
        match self.db.get(META).map_err(|error| fault(&error))? {
            Some(bytes) => decode_meta(&bytes).map(Some).ok_or_else(|| unreadable("what it reflects")),
            None => Ok(None),
        }
    }

    fn entry(&self, stream: &IncidentId) -> Result<Option<Entry>, StoreError> {
        match self.db.get(stream_key(stream)).map_err(|error| fault(&error))? {
            Some(bytes) => decode_entry(&bytes).map(Some).ok_or_else(|| unreadable("the entry of a stream")),
            None => Ok(None),
        }
    }

    fn holder(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        let found = self.db.get(claim_key(key)).map_err(|error| fault(&error))?;
        found.map(|bytes| decode_stream(&bytes)).transpose()
    }

    fn agenda(&self, visit: &mut dyn FnMut(i64, IncidentId) -> bool) -> Result<(), StoreError> {
        for item in self.db.scan_prefix([WAKE]) {
            let (key, _) = item.map_err(|error| fault(&error))?;
            let (at, stream) = key[1..].split_first_chunk::<8>().ok_or_else(|| unreadable("a wake"))?;
            let at_ms = (u64::from_be_bytes(*at) ^ (1 << 63)) as i64;
            if !visit(at_ms, decode_stream(stream)?) {
                break;
            }
        }
        Ok(())
    }

    fn entries(&self, after: Option<&IncidentId>, visit: &mut dyn FnMut(IncidentId, Entry) -> bool) -> Result<(), StoreError> {
        // No name continues with a zero byte less than nothing: the first key behind a name is the name and a zero.
        let start = after.map_or(vec![STREAM], |stream| [stream_key(stream), vec![0]].concat());
        for item in self.db.range(start..vec![STREAM + 1]) {
            let (key, value) = item.map_err(|error| fault(&error))?;
            let entry = decode_entry(&value).ok_or_else(|| unreadable("the entry of a stream"))?;
            if !visit(decode_stream(&key[1..])?, entry) {
                break;
            }
        }
        Ok(())
    }

    fn keys(&self, visit: &mut dyn FnMut(Vec<u8>, IncidentId) -> bool) -> Result<(), StoreError> {
        for item in self.db.scan_prefix([KEY]) {
            let (key, stream) = item.map_err(|error| fault(&error))?;
            if !visit(key[1..].to_vec(), decode_stream(&stream)?) {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, store_id: StoreId, changes: &Changes) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (stream, entry, indexed_wake_ms) in &changes.entries {
            let wake_ms = entry.wake_ms();
            if let Some(at_ms) = indexed_wake_ms.filter(|&at_ms| Some(at_ms) != wake_ms) {
                batch.remove(wake_key(at_ms, stream));
            }
            if let Some(at_ms) = wake_ms.filter(|&at_ms| Some(at_ms) != *indexed_wake_ms) {
                batch.insert(wake_key(at_ms, stream), sled::IVec::default());
            }
            batch.insert(stream_key(stream), encode_entry(entry));
        }
        for (key, stream) in &changes.keys {
            batch.insert(claim_key(key), stream.as_str().as_bytes());
        }
        batch.insert(META, encode_meta(&Reflects { store_id, position: changes.reflects }));
        self.db.apply_batch(batch).map_err(|error| fault(&error))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map(|_| ()).map_err(|error| fault(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_with_and_without_wake_and_card() {
        let bare = Entry { head: Head { seq: 3, hash: [5; 32] }, position: Position::from_u64(77), wake: None, card: None };
        let full = Entry { wake: Some((-1, "why".to_owned())), card: Some(b"card".to_vec()), ..bare.clone() };
        let empty_card = Entry { card: Some(Vec::new()), ..bare.clone() };
        for entry in [bare, full, empty_card] {
            assert_eq!(decode_entry(&encode_entry(&entry)), Some(entry));
        }
    }

    #[test]
    fn wakes_sort_by_instant_even_before_1970() {
        let stream = "inc-1".into();
        assert!(wake_key(-2, &stream) < wake_key(-1, &stream));
        assert!(wake_key(-1, &stream) < wake_key(0, &stream));
        assert!(wake_key(0, &stream) < wake_key(1 << 40, &stream));
    }

    #[test]
    fn a_changed_meta_record_is_no_meta_record() {
        let reflects = Reflects { store_id: [1; 16], position: Position::from_u64(9) };
        let bytes = encode_meta(&reflects);
        assert_eq!(decode_meta(&bytes), Some(reflects));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(decode_meta(&changed), None, "byte {at}");
        }
    }
}
