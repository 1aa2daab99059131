//! How often the page may be asked for: so many times a minute for each incident, and for all links that are none.
//!
//! A flood of guesses is slowed down and does not keep anybody with a good link from the button.

use crate::domain::instant::Instant;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Looks and presses a minute about one incident: a whole team and its mail scanners.
const PER_INCIDENT: u32 = 120;
/// Guesses a minute, of everybody together.
const GUESSES: u32 = 120;

/// Counts by the minute.
#[derive(Debug, Default)]
pub struct Limit {
    minute: Mutex<(i64, BTreeMap<String, u32>)>,
}

impl Limit {
    /// Whether one more is allowed at `now`: about an incident, or `None` for a link that names none.
    pub fn allows(&self, incident: Option<&str>, now: Instant) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let this = now.timestamp().div_euclid(60);
        if minute.0 != this {
            *minute = (this, BTreeMap::new());
        }
        let count = minute.1.entry(incident.unwrap_or_default().to_owned()).or_default();
        *count = count.saturating_add(1);
        *count <= if incident.is_some() { PER_INCIDENT } else { GUESSES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::{Duration, parse_rfc3339};

    #[test]
    fn guesses_are_slowed_down_and_good_links_are_not_held_up_by_them() {
        let (limit, now) = (Limit::default(), parse_rfc3339("2026-11-20T12:00:30Z").expect("an instant"));
        let allowed = (0..1000).filter(|_| limit.allows(None, now)).count();
        assert_eq!(allowed, 120);
        assert!(limit.allows(Some("inc-1"), now) && limit.allows(Some("inc-2"), now));
        assert!(limit.allows(None, now + Duration::minutes(1)));
    }
}
