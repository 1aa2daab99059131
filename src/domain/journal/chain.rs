//! The hash chain of a stream: seal, open, verify.
//!
//! The link is SHA-256 over the stored bytes of the envelope before, so that no re-serialisation
//! can ever change what was signed, and a body sealed under a destroyed key still verifies.

use super::envelope::{Envelope, EnvelopeFault, EnvelopeView, MAX_BODY, MAX_STREAM, PLAIN_KEY};
use crate::domain::hex::hex;
use crate::domain::ids::IncidentId;
use crate::domain::instant::Instant;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// The end of a stream: the number and the hash of its last envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The sequence of the last envelope, from 1.
    pub seq: u64,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.seq, hex(&self.hash))
    }
}

/// An envelope in its final bytes, with what a store must know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    stream: IncidentId,
    prev_hash: [u8; 32],
    head: Head,
    bytes: Vec<u8>,
}

impl Sealed {
    /// Takes bytes sealed elsewhere, as an import does.
    pub fn read(bytes: Vec<u8>) -> Result<Self, EnvelopeFault> {
        let view = EnvelopeView::read(&bytes)?;
        let (stream, seq, prev_hash) = (IncidentId::new(view.stream), view.seq, view.prev_hash);
        let head = Head { seq, hash: hash(&bytes) };
        Ok(Self { stream, prev_hash, head, bytes })
    }

    /// The incident.
    pub fn stream(&self) -> &IncidentId {
        &self.stream
    }

    /// The head of the stream once this envelope is stored.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The head this envelope follows; `None` for the first of its stream.
    pub fn follows(&self) -> Option<Head> {
        (self.head.seq > 1).then(|| Head { seq: self.head.seq - 1, hash: self.prev_hash })
    }

    /// What is stored and hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Seals a plain body of format 1 behind `prev`.
///
/// # Panics
/// When the stream's name is empty or longer than [`MAX_STREAM`], or the body longer than
/// [`MAX_BODY`]: both are limited where they come in.
pub fn seal(prev: Option<&Head>, stream: &IncidentId, at: Instant, body: &[u8]) -> Sealed {
    seal_as(prev, stream, at, 1, PLAIN_KEY, body)
}

/// Seals a body of any format, sealed under any key. Panics as [`seal`] does.
pub fn seal_as(prev: Option<&Head>, stream: &IncidentId, at: Instant, format: u16, key_id: u32, body: &[u8]) -> Sealed {
    assert!((1..=MAX_STREAM).contains(&stream.as_str().len()), "a stream's name has 1 to {MAX_STREAM} bytes");
    assert!(body.len() <= MAX_BODY, "a body has at most {MAX_BODY} bytes");
    let (seq, prev_hash) = prev.map_or((1, [0; 32]), |head| (head.seq + 1, head.hash));
    let bytes = EnvelopeView { stream: stream.as_str(), seq, prev_hash, at, format, key_id, body }.encode();
    Sealed { stream: stream.clone(), prev_hash, head: Head { seq, hash: hash(&bytes) }, bytes }
}

/// Reads stored bytes.
pub fn open(bytes: &[u8]) -> Result<Envelope, EnvelopeFault> {
    EnvelopeView::read(bytes).map(|view| view.to_envelope())
}

/// The first place where a chain does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainFault {
    /// The bytes are no envelope.
    #[error("envelope {index} of the run cannot be read: {fault}")]
    Unreadable {
        /// Its place in the run, from 0.
        index: u64,
        /// Why.
        fault: EnvelopeFault,
    },
    /// An envelope is missing, repeated or out of order.
    #[error("`{stream}` goes on with envelope {found} where {expected} is due")]
    Sequence {
        /// The incident.
        stream: IncidentId,
        /// The number due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// An envelope, or the one before, is not what was sealed.
    #[error("envelope {seq} of `{stream}` links to {actual}, but the one before hashes to {expected}", expected = hex(expected), actual = hex(actual))]
    Link {
        /// The incident.
        stream: IncidentId,
        /// The envelope that carries the link.
        seq: u64,
        /// The hash of the stored envelope before.
        expected: [u8; 32],
        /// The hash the envelope carries.
        actual: [u8; 32],
    },
}

/// The heads of any number of streams, grown by one envelope at a time.
#[derive(Clone, Default, Debug)]
pub struct Chain {
    heads: BTreeMap<IncidentId, Head>,
    envelopes: u64,
}

impl Chain {
    /// Takes the next envelope in journal order; streams may be mixed.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), ChainFault> {
        let view = EnvelopeView::read(bytes).map_err(|fault| ChainFault::Unreadable { index: self.envelopes, fault })?;
        let head = follow(self.heads.get(view.stream), &view, bytes)?;
        self.envelopes += 1;
        match self.heads.get_mut(view.stream) {
            Some(known) => *known = head,
            None => _ = self.heads.insert(IncidentId::new(view.stream), head),
        }
        Ok(())
    }

    /// The head of each stream.
    pub fn heads(&self) -> &BTreeMap<IncidentId, Head> {
        &self.heads
    }

    /// How many envelopes were taken.
    pub fn envelopes(&self) -> u64 {
        self.envelopes
    }
}

/// The head after `view`, if it follows `prev`.
fn follow(prev: Option<&Head>, view: &EnvelopeView<'_>, bytes: &[u8]) -> Result<Head, ChainFault> {
    let (expected_seq, expected_hash) = prev.map_or((1, [0; 32]), |head| (head.seq + 1, head.hash));
    if view.seq != expected_seq {
        return Err(ChainFault::Sequence { stream: IncidentId::new(view.stream), expected: expected_seq, found: view.seq });
    }
    if view.prev_hash != expected_hash {
        let (stream, seq) = (IncidentId::new(view.stream), view.seq);
        return Err(ChainFault::Link { stream, seq, expected: expected_hash, actual: view.prev_hash });
    }
    Ok(Head { seq: view.seq, hash: hash(bytes) })
}

/// Checks envelopes in journal order, streams mixed or not, and stops at the first fault.
pub fn verify<B: AsRef<[u8]>>(envelopes: impl IntoIterator<Item = B>) -> Result<Chain, ChainFault> {
    let mut chain = Chain::default();
    for bytes in envelopes {
        chain.take(bytes.as_ref())?;
    }
    Ok(chain)
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::{DateTime, parse_rfc3339};
    use proptest::prelude::*;

    fn at() -> Instant {
        parse_rfc3339("2026-11-20T14:20:00.123456789+01:00").expect("a valid instant")
    }

    fn chain_of(stream: &str, bodies: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut head = None;
        let mut seal_next = |body: &&[u8]| {
            let sealed = seal(head.as_ref(), &stream.into(), at(), body);
            head = Some(sealed.head());
            sealed.bytes().to_vec()
        };
        bodies.iter().map(&mut seal_next).collect()
    }

    #[test]
    fn what_was_sealed_is_what_is_opened() {
        let first = seal_as(None, &"inc-1".into(), at(), 7, 42, b"one");
        let second = seal(Some(&first.head()), &"inc-1".into(), at(), b"");
        let envelope = open(first.bytes()).expect("a sealed envelope");
        assert_eq!((envelope.seq, envelope.format, envelope.key_id, envelope.at), (1, 7, 42, at()));
        assert_eq!((envelope.stream.as_str(), envelope.prev_hash, &envelope.body[..]), ("inc-1", [0; 32], &b"one"[..]));
        let envelope = open(second.bytes()).expect("a sealed envelope");
        assert_eq!((envelope.seq, envelope.prev_hash), (2, first.head().hash));
        assert_eq!(second.follows(), Some(first.head()));
        assert_eq!(Sealed::read(second.bytes().to_vec()), Ok(second));
    }

    #[test]
    fn the_layout_is_the_one_in_the_table() {
        let sealed = seal_as(None, &"ab".into(), DateTime::from_timestamp(1, 2).expect("valid"), 3, 4, b"xyz");
        let mut expected = vec![1, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        expected.extend([0; 32]);
        expected.extend(b"\x00\x02ab\x00\x00\x00\x03xyz");
        assert_eq!(sealed.bytes(), expected);
    }

    #[test]
    fn a_changed_byte_anywhere_but_in_the_last_envelope_breaks_the_chain() {
        let chain = chain_of("inc-1", &[b"one", b"two", b"three"]);
        for byte in 0..chain[1].len() {
            let mut changed = chain.clone();
            changed[1][byte] ^= 1;
            assert!(verify(&changed).is_err(), "byte {byte}");
        }
    }

    #[test]
    fn the_first_fault_names_stream_sequence_and_both_hashes() {
        let mut chain = chain_of("inc-1", &[b"one", b"two"]);
        let other = seal(None, &"inc-1".into(), at(), b"forged");
        chain[0] = other.bytes().to_vec();
        let actual = seal(None, &"inc-1".into(), at(), b"one").head().hash;
        let fault = verify(&chain).expect_err("the second no longer follows the first");
        assert_eq!(fault, ChainFault::Link { stream: "inc-1".into(), seq: 2, expected: other.head().hash, actual });
    }

    #[test]
    fn a_missing_or_repeated_envelope_is_a_fault_and_streams_may_mix() {
        let (a, b) = (chain_of("inc-a", &[b"1", b"2", b"3"]), chain_of("inc-b", &[b"1", b"2"]));
        let mixed = verify([&a[0], &b[0], &a[1], &a[2], &b[1]]).expect("two whole chains");
        assert_eq!((mixed.envelopes(), mixed.heads().len()), (5, 2));
        let missing = verify([&a[0], &a[2]]).expect_err("2 is missing");
        assert_eq!(missing, ChainFault::Sequence { stream: "inc-a".into(), expected: 2, found: 3 });
        assert!(matches!(verify([&a[0], &a[0]]), Err(ChainFault::Sequence { expected: 2, found: 1, .. })));
    }

    proptest! {
        #[test]
        fn untrusted_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), encoding_is_right: bool) {
            let mut bytes = bytes;
            if encoding_is_right && let Some(first) = bytes.first_mut() {
                *first = super::super::ENCODING;
            }
            if let Ok(envelope) = open(&bytes) {
                let view = EnvelopeView { stream: envelope.stream.as_str(), seq: envelope.seq, prev_hash: envelope.prev_hash, at: envelope.at,
                    format: envelope.format, key_id: envelope.key_id, body: &envelope.body };
                prop_assert_eq!(view.encode(), bytes);
            }
        }

        #[test]
        fn every_cut_of_an_envelope_is_refused(body in proptest::collection::vec(any::<u8>(), 0..40), cut in 0_usize..100) {
            let sealed = seal(None, &"inc-1".into(), at(), &body);
            let len = sealed.bytes().len();
            let cut = cut % len;
            prop_assert!(open(&sealed.bytes()[..cut]).is_err());
            let mut longer = sealed.bytes().to_vec();
            longer.push(0);
            prop_assert_eq!(open(&longer), Err(EnvelopeFault::Long { extra: 1 }));
        }
    }
}
