//! The read side: overlay first, then index; envelopes from the segments.
//!
//! Shared by the store, its writer and its indexer. Nothing is read here that is not durable.

use super::super::disk::{Disk, DiskFile};
use super::super::{Check, Position, Scanned, Status, StoreError};
use super::frame::{BLOCK, Framer, StoreId, Walk, place, position, segment_name};
use super::index::{Entry, Index};
use super::overlay::Overlay;
use super::record;
use super::recover::{damaged, headers, read_range};
use crate::domain::ids::IncidentId;
use crate::domain::journal::{EnvelopeView, Sealed};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Read first when a record is fetched; most are shorter.
const FIRST_READ: u64 = 4096;

/// A segment's file and its length.
type OpenFile = (Arc<dyn DiskFile>, u64);

/// Is shown the position of a frame, the position behind it, and its payload.
pub(super) type FrameVisitor<'a> = &'a mut dyn FnMut(Position, Position, &[u8]) -> Result<ControlFlow<()>, StoreError>;

/// All that may be read of an open store.
pub struct Reader {
    disk: Arc<dyn Disk>,
    index: Arc<dyn Index>,
    store_id: StoreId,
    framer: Framer,
    overlay: RwLock<Overlay>,
    files: Mutex<BTreeMap<u32, OpenFile>>,
    durable: AtomicU64,
    bytes: AtomicU64,
    broken: Mutex<Option<String>>,
    no_room: Mutex<Option<String>>,
    /// Held while the index is written to, and by whoever must find it still.
    indexing: Mutex<()>,
}

impl Reader {
    pub(super) fn new(disk: Arc<dyn Disk>, index: Arc<dyn Index>, store_id: StoreId, durable: Position) -> Self {
        Self {
            disk,
            index,
            store_id,
            framer: Framer::new(&store_id),
            overlay: RwLock::default(),
            files: Mutex::default(),
            durable: AtomicU64::new(durable.as_u64()),
            bytes: AtomicU64::new(0),
            broken: Mutex::default(),
            no_room: Mutex::default(),
            indexing: Mutex::default(),
        }
    }

    pub(super) fn store_id(&self) -> StoreId {
        self.store_id
    }

    pub(super) fn index(&self) -> &dyn Index {
        &*self.index
    }

    pub(super) fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold_index(&self) -> MutexGuard<'_, ()> {
        self.indexing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_durable(&self, durable: Position) {
        self.durable.store(durable.as_u64(), Ordering::Release);
    }

    /// Counts the bytes of all segments, once.
    pub(super) fn count_bytes(&self) -> Result<(), StoreError> {
        let bytes = headers(&*self.disk)?.iter().map(|header| header.len).sum();
        self.bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// How far two positions are apart, in bytes of segments.
    pub(super) fn bytes_between(&self, from: Position, until: Position) -> Result<u64, StoreError> {
        let ((first, offset), (last, end)) = (place(from), place(until));
        let headers = headers(&*self.disk)?;
        let ends = headers.iter().filter(|header| (first..last).contains(&header.segment)).map(|header| header.len - BLOCK);
        Ok((ends.sum::<u64>() + end).saturating_sub(offset))
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn break_down(&self, reason: &str) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get_or_insert_with(|| reason.to_owned());
    }

    pub(super) fn broken(&self) -> Option<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The index stopped for want of room: appends are refused until the store is opened anew.
    pub(super) fn run_out_of_room(&self, reason: &str) {
        let mut no_room = self.no_room.lock().unwrap_or_else(PoisonError::into_inner);
        no_room.get_or_insert_with(|| reason.to_owned());
    }

    pub(super) fn no_room(&self) -> Option<String> {
        self.no_room.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The end of what is durable.
    pub fn durable(&self) -> Position {
        Position::from_u64(self.durable.load(Ordering::Acquire))
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        Status {
            position: self.durable(),
            segments: u64::from(place(self.durable()).0),
            bytes: self.bytes.load(Ordering::Relaxed),
            index_lag: self.overlay().backlog() as u64,
            broken: self.broken(),
            no_room: self.no_room(),
        }
    }

    /// What is kept of a stream.
    pub fn entry(&self, stream: &IncidentId) -> Result<Option<Arc<Entry>>, StoreError> {
        if let Some(entry) = self.overlay().entry(stream) {
            return Ok(Some(entry.clone()));
        }
        Ok(self.index.entry(stream)?.map(Arc::new))
    }

    /// Who claimed a key.
    pub fn holder(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError> {
        if let Some(stream) = self.overlay().holder(key) {
            return Ok(Some(stream.clone()));
        }
        self.index.holder(key)
    }

    /// Wakes up to and with `until_ms`, in order, `limit` at most.
    pub fn due(&self, until_ms: i64, limit: usize) -> Result<Vec<(i64, IncidentId)>, StoreError> {
        // The guard is held throughout: what the overlay holds hides what the index still says of it.
        let overlay = self.overlay();
        let mut due: Vec<_> = overlay.agenda().take_while(|wake| wake.0 <= until_ms).take(limit).cloned().collect();
        let mut taken = 0;
        self.index.agenda(&mut |at_ms, stream| {
            if at_ms > until_ms || taken == limit {
                return false;
            }
            if !overlay.holds(&stream) {
                due.push((at_ms, stream));
                taken += 1;
            }
            true
        })?;
        due.sort_unstable();
        due.truncate(limit);
        Ok(due)
    }

    /// Streams with a card, by name, behind `after`, `limit` at most.
    pub fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError> {
        let overlay = self.overlay();
        let with_card = |(stream, entry): (&IncidentId, &Arc<Entry>)| Some((stream.clone(), entry.card.clone()?));
        let mut cards: Vec<_> = overlay.entries(after).filter_map(with_card).take(limit).collect();
        let mut taken = 0;
        self.index.entries(after, &mut |stream, entry| {
            if taken == limit {
                return false;
            }
            if let Some(card) = entry.card
                && !overlay.holds(&stream)
            {
                cards.push((stream, card));
                taken += 1;
            }
            true
        })?;
        cards.sort_unstable();
        cards.truncate(limit);
        Ok(cards)
    }

    /// The envelopes of a stream, from the first; their chain is checked on the way.
    pub fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError> {
        let Some(entry) = self.entry(stream)? else { return Ok(Vec::new()) };
        let mut envelopes = Vec::new();
        let mut due = Some((entry.head, entry.position));
        while let Some((head, at)) = due {
            let bytes = self.record_at(at)?;
            let unreadable = |what: String| damaged(segment_name(place(at).0), place(at).1, what);
            let record = record::decode(&bytes).ok_or_else(|| unreadable("the record cannot be read".to_owned()))?;
            let sealed = Sealed::read(record.envelope.to_vec()).map_err(|fault| unreadable(fault.to_string()))?;
            if sealed.stream() != stream || sealed.head() != head {
                return Err(unreadable(format!("this is not envelope {} of `{stream}` that its chain names", head.seq)));
            }
            due = sealed.follows().map(|head| (head, record.back));
            envelopes.push(record.envelope.to_vec());
        }
        envelopes.reverse();
        Ok(envelopes)
    }

    /// Reads the whole journal and compares the index with it.
    pub fn check(&self) -> Result<Check, StoreError> {
        super::compare::compare(self)
    }

    /// The payload of the frame at a position.
    fn record_at(&self, at: Position) -> Result<Vec<u8>, StoreError> {
        let (segment, offset) = place(at);
        let name = segment_name(segment);
        let (file, len) = self.file(segment)?;
        let mut bytes = read_range(&*file, &name, offset, len.min(offset.saturating_add(FIRST_READ)))?;
        if let Some(claimed) = Framer::claimed_len(&bytes).filter(|&claimed| claimed > bytes.len()) {
            bytes = read_range(&*file, &name, offset, len.min(offset + claimed as u64))?;
        }
        let frame = self.framer.frame_at(segment, offset, &bytes, offset);
        let payload = frame.map(|frame| frame.payload.to_vec());
        payload.ok_or_else(|| damaged(name, offset, "the frame does not match its checksum"))
    }

    fn file(&self, segment: u32) -> Result<OpenFile, StoreError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = files.get(&segment) {
            return Ok(known.clone());
        }
        let name = segment_name(segment);
        let opened = self.disk.open(&name).and_then(|file| file.len().map(|len| (file, len)));
        let opened = opened.map_err(|error| StoreError::disk("open", name, &error))?;
        Ok(files.entry(segment).or_insert(opened).clone())
    }

    /// Shows every frame from a position up to `until`, which is durable. Returns where it stopped.
    /// Marks of a clean stop are shown as empty payloads.
    pub(super) fn frames(&self, from: Position, until: Position, visit: FrameVisitor<'_>) -> Result<Position, StoreError> {
        let ((first, mut offset), (last, end)) = (place(from), place(until));
        let headers = headers(&*self.disk)?;
        let mut link = None;
        for segment in first..=last {
            let name = segment_name(segment);
            let Some(header) = headers.get(segment as usize - 1) else {
                return Err(damaged(name, 0, "the file is missing"));
            };
            let next_header = headers.get(segment as usize).filter(|_| segment < last);
            let end = next_header.map_or(end, |next| u64::from(next.previous_end));
            if link.is_none() && offset == BLOCK {
                link = Some(header.link);
            }
            if offset > end || end > header.len {
                return Err(damaged(name, end.min(header.len), "the segment ends before the position asked for"));
            }
            let (file, _) = self.file(segment)?;
            let bytes = read_range(&*file, &name, offset, end)?;
            let mut walk = Walk::new(self.framer, segment, offset, &bytes, offset, link);
            while let Some(frame) = walk.next_frame() {
                let next = position(segment, frame.end());
                if visit(position(segment, frame.offset), next, frame.payload)?.is_break() {
                    return Ok(next);
                }
            }
            if walk.tail() < end {
                return Err(damaged(name, walk.stopped_at(), "there is no whole frame here, but others follow"));
            }
            if next_header.is_some_and(|next| walk.link().unwrap_or(next.link) != next.link) {
                return Err(damaged(segment_name(segment + 1), 0, "the segment does not follow the one before it"));
            }
            (offset, link) = (BLOCK, walk.link());
        }
        Ok(until)
    }

    /// Shows every durable envelope from a position on; returns where to go on.
    pub fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError> {
        self.frames(from, self.durable().max(from), &mut |position, next, payload| {
            if payload.is_empty() {
                return Ok(ControlFlow::Continue(()));
            }
            let (segment, offset) = place(position);
            let record = record::decode(payload);
            let record = record.ok_or_else(|| damaged(segment_name(segment), offset, "the record cannot be read"))?;
            EnvelopeView::read(record.envelope).map_err(|fault| damaged(segment_name(segment), offset, fault.to_string()))?;
            Ok(visit(Scanned { position, next, envelope: record.envelope }))
        })
    }
}
