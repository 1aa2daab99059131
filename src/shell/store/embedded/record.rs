//! The payload of a frame: one append, with all the index must know, so that the index can be
//! rebuilt from the journal alone.
//!
//! Big-endian: the position of the stream's record before (8 bytes, 0 for none), the envelope (4 of length),
//! flags (1: bit 0 wake, bit 1 card), the wake (8 of milliseconds, 2 of length, why), the card (4 of length),
//! the number of keys (2) and the keys (2 of length each). An empty payload is the mark of a clean stop.

use super::super::{Append, Position, wake_ms};

const WAKE: u8 = 1;
const CARD: u8 = 2;

/// A record in the bytes it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record<'a> {
    /// The stream's record before; [`Position::START`] for none.
    pub back: Position,
    pub envelope: &'a [u8],
    /// Milliseconds and why.
    pub wake: Option<(i64, &'a str)>,
    pub card: Option<&'a [u8]>,
    pub keys: Vec<&'a [u8]>,
}

/// An upper bound of the length of an append's record, in bytes.
pub(super) fn len_of(append: &Append) -> usize {
    let wake = append.wake.as_ref().map_or(0, |wake| wake.why.len());
    let card = append.card.as_ref().map_or(0, Vec::len);
    let keys: usize = append.unique.iter().map(|key| 2 + key.len()).sum();
    8 + 4 + append.sealed.bytes().len() + 1 + 10 + wake + 4 + card + 2 + keys
}

/// Writes an append whose lengths were checked.
pub(super) fn encode(append: &Append, back: Position, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&back.as_u64().to_be_bytes());
    put_long(buffer, append.sealed.bytes());
    let flags = if append.wake.is_some() { WAKE } else { 0 } | if append.card.is_some() { CARD } else { 0 };
    buffer.push(flags);
    if let Some(wake) = &append.wake {
        buffer.extend_from_slice(&wake_ms(wake.at).to_be_bytes());
        put_short(buffer, wake.why.as_bytes());
    }
    if let Some(card) = &append.card {
        put_long(buffer, card);
    }
    buffer.extend_from_slice(&(append.unique.len() as u16).to_be_bytes());
    for key in &append.unique {
        put_short(buffer, key);
    }
}

fn put_long(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    buffer.extend_from_slice(bytes);
}

fn put_short(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    buffer.extend_from_slice(bytes);
}

/// Reads a record; `None` when it is none.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Record<'_>> {
    let rest = &mut bytes;
    let back = Position::from_u64(u64::from_be_bytes(array(rest)?));
    let envelope = long(rest)?;
    let [flags] = array(rest)?;
    let wake = if flags & WAKE != 0 {
        let at_ms = i64::from_be_bytes(array(rest)?);
        Some((at_ms, std::str::from_utf8(short(rest)?).ok()?))
    } else {
        None
    };
    let card = if flags & CARD != 0 { Some(long(rest)?) } else { None };
    let count = u16::from_be_bytes(array(rest)?);
    let keys = (0..count).map(|_| short(rest)).collect::<Option<Vec<_>>>()?;
    rest.is_empty().then_some(Record { back, envelope, wake, card, keys })
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

fn long<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_be_bytes(array(rest)?);
    take(rest, len as usize)
}

fn short<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u16::from_be_bytes(array(rest)?);
    take(rest, usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Wake, instant_of_ms};
    use super::*;
    use crate::domain::journal::seal;

    #[test]
    fn a_record_reads_back_and_every_cut_of_it_is_refused() {
        let sealed = seal(None, &"inc-1".into(), instant_of_ms(5), b"body");
        let append = Append {
            sealed,
            wake: Some(Wake { at: instant_of_ms(-3), why: "look".to_owned() }),
            card: Some(b"card".to_vec()),
            unique: vec![b"a".to_vec(), Vec::new()],
        };
        let mut bytes = Vec::new();
        encode(&append, Position::from_u64(9), &mut bytes);
        assert!(bytes.len() <= len_of(&append));
        let record = decode(&bytes).expect("a whole record");
        assert_eq!((record.back.as_u64(), record.envelope), (9, append.sealed.bytes()));
        assert_eq!((record.wake, record.card, record.keys), (Some((-3, "look")), Some(&b"card"[..]), vec![&b"a"[..], &b""[..]]));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}");
        }
        bytes.push(0);
        assert_eq!(decode(&bytes), None);
    }
}
