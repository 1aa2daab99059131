//! The house's escalation policy: which rung of a ladder is due, and who is on call when it falls.
//!
//! Rungs are absolute instants, planned from a clock's start and limit; a ladder never adds a delay
//! to "now". A [`Rota`] is a pure function of an instant. Nothing here knows law or incidents.

mod inherit;
mod ladder;
mod length;
mod plan;
mod record;
mod rota;
mod when;

pub use inherit::{LadderFault, inherit};
pub use ladder::{Ladder, Rung, Subject, choose};
pub use length::{Length, parse_length};
pub use plan::{Fate, Handled, PlannedRung, Span, Unless, falls_at, follow_up_of};
pub use record::{OVERRIDE_FORMAT, OVERRIDE_PREFIX, RecordedOverride};
pub use rota::{DayOff, Duty, Layer, OnCall, Override, Rota, Window};
pub use when::{Target, When};
