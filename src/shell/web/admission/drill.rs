//! Drills: a delivery by which somebody tries out the way here. It proves itself like any other, is read like
//! any other, and opens nothing.
//!
//! A drill names the moment it was sent, and is one for a few minutes only: a header that somebody leaves
//! in a sender's settings must not turn its alarms into drills for good.

use crate::domain::instant::{Duration, Instant};
use crate::domain::standard_webhooks::read_timestamp;
use axum::http::HeaderMap;

/// The header of a drill: the moment it was sent, in whole seconds since 1970-01-01T00:00:00Z.
pub const HEADER: &str = "watchbell-drill";
/// How long a drill is one, to both sides.
const FRESH: Duration = Duration::minutes(5);

/// Whether a delivery is a drill. One with a stale or unreadable mark is taken for what it would be without.
pub fn is_drill(headers: &HeaderMap, now: Instant) -> bool {
    let sent_s = headers.get(HEADER).and_then(|value| read_timestamp(value.to_str().ok()?));
    sent_s.is_some_and(|sent_s| now.timestamp().abs_diff(sent_s) <= FRESH.num_seconds().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    #[test]
    fn a_drill_is_one_for_five_minutes() {
        let now = parse_rfc3339("2026-11-21T12:00:00Z").expect("a time");
        let drill = |value: String| {
            is_drill(&HeaderMap::from_iter([(HEADER.parse().expect("a name"), value.parse().expect("a value"))]), now)
        };
        let at_s = now.timestamp();
        for (offset_s, is) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(drill((at_s + offset_s).to_string()), is, "{offset_s}");
        }
        for odd in ["", "true", "1", "-1", "2026-11-21T12:00:00Z"] {
            assert!(!drill(odd.to_owned()), "{odd}");
        }
        assert!(!is_drill(&HeaderMap::new(), now));
    }
}
