//! One incident: what was said of it, which clocks run, who was told. The only place that knows
//! facts, law, clocks and escalation together.
//!
//! [`decide`] turns a [`Command`] into [`Event`]s; [`Incident::apply`] folds events into state;
//! [`next_wake`] says when the machine must look again, and why. All three are pure: time, law and
//! the house's policy are arguments.

mod assessing;
pub mod codec;
mod command;
mod decide;
mod delivering;
mod event;
mod late;
mod message;
mod relation;
mod reuniting;
mod ringing;
mod sides;
mod state;
mod suggesting;
mod wake;

pub use assessing::{WouldBe, if_a_breach, sight_of};
pub use command::{Command, DeliveryHold, Evidence, HoldStatement, House, Moment, Opening, Refusal, Team, TeamMember};
pub use decide::{Decision, decide};
pub use event::{AlertQueued, ClockKey, ClockLaw, DeliveryResult, Draft, Event, Opened, Profile, Received, RungSkip, Standing};
pub use message::Message;
pub use relation::{Relation, RelationKind, Relations, Word};
pub use reuniting::goes_on_in;
pub use state::{Acknowledgement, Alert, AlertState, Clock, Incident, NothingOwed, RecordedHold};
pub use wake::{Wake, next_wake};
