//! The bytes of one envelope.
//!
//! Big-endian, no padding, nothing optional:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | encoding, 1 |
//! | 1 | 2 | format of the body |
//! | 3 | 4 | key id; 0 says the body is plain |
//! | 7 | 8 | sequence in the stream, from 1 |
//! | 15 | 8 | recorded at: whole seconds since 1970-01-01T00:00:00Z, signed |
//! | 23 | 4 | recorded at: nanoseconds within the second |
//! | 27 | 32 | SHA-256 of the stream's previous envelope; zeros for the first |
//! | 59 | 2 | length of the stream's name, then the name in UTF-8 |
//! | | 4 | length of the body, then the body, then the end |

use crate::domain::ids::IncidentId;
use crate::domain::instant::{DateTime, Instant};

/// The version of the layout above.
pub const ENCODING: u8 = 1;
/// The key id of a body that is not encrypted.
pub const PLAIN_KEY: u32 = 0;
/// The longest body, in bytes (1 GiB); stores set lower limits.
pub const MAX_BODY: usize = 1 << 30;
/// The longest name of a stream, in bytes.
pub const MAX_STREAM: usize = 255;

/// One decision of one incident, as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The incident.
    pub stream: IncidentId,
    /// Its number in the stream, from 1.
    pub seq: u64,
    /// SHA-256 of the encoding of the envelope before; zeros for the first.
    pub prev_hash: [u8; 32],
    /// When it was recorded.
    pub at: Instant,
    /// The version of the body's own encoding.
    pub format: u16,
    /// The key the body is sealed under; [`PLAIN_KEY`] for none.
    pub key_id: u32,
    /// What was decided, in bytes this module does not read.
    pub body: Vec<u8>,
}

/// An [`Envelope`] that borrows from its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EnvelopeView<'a> {
    /// The incident's name.
    pub stream: &'a str,
    /// Its number in the stream, from 1.
    pub seq: u64,
    /// SHA-256 of the encoding of the envelope before; zeros for the first.
    pub prev_hash: [u8; 32],
    /// When it was recorded.
    pub at: Instant,
    /// The version of the body's own encoding.
    pub format: u16,
    /// The key the body is sealed under; [`PLAIN_KEY`] for none.
    pub key_id: u32,
    /// What was decided.
    pub body: &'a [u8],
}

/// Why bytes are not an envelope.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeFault {
    /// The bytes end too early.
    #[error("the envelope ends after {have} bytes, where {need} are needed")]
    Short {
        /// Bytes needed so far.
        need: usize,
        /// Bytes there.
        have: usize,
    },
    /// Bytes follow the body.
    #[error("{extra} bytes follow the body of the envelope")]
    Long {
        /// How many.
        extra: usize,
    },
    /// A layout this program does not know.
    #[error(
        "the envelope has encoding {found}, this program reads {ENCODING}\nhint: it was written by a later version of watchbell"
    )]
    Encoding {
        /// The version found.
        found: u8,
    },
    /// The name of the stream is empty, too long, or not text.
    #[error("the envelope names no stream")]
    Stream,
    /// Sequence 0, or a first envelope that claims a predecessor.
    #[error("the envelope has sequence {seq}, which does not fit its link")]
    Sequence {
        /// The number found.
        seq: u64,
    },
    /// The instant does not exist.
    #[error("the envelope was recorded at an instant that does not exist")]
    Instant,
}

impl<'a> EnvelopeView<'a> {
    /// Reads an envelope without copying its body.
    pub fn read(bytes: &'a [u8]) -> Result<Self, EnvelopeFault> {
        let mut cursor = Cursor { bytes, at: 0 };
        let [encoding] = cursor.array()?;
        if encoding != ENCODING {
            return Err(EnvelopeFault::Encoding { found: encoding });
        }
        let format = u16::from_be_bytes(cursor.array()?);
        let key_id = u32::from_be_bytes(cursor.array()?);
        let seq = u64::from_be_bytes(cursor.array()?);
        let seconds = i64::from_be_bytes(cursor.array()?);
        let nanoseconds = u32::from_be_bytes(cursor.array()?);
        let prev_hash: [u8; 32] = cursor.array()?;
        let stream_len = u16::from_be_bytes(cursor.array()?) as usize;
        let stream = std::str::from_utf8(cursor.take(stream_len)?).map_err(|_| EnvelopeFault::Stream)?;
        let body_len = u32::from_be_bytes(cursor.array()?) as usize;
        let body = cursor.take(body_len)?;

        let extra = bytes.len() - cursor.at;
        if extra > 0 {
            return Err(EnvelopeFault::Long { extra });
        }
        if stream.is_empty() || stream.len() > MAX_STREAM {
            return Err(EnvelopeFault::Stream);
        }
        if seq == 0 || (seq == 1) != (prev_hash == [0; 32]) {
            return Err(EnvelopeFault::Sequence { seq });
        }
        let at = DateTime::from_timestamp(seconds, nanoseconds).ok_or(EnvelopeFault::Instant)?;
        Ok(Self { stream, seq, prev_hash, at, format, key_id, body })
    }

    /// The same, owned.
    pub fn to_envelope(&self) -> Envelope {
        Envelope {
            stream: IncidentId::new(self.stream),
            seq: self.seq,
            prev_hash: self.prev_hash,
            at: self.at,
            format: self.format,
            key_id: self.key_id,
            body: self.body.to_vec(),
        }
    }

    /// The bytes of the layout above. The caller has checked the lengths.
    pub(super) fn encode(&self) -> Vec<u8> {
        let stream_len = u16::try_from(self.stream.len()).expect("a stream's name is checked before it is encoded");
        let body_len = u32::try_from(self.body.len()).expect("a body is checked before it is encoded");
        let mut bytes = Vec::with_capacity(65 + self.stream.len() + self.body.len());
        bytes.push(ENCODING);
        bytes.extend_from_slice(&self.format.to_be_bytes());
        bytes.extend_from_slice(&self.key_id.to_be_bytes());
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.at.timestamp().to_be_bytes());
        bytes.extend_from_slice(&self.at.timestamp_subsec_nanos().to_be_bytes());
        bytes.extend_from_slice(&self.prev_hash);
        bytes.extend_from_slice(&stream_len.to_be_bytes());
        bytes.extend_from_slice(self.stream.as_bytes());
        bytes.extend_from_slice(&body_len.to_be_bytes());
        bytes.extend_from_slice(self.body);
        bytes
    }
}

/// Walks untrusted bytes; every step is checked.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], EnvelopeFault> {
        let need = self.at.saturating_add(len);
        let taken = self.bytes.get(self.at..need).ok_or(EnvelopeFault::Short { need, have: self.bytes.len() })?;
        self.at = need;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], EnvelopeFault> {
        Ok(self.take(N)?.try_into().expect("take returns what was asked for"))
    }
}
