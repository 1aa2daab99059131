//! Alerts that reach nobody: after half an hour of failed attempts the operator is rung too, over whatever
//! channels the operator has.
//!
//! The attempts go on meanwhile. The alarm ends by itself once nothing has failed for so long that every
//! alert was tried again.

use super::alarm::{self, Alarm};
use crate::domain::incident::RETRY_WAIT_MAX;
use crate::domain::instant::Instant;
use crate::shell::courier::Courier;
use crate::shell::desk::{Desk, SubmitError};
use crate::shell::wall_clock;
use std::sync::{Arc, Mutex, PoisonError};

/// The watch over the courier's dead letters.
pub struct Undelivered {
    desk: Arc<Desk>,
    courier: Arc<Courier>,
    state: Mutex<State>,
}

struct State {
    /// Whether the alarm may be ringing: one of the run before may.
    rings: bool,
    /// Since when nothing is known to fail.
    clear_since: tokio::time::Instant,
}

impl Undelivered {
    /// A watch over what this courier carries.
    pub fn new(desk: Arc<Desk>, courier: Arc<Courier>) -> Self {
        let state = State { rings: true, clear_since: wall_clock::stopwatch() };
        Self { desk, courier, state: Mutex::new(state) }
    }

    /// Rings the operator while alerts have failed for long, and ends the alarm once none does.
    pub async fn step(&self, now: Instant) -> Result<(), SubmitError> {
        let dead = self.courier.dead_letters();
        let (raise, end) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if !dead.is_empty() {
                state.clear_since = wall_clock::stopwatch();
            }
            let clear = state.clear_since.elapsed() > RETRY_WAIT_MAX.to_std().unwrap_or_default();
            (!dead.is_empty(), state.rings && clear)
        };
        if raise {
            let (incident, alert) = &dead[0];
            let others = match dead.len() - 1 {
                0 => String::new(),
                others => format!(", and {others} more"),
            };
            let remark = format!("{alert} of {incident}{others} could not be delivered for half an hour");
            alarm::raise(&self.desk, &alarm_of(), &remark, &[], now).await?;
        }
        if end {
            alarm::end(&self.desk, &alarm_of(), "no alert has failed for an hour", now).await?;
        }
        if raise || end {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).rings = raise;
        }
        Ok(())
    }
}

fn alarm_of() -> Alarm {
    Alarm { duty: "house.delivery", fact: "alerts.undelivered", subject: "alerts".into(), title: "Alerts reach nobody".into() }
}
