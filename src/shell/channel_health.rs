//! How each channel has been doing, and whether one that is down is tried: by one letter at a time.

use super::delivery::{FailureReason, Outcome};
use crate::domain::ids::{AlertId, ChannelId};
use crate::domain::instant::{Duration, Instant};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many failures in a row that are not about one recipient make a channel down.
const DOWN_AFTER: u32 = 3;
/// The others look again after this, and a part of it more that differs from letter to letter.
const LOOK_AGAIN: Duration = Duration::seconds(30);
const SPREAD_S: i64 = 30;
/// A letter that tries the channel has come back after this, or is lost.
const PROBE_LEASE: Duration = Duration::seconds(180);

/// How a channel has been doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Since when every attempt has failed; none while the last one succeeded.
    pub failing_since: Option<Instant>,
    /// How the last failed attempt failed.
    pub last_failure: Option<String>,
    failures: u32,
    /// The letter that tries it, and since when.
    probe: Option<(AlertId, Instant)>,
}

impl Health {
    /// Whether the channel itself is taken to be down.
    pub fn is_down(&self) -> bool {
        self.failures >= DOWN_AFTER
    }
}

/// The health of every channel that was used.
#[derive(Debug, Default)]
pub struct ChannelHealth {
    channels: Mutex<BTreeMap<ChannelId, Health>>,
}

impl ChannelHealth {
    /// As it is.
    pub fn all(&self) -> BTreeMap<ChannelId, Health> {
        self.lock().clone()
    }

    /// Whether a letter may try the channel at `now`; if it is down and another letter does so, until when this one waits.
    pub fn admit(&self, channel: &ChannelId, alert: &AlertId, now: Instant) -> Result<(), Instant> {
        let mut channels = self.lock();
        let Some(health) = channels.get_mut(channel).filter(|health| health.is_down()) else { return Ok(()) };
        let under_way = |since: &Instant| *since <= now && now - *since < PROBE_LEASE;
        match &health.probe {
            Some((by, since)) if by != alert && under_way(since) => Err(now + LOOK_AGAIN + spread(alert)),
            _ => {
                health.probe = Some((alert.clone(), now));
                Ok(())
            }
        }
    }

    /// Takes note of how an attempt ended.
    pub fn note(&self, channel: &ChannelId, alert: &AlertId, outcome: &Outcome, now: Instant) {
        let mut channels = self.lock();
        let health = channels.entry(channel.clone()).or_default();
        if health.probe.as_ref().is_some_and(|(by, _)| by == alert) {
            health.probe = None;
        }
        match outcome {
            Outcome::Delivered { .. } => *health = Health::default(),
            Outcome::Failed { reason, text, .. } => {
                health.failing_since.get_or_insert(now);
                health.last_failure = Some(format!("{reason}: {text}"));
                if is_about_the_channel(*reason) {
                    health.failures = health.failures.saturating_add(1);
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ChannelId, Health>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refused recipient or a deferral says nothing about the next one.
fn is_about_the_channel(reason: FailureReason) -> bool {
    matches!(reason, FailureReason::Unreachable | FailureReason::TimedOut | FailureReason::AuthError)
}

fn spread(alert: &AlertId) -> Duration {
    let sum: i64 = alert.as_str().bytes().map(i64::from).sum();
    Duration::seconds(sum % SPREAD_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    fn failed(reason: FailureReason) -> Outcome {
        Outcome::Failed { reason, text: "no".into(), retry_after: None, permanent: false }
    }

    #[test]
    fn a_channel_that_is_down_is_tried_by_one_letter_at_a_time() {
        let (health, mail) = (ChannelHealth::default(), ChannelId::new("mail"));
        let now = parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant");
        let (first, second) = (AlertId::new("alr-1"), AlertId::new("alr-2"));
        for _ in 0..DOWN_AFTER {
            assert_eq!(health.admit(&mail, &first, now), Ok(()), "not known to be down");
            health.note(&mail, &first, &failed(FailureReason::Unreachable), now);
        }
        assert_eq!(health.admit(&mail, &first, now), Ok(()), "it is the one that tries");
        let waits = health.admit(&mail, &second, now).expect_err("another does");
        assert!(waits >= now + LOOK_AGAIN && waits < now + LOOK_AGAIN + Duration::seconds(SPREAD_S));
        health.note(&mail, &first, &failed(FailureReason::TimedOut), now);
        assert_eq!(health.admit(&mail, &second, now), Ok(()), "now it is this one's turn");
        assert_eq!(health.admit(&mail, &first, now + PROBE_LEASE), Ok(()), "which was lost");
        health.note(&mail, &first, &Outcome::Delivered { receipt: "ok".into() }, now);
        assert_eq!((health.admit(&mail, &first, now), health.admit(&mail, &second, now)), (Ok(()), Ok(())));
    }

    #[test]
    fn one_recipients_trouble_is_not_the_channels() {
        let (health, mail, alert) = (ChannelHealth::default(), ChannelId::new("mail"), AlertId::new("alr-1"));
        let now = parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant");
        for reason in [FailureReason::ClientError, FailureReason::ServerError, FailureReason::RateLimited] {
            (0..9).for_each(|_| health.note(&mail, &alert, &failed(reason), now));
        }
        assert!(health.all().values().all(|health| !health.is_down() && health.failing_since == Some(now)));
    }
}
