//! How many letters one recipient gets: so many in any stretch of time, counted in memory.
//!
//! The loud ones are counted and never held; the others wait until there is room. A restart forgets the count,
//! which costs a few letters more and never one less.

use crate::domain::escalation::parse_length;
use crate::domain::ids::ChannelId;
use crate::domain::instant::{Duration, Instant, length_in_words};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// So many letters in any stretch of this length, written `20 in 1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub letters: usize,
    /// In how long a time.
    pub within: Duration,
}

impl Quota {
    /// Reads `20 in 1h`.
    pub fn parse(text: &str) -> Option<Self> {
        let (letters, within) = text.split_once(" in ")?;
        let letters = letters.trim().parse().ok().filter(|letters| (1..=10_000).contains(letters))?;
        Some(Self { letters, within: parse_length(within.trim())? })
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.letters == 1 { "" } else { "s" };
        write!(f, "{} letter{plural} in {}", self.letters, length_in_words(self.within))
    }
}

/// What each recipient got of late.
#[derive(Debug, Default)]
pub struct Counter {
    sent: Mutex<BTreeMap<(ChannelId, String), VecDeque<Instant>>>,
}

impl Counter {
    /// Counts one letter to a recipient at `now`. One that may wait and finds no room is not counted:
    /// it gets the moment at which there is some.
    pub fn admit(&self, quota: Quota, channel: &ChannelId, to: &str, may_wait: bool, now: Instant) -> Result<(), Instant> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: &Instant| *at <= now && now - *at < quota.within;
        if sent.len() > RECIPIENTS_MAX {
            sent.retain(|_, sent| sent.back().is_some_and(lately));
        }
        let sent = sent.entry((channel.clone(), to.to_owned())).or_default();
        sent.retain(lately);
        match sent.len().checked_sub(quota.letters).and_then(|first| sent.get(first)) {
            Some(oldest) if may_wait => Err(*oldest + quota.within),
            _ => {
                sent.push_back(now);
                Ok(())
            }
        }
    }
}

/// Above this many those who got nothing of late are forgotten.
const RECIPIENTS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    #[test]
    fn a_quota_is_read_as_written() {
        let read = |text| Quota::parse(text).map(|quota| quota.to_string());
        assert_eq!(read("20 in 1h").as_deref(), Some("20 letters in 1 h 0 min"));
        for text in ["", "20", "0 in 1h", "20 in", "x in 1h", "20 per 1h", "-1 in 1h"] {
            assert_eq!(Quota::parse(text), None, "{text}");
        }
    }

    #[test]
    fn beyond_the_quota_letters_wait_until_the_oldest_is_old_and_loud_ones_pass() {
        let (counter, quota) = (Counter::default(), Quota { letters: 2, within: Duration::hours(1) });
        let (mail, start) = (ChannelId::new("mail"), parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant"));
        let at = |minutes| start + Duration::minutes(minutes);
        let admit = |to, may_wait, now| counter.admit(quota, &mail, to, may_wait, now);
        assert_eq!([admit("a", true, at(0)), admit("a", true, at(10))], [Ok(()), Ok(())]);
        assert_eq!(admit("a", true, at(20)), Err(at(60)));
        assert_eq!((admit("b", true, at(20)), admit("a", false, at(30))), (Ok(()), Ok(())));
        assert_eq!(admit("a", true, at(40)), Err(at(70)), "the loud one took a place");
        assert_eq!(admit("a", true, at(70)), Ok(()));
        // The clock was set back: what lies in the future counts no more.
        assert_eq!(admit("a", true, at(-600)), Ok(()));
    }
}
