//! The record of what was decided: one envelope per decision, one hash chain per incident.
//!
//! An [`Envelope`] is opaque to everything below the incident: this module seals a body, numbers
//! it, links it to the one before, and checks such links. It never looks into a body, never
//! serialises one again, and never touches a disk.

mod chain;
mod envelope;

pub use chain::{Chain, ChainFault, Head, Sealed, open, seal, seal_as, verify};
pub use envelope::{ENCODING, Envelope, EnvelopeFault, EnvelopeView, MAX_BODY, MAX_STREAM, PLAIN_KEY};
