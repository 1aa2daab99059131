//! Published cases of late notices, played again: what happened and when, as the authority found it, on the
//! clock of a rehearsal, and what the law as data makes of it held against the finding.
//!
//! A [`Scenario`] is one file: an organisation, a timeline, a finding. [`play`] lets it happen and gives a
//! [`Replayed`]; [`Table`] sets several side by side, and says what they cannot tell apart. Nothing here decides law.

mod play;
mod scenario;
mod table;
mod verdict;

pub use play::{Replayed, play};
pub use scenario::{Expectation, Mark, Scenario, ScenarioFault, read_all};
pub use table::{Bounds, Table};
pub use verdict::{Agreement, Ours, Verdict};
