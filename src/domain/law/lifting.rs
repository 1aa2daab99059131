//! What could lift a duty, told apart from what is needed to settle it.
//!
//! A ground that must be shown leaves the duty standing until somebody shows it: an answer to its questions can
//! free the organisation, and the work on the notice does not wait for it.

use super::condition::Condition;
use super::pack::{Duty, Pack};
use crate::domain::ids::FactKey;
use std::collections::BTreeSet;

/// Those of the `missing` facts that only a ground asks for which must be shown.
pub fn lifting<'m>(duty: &Duty, pack: &Pack, missing: impl IntoIterator<Item = &'m FactKey>) -> BTreeSet<&'m FactKey> {
    let text = &duty.text;
    let mut lifts = BTreeSet::new();
    let mut needed: BTreeSet<&FactKey> = text.start.facts.iter().collect();
    let settle = [&text.binds, &text.arises].into_iter().chain(text.due.iter().filter_map(|due| due.when.as_ref()));
    settle.for_each(|condition| asked(condition, pack, &mut needed));
    let of_places = duty.overlays.iter().flat_map(|overlay| &overlay.amendment.exceptions);
    for exception in text.exceptions.iter().chain(of_places) {
        asked(&exception.when, pack, if exception.must_be_shown { &mut lifts } else { &mut needed });
    }
    missing.into_iter().filter(|key| lifts.contains(key) && !needed.contains(key)).collect()
}

/// The facts a condition tests, also within the terms it names.
fn asked<'a>(condition: &'a Condition, pack: &'a Pack, facts: &mut BTreeSet<&'a FactKey>) {
    facts.extend(condition.fact());
    if let Condition::Term(id) = condition
        && let Some(term) = pack.term(id)
    {
        asked(&term.when, pack, facts);
    }
    condition.parts().iter().for_each(|part| asked(part, pack, facts));
}
