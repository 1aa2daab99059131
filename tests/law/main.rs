//! The law as data: its worked cases, its arithmetic, its files, and what holds whatever the facts are.

mod authorities;
mod cases;
mod deadlines;
mod disputes;
mod filings;
mod india;
mod limits;
mod lint;
mod properties;
mod questions;
mod readme;
mod replay;
mod schemas;
mod severity;
#[path = "../support/mod.rs"]
mod support;
mod uncovered;

use std::path::Path;
use std::sync::LazyLock;
use watchbell::domain::law::Rulebook;
use watchbell::shell::rulebook;

/// The packs of the `rules` folder, read once and without a fault.
static RULES: LazyLock<Rulebook> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    rulebook::check(&rulebook::texts_of(&dir).expect("the rules folder is readable")).unwrap_or_else(|fault| panic!("{fault}"))
});
