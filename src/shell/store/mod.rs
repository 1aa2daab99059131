//! Where envelopes are kept: the contract, and those who keep it.
//!
//! A store holds streams of sealed envelopes, and beside each stream what the machine must find
//! without reading it: its head, its wake, its card for the board, the unique keys it claimed.
//! It sees bytes. It never learns what a fact, a law or an incident is.
//!
//! [`MemoryStore`] forgets when it is dropped; [`EmbeddedStore`] keeps its word through power loss.
//! `tests/record/store_contract.rs` runs one suite over all of them.

pub mod disk;
pub mod embedded;
mod error;
mod memory;

pub use embedded::EmbeddedStore;
pub use error::{AppendError, StoreError};
pub use memory::MemoryStore;

use crate::domain::ids::IncidentId;
use crate::domain::instant::Instant;
use crate::domain::journal::{Head, Sealed};
use std::ops::ControlFlow;
use std::pin::Pin;

/// The longest unique key, in bytes.
pub const MAX_KEY: usize = 1024;
/// The longest reason of a wake, in bytes.
pub const MAX_WHY: usize = 1024;

/// When the machine must look at a stream again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wake {
    /// The instant; kept and compared in whole milliseconds, rounded up so that no wake is early.
    pub at: Instant,
    /// Why, in words of the caller's own.
    pub why: String,
}

/// One decision to be stored, whole or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    /// The envelope; its link says which head it expects.
    pub sealed: Sealed,
    /// The stream's wake from here on; `None` removes it.
    pub wake: Option<Wake>,
    /// The stream's card from here on; `None` leaves it as it was.
    pub card: Option<Vec<u8>>,
    /// Keys this stream claims for good; one that stands here twice counts once.
    pub unique: Vec<Vec<u8>>,
}

impl Append {
    /// An envelope alone: no wake, no change of card, no keys.
    pub fn of(sealed: Sealed) -> Self {
        Self { sealed, wake: None, card: None, unique: Vec::new() }
    }
}

/// What was stored, durably.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Where the envelope stands in the journal.
    pub position: Position,
    /// The head of its stream once it was stored.
    pub head: Head,
}

/// A place in the journal. Later appends have greater positions; the number means nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Position(u64);

impl Position {
    /// Before the first envelope.
    pub const START: Self = Self(0);

    /// A position written down earlier.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// For writing down.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// One envelope met by [`Store::scan`].
#[derive(Clone, Copy, Debug)]
pub struct Scanned<'a> {
    /// Where it stands.
    pub position: Position,
    /// Where to scan on from.
    pub next: Position,
    /// Its bytes, as sealed.
    pub envelope: &'a [u8],
}

/// How a store is doing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// The end of what is durable.
    pub position: Position,
    /// Files of the journal; 0 when there are none.
    pub segments: u64,
    /// Bytes of disk the journal takes.
    pub bytes: u64,
    /// Appends that are durable but not yet in the index.
    pub index_lag: u64,
    /// Why the store takes no more appends, when it does not.
    pub broken: Option<String>,
    /// Why it takes none until there is room, when it waits for that; it goes on by itself.
    pub no_room: Option<String>,
}

/// The outcome of [`Store::check`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Check {
    /// Envelopes read.
    pub envelopes: u64,
    /// Streams met in them.
    pub streams: u64,
    /// Where index and journal disagree, in words; at most a hundred are kept.
    pub differences: Vec<String>,
}

/// The answer to an append, still under way.
///
/// Dropping it does not take the append back: it may or may not be stored.
pub type Appending<'a> = Pin<Box<dyn Future<Output = Result<Appended, AppendError>> + Send + 'a>>;

/// A durable, append-only store of envelopes.
///
/// **Appends.** When `append` returns `Ok`, envelope, wake, card and keys survive a power cut,
/// together. When it returns an error, none of them is stored, then or later, but for
/// [`AppendError::Broken`] and [`AppendError::Closed`], where the envelope may be found after a
/// restart. The link of the envelope must be the head of the stream, else `Conflict`; this is
/// looked at first. A key held by any stream, this one too, is `Taken`. Of several appends that
/// race for one head or one key exactly one is stored. Appends wait when the store is behind.
///
/// **Reads** see every acknowledged append at once, and never one that is not durable. They block
/// on the disk for as long as a few reads take; call [`read`](Store::read), [`scan`](Store::scan)
/// and [`check`](Store::check) off the async threads.
///
/// **Order.** `read` goes from sequence 1 up. `scan` goes in the order of acknowledgement of each
/// stream, and is the same every time. `due` goes by instant, then by name.
pub trait Store: Send + Sync {
    /// Stores one decision.
    fn append(&self, append: Append) -> Appending<'_>;

    /// All envelopes of a stream, from the first; empty for a stream that is not there.
    fn read(&self, stream: &IncidentId) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The head of a stream, `None` when it is not there.
    fn head(&self, stream: &IncidentId) -> Result<Option<Head>, StoreError>;

    /// The wake of a stream, if it has one.
    fn wake(&self, stream: &IncidentId) -> Result<Option<Wake>, StoreError>;

    /// The stream that claimed a unique key.
    fn lookup(&self, key: &[u8]) -> Result<Option<IncidentId>, StoreError>;

    /// Streams whose wake is at or before `until`, earliest first, `limit` at most.
    fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, StoreError>;

    /// The earliest wake of all.
    fn next_wake(&self) -> Result<Option<(Instant, IncidentId)>, StoreError>;

    /// Streams that have a card, by name, behind `after`, `limit` at most.
    fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, StoreError>;

    /// Shows every durable envelope from a position on, in journal order, until the visitor breaks.
    /// Returns where to scan on from. `from` is [`Position::START`] or a position this store gave.
    fn scan(&self, from: Position, visit: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>) -> Result<Position, StoreError>;

    /// Reads the whole journal and compares the index with it. Appends go on meanwhile.
    fn check(&self) -> Result<Check, StoreError>;

    /// How the store is doing. Cheap.
    fn status(&self) -> Status;

    /// Stores what was handed in, then stops: later appends are [`AppendError::Closed`], reads go
    /// on. Blocks until the disk has it all. Closing twice does nothing.
    fn close(&self) -> Result<(), StoreError>;
}

/// The agenda's milliseconds of an instant, rounded up: a wake is never early.
pub(crate) fn wake_ms(at: Instant) -> i64 {
    at.timestamp_millis() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1_000_000))
}

/// The instant of an agenda's milliseconds.
pub(crate) fn instant_of_ms(at_ms: i64) -> Instant {
    use crate::domain::instant::DateTime;
    DateTime::from_timestamp_millis(at_ms).unwrap_or(if at_ms < 0 { Instant::MIN_UTC } else { Instant::MAX_UTC })
}
