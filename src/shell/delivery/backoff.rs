//! When to try again.

use crate::domain::ids::AlertId;
use crate::domain::instant::{Duration, Instant};
use sha2::{Digest, Sha256};

/// Waits after the first, second … failed attempt, in seconds, before jitter. The last one repeats.
const WAITS_S: [u64; 8] = [5, 15, 45, 120, 300, 600, 1200, 1500];
/// Jitter adds up to a fifth, so the longest wait of our own is 30 minutes.
const JITTER_DIVISOR: u64 = 5;
/// A receiver may ask for this much patience and no more: a clock may be running out.
const LONGEST_RETRY_AFTER_S: i64 = 3600;

/// The instant of the next attempt after the failed one of number `attempt` (from 1), which ended at `after`.
///
/// About 5 s, 15 s, 45 s, 2 min, 5 min, 10 min, 20 min, then 25-30 min for ever. The jitter comes from the
/// id and the attempt, so that a burst of alerts spreads out, and a replay computes the same instants.
/// A longer `retry_after` is honoured up to an hour.
pub fn retry_at(attempt: u32, after: Instant, id: &AlertId, retry_after: Option<Duration>) -> Instant {
    let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    let wait_ms = WAITS_S[step] * 1000;
    let jitter_ms = fraction(attempt, id) % (wait_ms / JITTER_DIVISOR + 1);
    let own = Duration::milliseconds(i64::try_from(wait_ms + jitter_ms).unwrap_or(i64::MAX));
    let asked = retry_after.unwrap_or_default().min(Duration::seconds(LONGEST_RETRY_AFTER_S));
    after + own.max(asked)
}

fn fraction(attempt: u32, id: &AlertId) -> u64 {
    let digest = Sha256::new().chain_update(id.as_str()).chain_update(attempt.to_be_bytes()).finalize();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    fn wait(attempt: u32, id: &str, retry_after: Option<Duration>) -> Duration {
        let after = parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant");
        retry_at(attempt, after, &AlertId::new(id), retry_after) - after
    }

    #[test]
    fn waits_grow_from_five_seconds_and_stay_within_half_an_hour() {
        for (attempt, least_s) in
            [(0, 5), (1, 5), (2, 15), (3, 45), (4, 120), (5, 300), (6, 600), (7, 1200), (8, 1500), (u32::MAX, 1500)]
        {
            for id in ["al-1", "al-2", "al-3"] {
                let wait = wait(attempt, id, None);
                assert!(wait >= Duration::seconds(least_s), "{attempt}: {wait}");
                assert!(wait <= Duration::milliseconds(least_s * 1200), "{attempt}: {wait}");
                assert!(wait <= Duration::minutes(30));
            }
        }
    }

    #[test]
    fn a_burst_spreads_out_and_a_replay_agrees() {
        let waits: std::collections::BTreeSet<_> = (0..200).map(|n| wait(8, &format!("al-{n}"), None)).collect();
        assert!(waits.len() > 190, "{} distinct of 200", waits.len());
        assert_eq!(wait(8, "al-7", None), wait(8, "al-7", None));
    }

    #[test]
    fn a_longer_wish_is_honoured_up_to_an_hour_and_a_shorter_one_does_not_hurry() {
        assert_eq!(wait(1, "al-1", Some(Duration::minutes(10))), Duration::minutes(10));
        assert_eq!(wait(1, "al-1", Some(Duration::days(9))), Duration::hours(1));
        assert_eq!(wait(3, "al-1", Some(Duration::seconds(1))), wait(3, "al-1", None));
        assert_eq!(wait(3, "al-1", Some(Duration::seconds(-5))), wait(3, "al-1", None));
    }
}
