//! How many statements of law carry which mark: how well they were checked.

use super::pack::{Duty, Pack, Verification};
use std::collections::{BTreeMap, BTreeSet};

/// The marks of sources, terms, duties, limits, grounds, holds and of the law of single States, counted.
pub fn marks<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> BTreeMap<Verification, usize> {
    let mut count = BTreeMap::new();
    for pack in packs {
        let mut add = |mark: Verification| *count.entry(mark).or_default() += 1;
        pack.head.sources.iter().for_each(|source| add(source.verification));
        pack.head.terms.iter().for_each(|term| add(term.verification));
        pack.duties.iter().for_each(|duty| of_duty(duty, &mut add));
        // An overlay lies over several duties, and says once where it applies.
        let mut applied = BTreeSet::new();
        for overlay in pack.duties.iter().flat_map(|duty| &duty.overlays) {
            if applied.insert(&overlay.file) {
                add(overlay.applies.verification);
            }
            overlay.amendment.exceptions.iter().for_each(|exception| add(exception.verification));
            overlay.amendment.notes.iter().for_each(|note| add(note.verification));
        }
    }
    count
}

fn of_duty(duty: &Duty, add: &mut dyn FnMut(Verification)) {
    let text = &duty.text;
    add(text.verification);
    for due in &text.due {
        add(due.verification);
        due.outer.iter().chain(&due.advisory).for_each(|reading| add(reading.verification));
    }
    text.exceptions.iter().for_each(|exception| add(exception.verification));
    text.holds.iter().for_each(|hold| add(hold.verification));
}

/// The counts in a line, the best mark first: `1 official, 215 copy`.
pub fn in_a_line(marks: &BTreeMap<Verification, usize>) -> String {
    let each = marks.iter().map(|(mark, count)| format!("{count} {}", mark.word()));
    each.collect::<Vec<_>>().join(", ")
}
