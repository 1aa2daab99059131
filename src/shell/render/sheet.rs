//! The words of the working sheet, the same on every page format.

use crate::domain::notices::{AnswerState, Draft, Gap, GapKind};

pub(super) const BANNER: &str = "DRAFT – not filed";
pub(super) const NOT_THE_NOTICE: &str = "Working sheet. It is not part of the notice; do not send it.";
pub(super) const MISSING_TITLE: &str = "Still missing before this can be sent";
pub(super) const MISSING_ADVICE: &str = "Counsel may decide that the notice goes without one of these. \
     Where the law lets information follow later, do not let the deadline pass for want of it.";
pub(super) const NOTHING_MISSING: &str = "Nothing is missing. Read the notice against the facts before it is approved.";
pub(super) const ESTIMATES_TITLE: &str = "Estimates to confirm";
pub(super) const ELEMENTS_TITLE: &str = "What the law asks for";
pub(super) const DERIVATION_TITLE: &str = "How the deadline was found";

/// The banner over a duty that is not in force.
pub(super) fn rehearsal(draft: &Draft) -> Option<String> {
    let until = draft.meta.not_in_force_until.as_ref()?;
    Some(format!("Rehearsal: this duty is not in force until {until}."))
}

/// The facts about the draft itself, label and value.
pub(super) fn particulars(draft: &Draft) -> Vec<(&'static str, &str)> {
    let meta = &draft.meta;
    let particulars = [
        ("From", Some(meta.organisation.name.as_str())),
        ("To", meta.addressee.as_deref()),
        ("Due", meta.due.as_deref().or(Some("no clock is running"))),
        ("Held", meta.held.as_deref()),
        ("Duty", Some(meta.duty.as_str())),
        ("Incident", Some(meta.incident.as_str())),
        ("Digest", Some(draft.digest.as_str())),
    ];
    particulars.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

/// What follows the words of a gap: where the law asks it, how firmly, and what was said.
pub(super) fn gap_note(gap: &Gap) -> String {
    let mut parts = Vec::new();
    match &gap.element {
        Some(_) => parts.extend([gap.cite.clone(), gap.need.in_words().to_owned()]),
        None => parts.push("needed by the wording of this notice".to_owned()),
    }
    let said = gap.said.join(" | ");
    match gap.kind {
        GapKind::Missing => {}
        GapKind::Disputed if said.is_empty() => parts.push("disputed".into()),
        GapKind::Disputed => parts.push(format!("disputed: {said}")),
        GapKind::Approximate => parts.push(said),
    }
    parts.join("; ")
}

/// How an element stands, in a few words.
pub(super) fn state(state: AnswerState) -> &'static str {
    match state {
        AnswerState::Hole => "missing",
        AnswerState::Estimate => "answered, estimate",
        AnswerState::NotKnown => "stated as not known",
        AnswerState::NotAsked => "not asked for here",
        AnswerState::InTheWording => "in the wording",
        AnswerState::Answered => "answered",
    }
}
