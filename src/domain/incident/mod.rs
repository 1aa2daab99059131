//! One incident: what was said of it, which clocks run, who was told. The only place that knows
//! facts, law, clocks and escalation together.
//!
//! [`decide`] turns a [`Command`] into [`Event`]s; [`Incident::apply`] folds events into state;
//! [`next_wake`] says when the machine must look again, and why. All three are pure: time, law and
//! the house's policy are arguments.

mod alert;
mod assessing;
mod audit;
mod bordering;
pub mod codec;
mod command;
mod contradictions;
mod decide;
mod delivering;
mod digest;
mod event;
mod fallback;
mod further;
mod house;
mod late;
mod leases;
mod listed;
mod lookalike;
mod message;
mod preview;
mod relation;
mod reuniting;
mod ringing;
mod sides;
mod state;
mod suggesting;
mod tracking;
mod wake;
mod whose;

pub use alert::{About, Act, Alert, AlertQueued, AlertState, DeliveryResult, INTERRUPTED};
pub use assessing::{WouldBe, if_a_breach, sight_of};
pub use audit::{Difference, audit};
pub use bordering::of_profile as uncovered_of_profile;
pub use command::{Command, DeliveryHold, Evidence, HoldStatement, Moment, Opening, Refusal};
pub use contradictions::notes_on_filing;
pub use decide::{Decision, decide};
pub use event::{ClockKey, ClockLaw, Draft, Event, Opened, Profile, Received, RungSkip, Standing};
pub use house::{Address, Contact, House, Member, Reached, Team, VIA_API, masked};
pub use leases::{Acknowledgement, Silence};
pub use lookalike::Lookalike;
pub use message::Message;
pub use preview::{LadderView, LeaseView, ReachView, RungView, preview};
pub use relation::{Relation, RelationKind, Relations, Word};
pub use reuniting::goes_on_in;
pub use state::{Clock, Incident, NothingOwed, RecordedHold, TakenBack, Told};
pub use tracking::subject;
pub use wake::{ATTEMPT_LEASE, RETRY_WAIT_MAX, Wake, next_wake};
