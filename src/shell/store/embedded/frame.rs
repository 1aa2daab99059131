//! The bytes of a segment: its header, and the frames behind it.
//!
//! A segment is one file of fixed length, zeros where nothing was written. The header fills the
//! first block. Frames follow; each group of frames begins at a block, so that no write ever
//! touches a block that holds acknowledged bytes. All numbers are big-endian.
//!
//! | header | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `WATCHBEL` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | number of the segment, from 1 |
//! | 16 | 4 | length of the file in blocks |
//! | 20 | 16 | id of the store |
//! | 36 | 4 | where the segment before ends |
//! | 40 | 4 | link: checksum of the last frame before; 0 in the first segment |
//! | 44 | 4 | CRC-32C of the bytes above |
//!
//! | frame | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `WBfr` |
//! | 4 | 4 | length of the payload |
//! | 8 | 8 | the position up to which everything was known durable when this frame was written |
//! | 16 | 4 | link: checksum of the frame before |
//! | 20 | 4 | CRC-32C of store id, own position, the bytes above and the payload |
//! | 24 | | the payload, then zeros up to a multiple of 8 |
//!
//! A frame is live only where it was written, in the store it was written for, and behind the very
//! frame it was written behind: what a crash left further on cannot pass for one.

use super::super::Position;

/// Groups begin at multiples of this, in bytes. No smaller unit is written by any disk in use.
pub(super) const BLOCK: u64 = 4096;
/// Length of a frame without its payload, in bytes.
pub(super) const FRAME_HEADER: usize = 24;
/// Length of a segment's header, in bytes.
pub(super) const SEGMENT_HEADER: usize = 48;

const SEGMENT_MAGIC: &[u8; 8] = b"WATCHBEL";
const SEGMENT_VERSION: u32 = 1;
const FRAME_MAGIC: &[u8; 4] = b"WBfr";
const FRAME_ALIGN: usize = 8;

/// A random number that tells this journal from all others.
pub type StoreId = [u8; 16];

/// The name of a segment's file.
pub(super) fn segment_name(segment: u32) -> String {
    format!("{segment:08}.wbj")
}

/// The number in a segment's name.
pub(super) fn segment_number(name: &str) -> Option<u32> {
    let segment = name.strip_suffix(".wbj")?.parse().ok()?;
    (segment_name(segment) == name).then_some(segment)
}

/// The position of a byte in a segment.
pub(super) fn position(segment: u32, offset: u64) -> Position {
    Position::from_u64(u64::from(segment) << 32 | offset)
}

/// Segment and offset of a position; the first block of frames for [`Position::START`].
pub(super) fn place(position: Position) -> (u32, u64) {
    match position.as_u64() {
        0 => (1, BLOCK),
        number => ((number >> 32) as u32, number & u64::from(u32::MAX)),
    }
}

/// The next multiple of a block.
pub(super) fn block_up(offset: u64) -> u64 {
    offset.next_multiple_of(BLOCK)
}

/// Length of a frame with its padding, in bytes.
pub(super) fn frame_len(payload: usize) -> usize {
    (FRAME_HEADER + payload).next_multiple_of(FRAME_ALIGN)
}

/// What the first block of a segment says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentHeader {
    pub segment: u32,
    pub len: u64,
    pub store_id: StoreId,
    pub previous_end: u32,
    pub link: u32,
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        bytes[0..8].copy_from_slice(SEGMENT_MAGIC);
        bytes[8..12].copy_from_slice(&SEGMENT_VERSION.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.segment.to_be_bytes());
        bytes[16..20].copy_from_slice(&((self.len / BLOCK) as u32).to_be_bytes());
        bytes[20..36].copy_from_slice(&self.store_id);
        bytes[36..40].copy_from_slice(&self.previous_end.to_be_bytes());
        bytes[40..44].copy_from_slice(&self.link.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[..44]);
        bytes[44..48].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// Reads a header; the fault in words.
    pub fn decode(bytes: &[u8; SEGMENT_HEADER]) -> Result<Self, String> {
        if &bytes[0..8] != SEGMENT_MAGIC {
            return Err("this is not the beginning of a segment".to_owned());
        }
        if crc32c::crc32c(&bytes[..44]) != u32_at(bytes, 44) {
            return Err("the header of the segment does not match its checksum".to_owned());
        }
        let version = u32_at(bytes, 8);
        if version != SEGMENT_VERSION {
            return Err(format!("the segment has version {version}, this program reads {SEGMENT_VERSION}"));
        }
        Ok(Self {
            segment: u32_at(bytes, 12),
            len: u64::from(u32_at(bytes, 16)) * BLOCK,
            store_id: bytes[20..36].try_into().expect("16 bytes"),
            previous_end: u32_at(bytes, 36),
            link: u32_at(bytes, 40),
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

/// Writes and checks the frames of one store.
#[derive(Clone, Copy)]
pub(super) struct Framer {
    /// The checksum of the store id, which every other continues.
    seed: u32,
}

/// A frame that holds, in the bytes it was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// Where it begins in its segment.
    pub offset: u64,
    pub payload: &'a [u8],
    pub durable: Position,
    pub link: u32,
    pub crc: u32,
}

impl Frame<'_> {
    /// Where the next frame of the same group begins.
    pub fn end(&self) -> u64 {
        self.offset + frame_len(self.payload.len()) as u64
    }
}

impl Framer {
    pub fn new(store_id: &StoreId) -> Self {
        Self { seed: crc32c::crc32c(store_id) }
    }

    /// Puts a frame at the end of a buffer; returns its checksum, the link of the next.
    pub fn push(
        self,
        buffer: &mut Vec<u8>,
        at: Position,
        durable: Position,
        link: u32,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> u32 {
        let start = buffer.len();
        buffer.extend_from_slice(FRAME_MAGIC);
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&durable.as_u64().to_be_bytes());
        buffer.extend_from_slice(&link.to_be_bytes());
        buffer.extend_from_slice(&[0; 4]);
        payload(buffer);
        let len = buffer.len() - start - FRAME_HEADER;
        let len = u32::try_from(len).expect("a record is limited to less than a segment");
        buffer[start + 4..start + 8].copy_from_slice(&len.to_be_bytes());
        let crc = self.checksum(at, &buffer[start..]);
        buffer[start + 20..start + 24].copy_from_slice(&crc.to_be_bytes());
        buffer.resize(start + frame_len(len as usize), 0);
        crc
    }

    /// The frame at an offset of a segment of which `bytes` begin at `base`; `None` when there is
    /// no whole one. The link is the caller's to check.
    pub fn frame_at(self, segment: u32, base: u64, bytes: &[u8], offset: u64) -> Option<Frame<'_>> {
        let bytes = bytes.get(usize::try_from(offset.checked_sub(base)?).ok()?..)?;
        if bytes.get(..4)? != FRAME_MAGIC {
            return None;
        }
        let len = u32_at(bytes.get(..FRAME_HEADER)?, 4) as usize;
        let whole = bytes.get(..FRAME_HEADER.checked_add(len)?)?;
        let crc = u32_at(whole, 20);
        if self.checksum(position(segment, offset), whole) != crc {
            return None;
        }
        let durable = Position::from_u64(u64::from_be_bytes(whole[8..16].try_into().expect("8 bytes")));
        Some(Frame { offset, payload: &whole[FRAME_HEADER..], durable, link: u32_at(whole, 16), crc })
    }

    /// The length of the frame that seems to begin here, from its first bytes.
    pub fn claimed_len(header: &[u8]) -> Option<usize> {
        (header.get(..4)? == FRAME_MAGIC).then(|| FRAME_HEADER + u32_at(header, 4) as usize)
    }

    /// The first whole frame of a segment that begins behind `offset` and before `until`, and says
    /// that everything up to a place beyond `offset` was durable.
    pub fn witness_behind(self, segment: u32, bytes: &[u8], offset: u64, until: u64) -> Option<u64> {
        let lost = position(segment, offset);
        let first = (offset + 1).next_multiple_of(FRAME_ALIGN as u64);
        let mut starts = (first..until).step_by(FRAME_ALIGN);
        starts.find(|&start| self.frame_at(segment, 0, bytes, start).is_some_and(|frame| frame.durable > lost))
    }

    fn checksum(self, at: Position, frame: &[u8]) -> u32 {
        let seed = crc32c::crc32c_append(self.seed, &at.as_u64().to_be_bytes());
        let seed = crc32c::crc32c_append(seed, &frame[..20]);
        crc32c::crc32c_append(seed, &frame[FRAME_HEADER..])
    }
}

/// The frames of one segment, in order, up to the first place where there is none.
pub(super) struct Walk<'a> {
    framer: Framer,
    segment: u32,
    base: u64,
    bytes: &'a [u8],
    /// Where the next frame may begin.
    offset: u64,
    /// The link the next frame must carry; unknown at the start of a walk from the middle.
    link: Option<u32>,
}

impl<'a> Walk<'a> {
    /// Walks from `offset` through bytes that begin at `base` of their segment.
    pub fn new(framer: Framer, segment: u32, base: u64, bytes: &'a [u8], offset: u64, link: Option<u32>) -> Self {
        Self { framer, segment, base, bytes, offset, link }
    }

    /// The next frame: right here, or at the next block when the group ends here.
    pub fn next_frame(&mut self) -> Option<Frame<'a>> {
        let here = self.frame_at(self.offset);
        let frame = here.or_else(|| self.frame_at(block_up(self.offset)))?;
        self.offset = frame.end();
        self.link = Some(frame.crc);
        Some(frame)
    }

    fn frame_at(&self, offset: u64) -> Option<Frame<'a>> {
        let frame = self.framer.frame_at(self.segment, self.base, self.bytes, offset)?;
        self.link.is_none_or(|link| link == frame.link).then_some(frame)
    }

    /// Where the frames end: the start of what is no frame, or the next block when only zeros lie before it.
    pub fn stopped_at(&self) -> u64 {
        let next = block_up(self.offset);
        let padding = (self.offset - self.base) as usize..(next - self.base) as usize;
        match self.bytes.get(padding) {
            Some(padding) if padding.iter().any(|&byte| byte != 0) => self.offset,
            _ => next,
        }
    }

    /// Where the next group would begin.
    pub fn tail(&self) -> u64 {
        block_up(self.offset)
    }

    /// The checksum of the last frame.
    pub fn link(&self) -> Option<u32> {
        self.link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = [7; 16];

    fn two_groups() -> (Framer, Vec<u8>) {
        let framer = Framer::new(&STORE);
        let mut bytes = vec![0; BLOCK as usize];
        let link = framer.push(&mut bytes, position(1, BLOCK), position(1, BLOCK), 9, |buffer| buffer.extend(b"first"));
        let at = position(1, bytes.len() as u64);
        let link = framer.push(&mut bytes, at, position(1, BLOCK), link, |buffer| buffer.extend([1; 100]));
        bytes.resize(2 * BLOCK as usize, 0);
        framer.push(&mut bytes, position(1, 2 * BLOCK), position(1, 2 * BLOCK), link, |buffer| buffer.extend(b"third"));
        bytes.resize(4 * BLOCK as usize, 0);
        (framer, bytes)
    }

    fn payload_lens(framer: Framer, bytes: &[u8]) -> (Vec<usize>, u64) {
        let mut walk = Walk::new(framer, 1, 0, bytes, BLOCK, Some(9));
        let mut lens = Vec::new();
        while let Some(frame) = walk.next_frame() {
            lens.push(frame.payload.len());
        }
        (lens, walk.stopped_at())
    }

    #[test]
    fn a_walk_meets_every_frame_of_every_group() {
        let (framer, bytes) = two_groups();
        assert_eq!(payload_lens(framer, &bytes), (vec![5, 100, 5], 3 * BLOCK));
    }

    #[test]
    fn any_changed_byte_of_a_frame_ends_the_walk_there_and_a_later_frame_bears_witness() {
        let (framer, bytes) = two_groups();
        let second = BLOCK as usize + frame_len(5);
        for at in second..second + FRAME_HEADER + 100 {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert_eq!(payload_lens(framer, &changed), (vec![5], second as u64), "byte {at}");
            assert_eq!(framer.witness_behind(1, &changed, second as u64, 4 * BLOCK), Some(2 * BLOCK), "byte {at}");
        }
    }

    #[test]
    fn a_frame_is_no_frame_elsewhere_or_in_another_store_or_behind_another() {
        let (framer, bytes) = two_groups();
        assert!(Framer::new(&[8; 16]).frame_at(1, 0, &bytes, BLOCK).is_none());
        assert!(framer.frame_at(2, 0, &bytes, BLOCK).is_none());
        let mut moved = vec![0; BLOCK as usize];
        moved.extend_from_slice(&bytes);
        assert!(framer.frame_at(1, 0, &moved, 2 * BLOCK).is_none());
        assert!(Walk::new(framer, 1, 0, &bytes, BLOCK, Some(10)).next_frame().is_none());
    }

    #[test]
    fn a_header_reads_back_and_notices_any_change() {
        let header = SegmentHeader { segment: 3, len: 16 * BLOCK, store_id: STORE, previous_end: 8192, link: 77 };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        for at in 0..SEGMENT_HEADER {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert!(SegmentHeader::decode(&changed).is_err(), "byte {at}");
        }
    }
}
