//! Should have rung against did ring: what the record of one incident shows, looked at by itself.
//!
//! The scheduler lives off the agenda; this looks at the record alone, so that a wake that was lost, or
//! set too late, is noticed by somebody who does not depend on it.

use super::alert::AlertState;
use super::event::Event;
use super::house::House;
use super::state::Incident;
use super::wake::{ATTEMPT_LEASE, next_wake};
use crate::domain::instant::{Duration, Instant, rfc3339};
use std::fmt;

/// How late something may be before it is a difference: a burst takes its time, and so does a start.
const GRACE: Duration = Duration::minutes(5);

/// Where an incident's record and what should have been done differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Something was told of before it was due.
    Early {
        /// The rung.
        rung: String,
        /// When it was due.
        due_at: Instant,
        /// When it was recorded.
        at: Instant,
    },
    /// Something was due, and is not on record.
    Undone {
        /// Since when.
        since: Instant,
        /// What, in words.
        what: String,
    },
    /// The agenda would wake the incident too late, or never.
    Unwatched {
        /// When it would be woken; never, if none.
        noted: Option<Instant>,
        /// When there is something to do.
        asked: Instant,
        /// What.
        what: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Early { rung, due_at, at } => {
                write!(f, "`{rung}` was due at {} and was recorded at {}", rfc3339(*due_at), rfc3339(*at))
            }
            Self::Undone { since, what } => write!(f, "`{what}` has been due since {} and was not done", rfc3339(*since)),
            Self::Unwatched { noted, asked, what } => {
                let noted = noted.map_or_else(|| "never".to_owned(), |noted| format!("at {}", rfc3339(noted)));
                write!(f, "`{what}` is due at {} and the agenda says {noted}", rfc3339(*asked))
            }
        }
    }
}

/// Compares what should have been done about an incident by `now` with what is on record. `noted` is when
/// the agenda would wake it.
pub fn audit(
    record: &[(Instant, Event)],
    incident: &Incident,
    house: &House,
    noted: Option<Instant>,
    now: Instant,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (at, event) in record {
        let told: Vec<(&String, Instant)> = match event {
            Event::RungFell { rung, due_at, .. } => vec![(rung, *due_at)],
            Event::RungsSkipped { rungs, .. } => rungs.iter().map(|skip| (&skip.rung, skip.due_at)).collect(),
            _ => Vec::new(),
        };
        let early = told.into_iter().filter(|(_, due_at)| due_at > at);
        differences.extend(early.map(|(rung, due_at)| Difference::Early { rung: rung.clone(), due_at, at: *at }));
    }
    for (id, alert) in &incident.alerts {
        let since = match alert.state {
            AlertState::Waiting { next_at } => next_at,
            AlertState::Trying { since } => since + ATTEMPT_LEASE,
            AlertState::Delivered { .. } | AlertState::Dropped { .. } => continue,
        };
        if since + GRACE < now {
            differences.push(Difference::Undone { since, what: format!("deliver {id}") });
        }
    }
    if let Some(wake) = next_wake(incident, house, now) {
        if wake.at + GRACE < now {
            differences.push(Difference::Undone { since: wake.at, what: wake.why.clone() });
        }
        // The agenda is kept in whole milliseconds, rounded up.
        if wake.at > now && noted.is_none_or(|noted| noted > wake.at + Duration::milliseconds(1)) {
            differences.push(Difference::Unwatched { noted, asked: wake.at, what: wake.why });
        }
    }
    differences
}
