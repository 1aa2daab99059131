//! Events as the journal keeps them: a JSON array per decision, under a format number.
//!
//! A format is never changed once written; a newer reader upcasts older bodies here.

use super::event::Event;

/// The format written today. Over format 1 it may hold kinds of events, and fields of them, that came later.
pub const FORMAT: u16 = 2;

/// The oldest format; what it holds means in every later one what it meant there.
const OLDEST: u16 = 1;

/// Room for the body of most decisions.
const USUAL_BYTES: usize = 8 * 1024;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecFault {
    /// It was written by a newer version.
    #[error(
        "the record has format {found}; this version reads up to {FORMAT}\nhint: run the version that wrote it, or a newer one"
    )]
    Newer {
        /// Its format.
        found: u16,
    },
    /// It is not what its format says.
    #[error("the record is not a list of events")]
    Unreadable(#[source] serde_json::Error),
}

/// The events of one decision as a body.
pub fn encode(events: &[Event]) -> Vec<u8> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut body, events).expect("events have string keys and no failing serialiser");
    body
}

/// The events of a body.
pub fn decode(format: u16, body: &[u8]) -> Result<Vec<Event>, CodecFault> {
    match format {
        OLDEST..=FORMAT => serde_json::from_slice(body).map_err(CodecFault::Unreadable),
        found => Err(CodecFault::Newer { found }),
    }
}
