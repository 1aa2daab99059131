//! What is known, who said it, and what is still to be asked.
//!
//! A [`Claim`] is somebody's word for one fact. The [`Book`] weighs all claims of an incident and
//! says of each key that it is [`Standing::Known`], [`Standing::Unknown`] or
//! [`Standing::Disputed`]. The [`Vocabulary`] holds every key with its type and the question a
//! person is asked. Nothing here knows law.

mod book;
mod claim;
mod party;
mod places;
mod value;
mod vocabulary;

pub use book::{Book, Standing};
pub use claim::{Claim, ClaimId, Claimant, Rank};
pub use party::{Numbered, Party};
pub use places::{NoPlace, Places};
pub use value::{Count, FactType, Precision, Value, ValueFault, is_place};
pub use vocabulary::{CLOCK_SKEW, FactEntry, FactFault, Vocabulary, is_cohort};
