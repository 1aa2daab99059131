//! Which turns of the law the worked cases take, and which none of them does.
//!
//! A turn is a way a duty can go: it binds or not, arises or not, an exception lifts it or not, the law of
//! a State is laid over it, a hold lies on its clock, a due
//! case sets its limit. Only what a case expects something of counts: what nobody looks at is not proved.

use super::assess::Assessment;
use super::cases;
use super::condition::Condition;
use super::evaluate::Truth;
use super::load::Rulebook;
use super::pack::{Duty, DutyText};
use crate::domain::ids::{DutyId, PackId};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// One way a duty can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// Whether it binds.
    Binds(Truth),
    /// Whether it arises.
    Arises(Truth),
    /// Whether an exception, by its id, lifts it.
    Exception(String, Truth),
    /// The law of a State, by the name of its overlay, applies.
    Overlay(String),
    /// A hold, by its id, lies on the clock.
    Hold(String),
    /// A due case sets the limit: its number from 1 and its words.
    Due(usize, String),
}

/// A way a duty can go that no case takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unreached {
    /// The pack.
    pub pack: PackId,
    /// The duty.
    pub duty: DutyId,
    /// The way.
    pub turn: Turn,
}

/// How far the cases reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many turns there are.
    pub turns: usize,
    /// Those no case takes, in the order of packs and duties.
    pub unreached: Vec<Unreached>,
}

/// Runs every case and sees which turns it takes.
pub fn coverage(rulebook: &Rulebook) -> Coverage {
    let mut taken: BTreeSet<(DutyId, Turn)> = BTreeSet::new();
    cases::run_watched(rulebook, &mut |assessment, holds| {
        let held = holds.iter().map(|hold| (assessment.duty.text.id.clone(), Turn::Hold((*hold).to_owned())));
        taken.extend(turns_taken(assessment).into_iter().chain(held));
    });
    let mut coverage = Coverage::default();
    for (pack, duty) in rulebook.duties() {
        for turn in turns_of(duty) {
            coverage.turns += 1;
            let key = (duty.text.id.clone(), turn);
            if !taken.contains(&key) {
                let (duty, turn) = key;
                coverage.unreached.push(Unreached { pack: pack.head.id.clone(), duty, turn });
            }
        }
    }
    coverage
}

/// Every way a duty can go.
fn turns_of(duty: &Duty) -> Vec<Turn> {
    let text = &duty.text;
    let mut turns = Vec::new();
    let mut both = |condition: &Condition, turn: &dyn Fn(Truth) -> Turn| {
        turns.push(turn(Truth::Holds));
        // Nothing is asked where all of nothing is.
        let can_fail = !matches!(condition, Condition::All(parts) if parts.is_empty());
        turns.extend(can_fail.then(|| turn(Truth::Fails)));
    };
    both(&text.binds, &Turn::Binds);
    both(&text.arises, &Turn::Arises);
    let of_places = duty.overlays.iter().flat_map(|overlay| &overlay.amendment.exceptions);
    for exception in text.exceptions.iter().chain(of_places) {
        both(&exception.when, &|truth| Turn::Exception(exception.id.clone(), truth));
    }
    turns.extend(duty.overlays.iter().map(|overlay| Turn::Overlay(overlay.id.clone())));
    turns.extend(text.holds.iter().map(|hold| Turn::Hold(hold.id.clone())));
    turns.extend((0..text.due.len()).map(|index| self::due(text, index)));
    turns
}

fn turns_taken(assessment: &Assessment<'_>) -> Vec<(DutyId, Turn)> {
    let Duty { text, .. } = assessment.duty;
    let mut turns = vec![Turn::Binds(assessment.binds.truth)];
    turns.extend(assessment.arises.iter().map(|finding| Turn::Arises(finding.truth)));
    let exceptions = assessment.exceptions.iter();
    turns.extend(exceptions.map(|(exception, finding)| Turn::Exception(exception.id.clone(), finding.truth)));
    turns.extend(assessment.overlays.iter().map(|(overlay, _)| Turn::Overlay(overlay.id.clone())));
    turns.extend(assessment.deadlines.iter().filter_map(|reckoning| reckoning.due_case).map(|index| due(text, index)));
    turns.into_iter().map(|turn| (text.id.clone(), turn)).collect()
}

fn due(text: &DutyText, index: usize) -> Turn {
    Turn::Due(index + 1, text.due[index].says.clone())
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binds(truth) => write!(f, "`binds` {truth}"),
            Self::Arises(truth) => write!(f, "`arises` {truth}"),
            Self::Exception(id, truth) => write!(f, "the exception `{id}` {truth}"),
            Self::Overlay(id) => write!(f, "the overlay `{id}` applies"),
            Self::Hold(id) => write!(f, "the hold `{id}` lies on the clock"),
            Self::Due(number, says) => write!(f, "due case {number} sets the limit: {says}"),
        }
    }
}
