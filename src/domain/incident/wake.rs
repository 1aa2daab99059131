//! When the machine must look at an incident again, and why.

use super::alert::AlertState;
use super::event::{ClockKey, Standing};
use super::house::House;
use super::ringing::{next_rung, rings};
use super::state::Incident;
use crate::domain::instant::{Duration, Instant};

/// An attempt that has not ended after this long is taken for lost (the daemon died) and made again.
pub const ATTEMPT_LEASE: Duration = Duration::seconds(180);

/// No failed attempt waits longer than this for the next one. A longer wait was planned by a clock
/// that has been set back since, and is over.
pub const RETRY_WAIT_MAX: Duration = Duration::hours(1);

/// When to look again, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The earliest moment at which there is something to do; it may have passed.
    pub at: Instant,
    /// What there is to do, in words for the operator.
    pub why: String,
}

/// The next moment at which [`Command::Wake`](super::Command::Wake) or a delivery has something to do.
pub fn next_wake(incident: &Incident, house: &House, now: Instant) -> Option<Wake> {
    let mut earliest: Option<Wake> = None;
    let mut consider = |at: Instant, why: &dyn Fn() -> String| {
        if earliest.as_ref().is_none_or(|wake| at < wake.at) {
            earliest = Some(Wake { at, why: why() });
        }
    };
    for (key, clock) in &incident.clocks {
        if !clock.standing.is_open() {
            continue;
        }
        if clock.standing != Standing::Missed
            && let Some(limit) = clock.law.limit()
        {
            consider(after(limit), &|| about("limit", key));
        }
        for (_, lease) in clock.live_leases() {
            consider(lease.holds_until(clock, house), &|| about("acknowledgement ends", key));
        }
        if let Some(silence) = &clock.silence {
            consider(silence.holds_until(clock, house), &|| about("silence ends", key));
        }
        if rings(clock, house)
            && let Some((at, rung)) = next_rung(incident, key, clock, house, now)
        {
            consider(at, &|| about(&rung, key));
        }
    }
    if let Some((at, subject)) = super::bordering::next_word_ends(incident) {
        consider(at, &|| format!("the standing word of counsel about {subject} ends"));
    }
    for (id, alert) in &incident.alerts {
        match alert.state {
            _ if alert.is_due(now) => consider(now, &|| format!("deliver {id}")),
            AlertState::Waiting { next_at } => consider(next_at, &|| format!("deliver {id}")),
            AlertState::Trying { since } => consider(since + ATTEMPT_LEASE, &|| format!("delivery of {id} taken for lost")),
            AlertState::Delivered { .. } | AlertState::Dropped { .. } => {}
        }
    }
    earliest
}

/// The limit itself is in time; one millisecond later is late.
pub fn after(limit: Instant) -> Instant {
    limit + Duration::milliseconds(1)
}

fn about(what: &str, key: &ClockKey) -> String {
    format!("{what}: {key}")
}
