//! Why a delivery could not be read.

use std::fmt;

/// The kind of refusal. [`Refusal::code`] is stable: scripts may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No bytes, or white space only.
    Empty,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// Not JSON.
    Malformed,
    /// JSON that stops in the middle.
    Truncated,
    /// Something follows the JSON value.
    Trailing,
    /// A key stands twice in one object, so two readers could read two different events.
    DuplicateKey,
    /// Nested deeper than [`DEPTH_MAX`](super::DEPTH_MAX).
    TooDeep,
    /// A NUL character in a string or key.
    Nul,
    /// An event that is not an object.
    NotAnObject,
    /// A list, where the source sends one event per request.
    BatchNotTaken,
    /// More events than [`ELEMENTS_MAX`](super::ELEMENTS_MAX) in one delivery.
    BatchTooLong,
    /// Something a product posts that is no event, by its mapping's word.
    NotAnEvent,
    /// A native event with unknown fields or values of the wrong type.
    InvalidEvent,
}

impl Refusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "body-empty",
            Self::NotUtf8 => "body-not-utf8",
            Self::Malformed => "json-malformed",
            Self::Truncated => "json-truncated",
            Self::Trailing => "json-trailing",
            Self::DuplicateKey => "json-duplicate-key",
            Self::TooDeep => "json-too-deep",
            Self::Nul => "json-nul",
            Self::NotAnObject => "event-not-an-object",
            Self::BatchNotTaken => "batch-not-taken",
            Self::BatchTooLong => "batch-too-long",
            Self::NotAnEvent => "not-an-event",
            Self::InvalidEvent => "event-invalid",
        }
    }

    /// What the sender can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Empty => "send one JSON object as the body",
            Self::NotUtf8 => "send JSON in UTF-8, not compressed",
            Self::Malformed | Self::Trailing => "send one JSON value; the place is the first that is none",
            Self::Truncated => "send the whole JSON; look whether the sender cuts long messages",
            Self::DuplicateKey => "name each key once, so that no two readers can read two different events",
            Self::TooDeep => "nest less deeply, or send the inner document as a string",
            Self::Nul => "leave NUL characters out",
            Self::NotAnObject => "send one JSON object per event",
            Self::BatchNotTaken => "send one event per request",
            Self::BatchTooLong => "send fewer events at once",
            Self::NotAnEvent => "the message says what was sent instead of an event; it is kept for you to look at",
            Self::InvalidEvent => "`faults` names each fault with what is expected",
        }
    }

    /// Whether the bytes themselves are unsound (HTTP 400), rather than what they say (HTTP 422).
    pub fn is_syntax(self) -> bool {
        let said = [Self::NotAnObject, Self::BatchNotTaken, Self::BatchTooLong, Self::NotAnEvent, Self::InvalidEvent];
        !said.contains(&self)
    }
}

/// A place in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub byte: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

impl Position {
    /// The place after so many bytes of the body.
    pub(super) fn of_byte(body: &[u8], byte: usize) -> Self {
        let before = &body[..byte.min(body.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        Self { byte: before.len(), line, column: before.len() - line_start + 1 }
    }
}

/// One thing wrong in a native event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadFault {
    /// The place, as a JSON Pointer.
    pub pointer: String,
    /// A stable code: `unknown-field`, `missing-field`, `wrong-type`, `unknown-fact`, `wrong-fact-type` or `reserved-fact`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do, where it is not plain from the message.
    pub hint: Option<String>,
}

impl fmt::Display for PayloadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.pointer.is_empty() { "/" } else { &self.pointer }, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A delivery that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The kind.
    pub refusal: Refusal,
    /// What is wrong, for people.
    pub message: String,
    /// Where, if the bytes themselves are unsound.
    pub at: Option<Position>,
    /// Every fault of a native event.
    pub faults: Vec<PayloadFault>,
}

impl Unreadable {
    pub(super) fn new(refusal: Refusal, message: impl Into<String>) -> Self {
        Self { refusal, message: message.into(), at: None, faults: Vec::new() }
    }

    pub(super) fn at(mut self, position: Position) -> Self {
        self.at = Some(position);
        self
    }

    /// The same, with the place counted from so many bytes earlier.
    pub(super) fn shifted(mut self, bytes: usize) -> Self {
        if let Some(at) = &mut self.at {
            at.byte += bytes;
            at.column += if at.line == 1 { bytes } else { 0 };
        }
        self
    }

    pub(super) fn event(faults: Vec<PayloadFault>) -> Self {
        let many = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
        Self { refusal: Refusal::InvalidEvent, message: format!("the event has {many}"), at: None, faults }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(at) = self.at {
            write!(f, " at line {} column {}", at.line, at.column)?;
        }
        self.faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for Unreadable {}
