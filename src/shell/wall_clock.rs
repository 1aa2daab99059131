//! The only place that reads a clock or sleeps.

use crate::domain::instant::{Duration, Instant};

/// Now, by the machine's wall clock, in UTC, in whole milliseconds: what the agenda keeps.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> Instant {
    let now = chrono::Utc::now();
    now - Duration::nanoseconds(i64::from(now.timestamp_subsec_nanos() % 1_000_000))
}

/// Time that only moves forward, for measuring how long something took. It is the runtime's own, so
/// that in a runtime whose time stands still, as a simulation's does, nothing takes long.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn stopwatch() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Sleeps for a length of time; a negative one not at all.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub async fn sleep(length: Duration) {
    tokio::time::sleep(length.to_std().unwrap_or_default()).await;
}
