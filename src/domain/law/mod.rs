//! The law as data, and what it makes of facts.
//!
//! A [`Pack`] is a versioned set of [`Duty`]s. [`assess`](assess::assess) holds a duty against the
//! facts and gives an [`Assessment`](assess::Assessment): whether it is owed, open or not owed, from
//! when, until when, and why. Truth and explanation come from one recursion
//! ([`evaluate`](evaluate::evaluate)). Nothing here knows incidents, clocks on disk or people on call.

pub mod assess;
pub mod cases;
pub mod condition;
pub mod coverage;
pub mod deadlines;
pub mod evaluate;
pub mod explain;
pub mod fault;
pub mod hints;
pub mod lifting;
pub mod lint;
pub mod load;
pub mod marks;
pub mod overlay;
pub mod pack;
pub mod schema;
pub mod sight;
pub mod starting;
pub mod uncovered;
pub mod what_if;
mod zoneless;

pub use assess::{Assessment, Owed};
pub use condition::Condition;
pub use evaluate::{Finding, Truth};
pub use fault::PackFault;
pub use load::{PackText, Rulebook};
pub use overlay::Overlay;
pub use pack::{Duty, Mode, Pack, Status, Verification};
pub use sight::Sight;
pub use uncovered::{Asked, Border, StandingWord, Uncovered};
