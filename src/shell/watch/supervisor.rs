//! What systemd is told: ready, reloading, stopping, alive. Without systemd nobody listens and nothing happens.

use sd_notify::{NotifyState, notify};

/// The daemon has replayed what was overdue and takes requests.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] says when that is over.
pub fn reloading() {
    tell(&[NotifyState::Reloading, NotifyState::monotonic_usec_now().unwrap_or(NotifyState::Status("reloading"))]);
}

/// The daemon is about to end.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The scheduler came to the end of a cycle. systemd restarts a daemon that does not say so in time (`WatchdogSec`).
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        tracing::debug!(%error, "the supervisor could not be told");
    }
}
