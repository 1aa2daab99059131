//! Looks at every incident whose time has come.
//!
//! [`step`](Scheduler::step) compares what should have been done by now with what was; the driver
//! calls it again at the next wake, and never sleeps longer than half a minute, because clocks get
//! set, laptops suspend and machines migrate.

use super::courier::Courier;
use super::desk::{Desk, SubmitError};
use super::telemetry::Metrics;
use super::wall_clock;
use crate::domain::ids::IncidentId;
use crate::domain::incident::Command;
use crate::domain::instant::{Duration, Instant};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest sleep.
const NAP_MAX: Duration = Duration::seconds(30);
/// Incidents looked at in one round.
const ROUND_MAX: usize = 4096;
/// Of these, how many at once.
const AT_ONCE: usize = 64;
/// An incident that failed is tried again after this long.
const SET_ASIDE: Duration = Duration::seconds(60);

/// Wakes incidents.
pub struct Scheduler {
    desk: Arc<Desk>,
    courier: Arc<Courier>,
    metrics: Arc<Metrics>,
    set_aside: Mutex<BTreeMap<IncidentId, Instant>>,
    caught_up: AtomicBool,
}

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Incidents that were woken.
    pub woken: usize,
    /// Of these, how many failed and were set aside.
    pub failed: usize,
    /// When the next one is due, if any is.
    pub next: Option<Instant>,
}

impl Scheduler {
    /// A scheduler over a desk, handing alerts to a courier.
    pub fn new(desk: Arc<Desk>, courier: Arc<Courier>, metrics: Arc<Metrics>) -> Self {
        Self { desk, courier, metrics, set_aside: Mutex::default(), caught_up: AtomicBool::new(false) }
    }

    /// Whether every wake that was overdue when the daemon started has been looked at.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }

    /// Incidents that failed when they were woken; each is tried again, and does not stop the others.
    pub fn set_aside(&self) -> Vec<IncidentId> {
        self.lock_aside().keys().cloned().collect()
    }

    fn lock_aside(&self) -> std::sync::MutexGuard<'_, BTreeMap<IncidentId, Instant>> {
        self.set_aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes every incident that is due at `now`, once, and hands their alerts to the courier.
    pub async fn step(self: &Arc<Self>, now: Instant) -> Result<Step, SubmitError> {
        let mut step = Step::default();
        let aside: BTreeMap<IncidentId, Instant> = self.lock_aside().clone();
        let due = self.desk.due(now, ROUND_MAX + aside.len())?;
        let overdue = due.first().map_or(Duration::zero(), |(at, _)| now - *at);
        self.metrics.oldest_overdue_s.set(overdue.num_seconds().max(0));
        let mut woken = JoinSet::new();
        for (at, id) in due {
            if aside.get(&id).is_some_and(|again| now < *again) {
                continue;
            }
            if woken.len() >= AT_ONCE {
                self.note(woken.join_next().await, now, &mut step);
            }
            self.metrics.lateness_s.observe((now - at).num_milliseconds().max(0) as f64 / 1000.0);
            let this = Arc::clone(self);
            woken.spawn(async move {
                let outcome = this.wake(&id, now).await;
                (id, outcome)
            });
        }
        while let Some(joined) = woken.join_next().await {
            self.note(Some(joined), now, &mut step);
        }
        let aside = self.lock_aside().clone();
        let ahead = self.desk.due(Instant::MAX_UTC, aside.len() + 1)?;
        let next = ahead.into_iter().find(|(_, id)| !aside.contains_key(id)).map(|(at, _)| at);
        if next.is_none_or(|at| at > now) {
            self.caught_up.store(true, Ordering::Release);
        }
        step.next = next.into_iter().chain(aside.into_values()).min();
        Ok(step)
    }

    async fn wake(&self, id: &IncidentId, now: Instant) -> Result<(), SubmitError> {
        let submitted = self.desk.submit(id, Command::Wake, now).await?;
        self.metrics.count_events(&submitted.events);
        self.courier.dispatch(&submitted.incident, now).await
    }

    fn note(
        &self,
        joined: Option<Result<(IncidentId, Result<(), SubmitError>), tokio::task::JoinError>>,
        now: Instant,
        step: &mut Step,
    ) {
        let (id, error) = match joined {
            Some(Ok((id, Ok(())))) => {
                step.woken += 1;
                self.lock_aside().remove(&id);
                return;
            }
            Some(Ok((id, Err(error)))) => (id, error),
            Some(Err(panic)) => {
                // The incident's name went down with its task; it is still due, and is tried again.
                step.failed += 1;
                tracing::error!(%panic, "an incident could not be woken");
                return;
            }
            None => return,
        };
        step.failed += 1;
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(incident = %id, %error, source, "an incident could not be woken and is set aside for a minute");
        self.metrics.set_aside_total.inc();
        self.lock_aside().insert(id, now + SET_ASIDE);
    }

    /// Steps until told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let now = wall_clock::now();
            let nap = match self.step(now).await {
                Ok(step) => step.next.map_or(NAP_MAX, |next| (next - wall_clock::now()).min(NAP_MAX)),
                Err(error) => {
                    tracing::error!(%error, "the agenda cannot be read");
                    Duration::seconds(1)
                }
            };
            tokio::select! {
                () = wall_clock::sleep(nap) => {}
                () = self.desk.agenda_changed() => {}
                _ = stop.changed() => {}
            }
        }
    }
}
