//! A tabletop exercise: the house's own configuration and law, the real desk, scheduler and courier, a
//! clock that runs as fast as one reads, and channels that only take notes. Nothing leaves the house.
//!
//! A [`Script`] says what happens when; [`Rehearsal`] lets it happen; the [`Report`] says who was told
//! what and when, how long it took them to acknowledge, and which limit would have been missed.

mod house;
mod noted_channel;
mod report;
mod script;
mod timetable;
mod words;

pub use house::{Fault, Stage};
pub use noted_channel::Told;
pub use report::{Answered, Limit, Outcome, Report, Scene};
pub use script::{Action, At, Script, ScriptFault, Step};
pub use timetable::Rehearsal;
