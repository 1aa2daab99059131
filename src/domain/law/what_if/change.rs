//! What packs on trial would change, were they law.

use super::answer::Judged;
use super::json::Json;
use crate::domain::ids::DutyId;
use crate::domain::instant::{Instant, Rfc3339, length_in_words, rfc3339};
use crate::domain::law::Owed;
use std::fmt;

/// One thing a pack on trial would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'q> {
    /// A duty that is not owed to-day, of a pack on trial.
    Added {
        /// The duty.
        duty: &'q DutyId,
        /// Its limit; none for "without delay".
        due: Option<Instant>,
    },
    /// A duty of to-day whose limit would lie elsewhere.
    Moved {
        /// The duty of to-day.
        duty: &'q DutyId,
        /// The duty that would stand in its place.
        by: &'q DutyId,
        /// Its limit to-day.
        from: Option<Instant>,
        /// Its limit under the pack on trial.
        to: Option<Instant>,
    },
    /// A duty of to-day that would not be owed.
    Removed {
        /// The duty of to-day.
        duty: &'q DutyId,
        /// The duty that would stand in its place.
        by: &'q DutyId,
        /// Why that one is not owed.
        ground: String,
    },
    /// A duty of to-day whose limit would stay what it is.
    Kept {
        /// The duty of to-day.
        duty: &'q DutyId,
        /// The duty that would stand in its place.
        by: &'q DutyId,
    },
}

/// Compares what runs to-day with what would run. A duty on trial that names those it would replace is
/// compared with them; any other is an addition.
pub(super) fn changes<'q>(today: &[Judged<'q>], tried: &[Judged<'q>]) -> Vec<Change<'q>> {
    let mut changes = Vec::new();
    for new in tried {
        let text = &new.assessment.duty.text;
        let replaced = today.iter().filter(|old| runs(old) && text.would_replace.contains(&old.assessment.duty.text.id));
        let mut replaced = replaced.peekable();
        if replaced.peek().is_none() {
            changes.extend(runs(new).then(|| Change::Added { duty: &text.id, due: due(new) }));
        }
        for old in replaced {
            changes.push(compared(old, new));
        }
    }
    changes
}

fn compared<'q>(old: &Judged<'q>, new: &Judged<'q>) -> Change<'q> {
    let (duty, by) = (&old.assessment.duty.text.id, &new.assessment.duty.text.id);
    match (due(old), due(new)) {
        _ if !runs(new) => {
            let ground = new.assessment.ground().map(|(says, cite)| format!("{says} ({cite})")).unwrap_or_default();
            Change::Removed { duty, by, ground }
        }
        (from, to) if from == to => Change::Kept { duty, by },
        (from, to) => Change::Moved { duty, by, from, to },
    }
}

fn runs(judged: &Judged<'_>) -> bool {
    matches!(judged.assessment.owed, Owed::Open | Owed::Owed)
}

fn due(judged: &Judged<'_>) -> Option<Instant> {
    judged.assessment.deadlines.as_ref().and_then(|reckoning| reckoning.operational.at)
}

impl Change<'_> {
    /// Appends the change as a JSON object.
    pub(super) fn write_json(&self, json: &mut Json<'_>) {
        let limit = |json: &mut Json<'_>, name: &'static str, at: &Option<Instant>| match at {
            Some(at) => json.name(name).shown(Rfc3339(*at)),
            None => json.name(name).null(),
        };
        let (change, duty, by) = match self {
            Self::Added { duty, .. } => ("added", duty, None),
            Self::Moved { duty, by, .. } => ("moved", duty, Some(by)),
            Self::Removed { duty, by, .. } => ("removed", duty, Some(by)),
            Self::Kept { duty, by } => ("kept", duty, Some(by)),
        };
        json.object(|json| {
            json.name("change").text(change);
            json.name("duty").text(duty.as_str());
            by.iter().for_each(|by| json.name("by").text(by.as_str()));
            match self {
                Self::Added { due, .. } => limit(json, "due", due),
                Self::Moved { from, to, .. } => {
                    limit(json, "from", from);
                    limit(json, "to", to);
                }
                Self::Removed { ground, .. } => json.name("ground").text(ground),
                Self::Kept { .. } => {}
            }
        });
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = |at: &Option<Instant>| at.map_or_else(|| "without delay".to_owned(), rfc3339);
        match self {
            Self::Added { duty, due } => write!(f, "added: {duty}, due {}", limit(due)),
            Self::Kept { duty, by } => write!(f, "kept: {duty}, as {by}, with the same limit"),
            Self::Removed { duty, by, ground } => write!(f, "removed: {duty}; under {by} nothing is owed: {ground}"),
            Self::Moved { duty, by, from, to } => {
                write!(f, "moved: {duty}, from {} to {} by {by}", limit(from), limit(to))?;
                match (from, to) {
                    (Some(from), Some(to)) if to > from => write!(f, ", {} later", length_in_words(*to - *from)),
                    (Some(from), Some(to)) => write!(f, ", {} earlier", length_in_words(*to - *from)),
                    _ => Ok(()),
                }
            }
        }
    }
}
