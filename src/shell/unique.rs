//! Unique keys: what of a delivery, a report or a day may be on record once.

use sha2::{Digest, Sha256};

/// A unique key: a kind and parts, none of which can run into the next.
pub fn key(kind: u8, parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut key = vec![kind];
    key.extend_from_slice(&hash.finalize());
    key
}
