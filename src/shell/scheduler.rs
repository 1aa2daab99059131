//! Looks at every incident whose time has come.
//!
//! [`step`](Scheduler::step) compares what should have been done by now with what was; the driver
//! calls it again at the next wake, and never sleeps longer than half a minute, because clocks get
//! set, laptops suspend and machines migrate.

use super::courier::Courier;
use super::desk::{Desk, SubmitError};
use super::telemetry::Metrics;
use super::wall_clock;
use crate::domain::board::Card;
use crate::domain::ids::IncidentId;
use crate::domain::incident::Command;
use crate::domain::instant::{Duration, Instant};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

/// The longest sleep.
const NAP_MAX: Duration = Duration::seconds(30);
/// Incidents looked at in one round.
const ROUND_MAX: usize = 4096;
/// Of these, how many at once.
const AT_ONCE: usize = 64;
/// An incident that failed is tried again after this long.
const SET_ASIDE: Duration = Duration::seconds(60);
/// A clock that is this much behind the last look was set back.
const SET_BACK: Duration = Duration::seconds(60);
/// Who is further behind is not ready.
const BEHIND_MAX: Duration = Duration::seconds(10);
/// Cards read at once.
const PAGE: usize = 500;

/// Wakes incidents.
pub struct Scheduler {
    desk: Arc<Desk>,
    courier: Arc<Courier>,
    metrics: Arc<Metrics>,
    set_aside: Mutex<BTreeMap<IncidentId, Instant>>,
    last_look: Mutex<Option<Instant>>,
    caught_up: AtomicBool,
    behind_ms: AtomicI64,
    cycles: watch::Sender<Step>,
    last_cycle: Mutex<tokio::time::Instant>,
}

type Woken = JoinSet<Result<(), SubmitError>>;
type Names = HashMap<task::Id, IncidentId>;

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
        Self {
            desk,
            courier,
            metrics,
            set_aside: Mutex::default(),
            last_look: Mutex::default(),
            caught_up: AtomicBool::new(false),
            behind_ms: AtomicI64::new(0),
            cycles: watch::Sender::default(),
            last_cycle: Mutex::new(wall_clock::stopwatch()),
        }
    }

    /// Says where the clock was when a scheduler before this one last looked, so that a clock set back
    /// meanwhile is noticed.
    pub fn looked_last(&self, at: Instant) {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// Whether every wake that was overdue when the daemon started has been looked at.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }

    /// Whether nothing that is overdue waits to be looked at, and the last look was not long ago.
    pub fn is_ready(&self) -> bool {
        let looked = self.last_cycle.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let behind = Duration::milliseconds(self.behind_ms.load(Ordering::Acquire));
        self.is_caught_up() && behind <= BEHIND_MAX && looked <= (NAP_MAX * 3).to_std().unwrap_or_default()
    }

    /// Tells of every look that came to its end.
    pub fn cycles(&self) -> watch::Receiver<Step> {
        self.cycles.subscribe()
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
        self.lock_aside().retain(|_, until| rests(*until, now));
        if self.was_set_back(now) {
            self.retry_failing(now, &mut step).await?;
        }
        let aside: BTreeMap<IncidentId, Instant> = self.lock_aside().clone();
        let due = self.desk.due(now, ROUND_MAX + aside.len())?;
        let overdue = due.first().map_or(Duration::zero(), |(at, _)| now - *at);
        self.metrics.oldest_overdue_s.set(overdue.num_seconds().max(0));
        self.metrics.wakes_due.set(i64::try_from(due.len()).unwrap_or(i64::MAX));
        self.metrics.deliveries_under_way.set(i64::try_from(self.courier.under_way()).unwrap_or(i64::MAX));
        for (at, _) in due.iter().filter(|(_, id)| !aside.contains_key(id)) {
            self.metrics.lateness_s.observe((now - *at).num_milliseconds().max(0) as f64 / 1000.0);
        }
        let ids = due.into_iter().map(|(_, id)| id).filter(|id| !aside.contains_key(id)).collect();
        self.wake_all(ids, now, &mut step).await;

        let aside: BTreeMap<IncidentId, Instant> = self.lock_aside().clone();
        let agenda = self.desk.due(Instant::MAX_UTC, aside.len() + 1)?;
        let next = agenda.into_iter().find(|(at, id)| *at > now || !aside.contains_key(id));
        // What is still due and not set aside was left for another round.
        self.caught_up.fetch_or(next.as_ref().is_none_or(|(at, _)| *at > now), Ordering::AcqRel);
        let behind = next.as_ref().map_or(Duration::zero(), |(at, _)| now - *at);
        self.behind_ms.store(behind.num_milliseconds().max(0), Ordering::Release);
        *self.last_cycle.lock().unwrap_or_else(PoisonError::into_inner) = wall_clock::stopwatch();
        step.next = next.map(|(at, _)| at.max(now)).into_iter().chain(aside.into_values()).min();
        Ok(step)
    }

    /// Whether the clock is behind where it was at the last look.
    fn was_set_back(&self, now: Instant) -> bool {
        let mut last_look = self.last_look.lock().unwrap_or_else(PoisonError::into_inner);
        let set_back = last_look.is_some_and(|last| now + SET_BACK < last);
        *last_look = Some(now);
        if set_back {
            self.metrics.clock_set_back_total.inc();
            tracing::warn!("the clock was set back; rungs keep to their instants, alerts that failed are tried again");
        }
        set_back
    }

    /// Wakes every incident with an alert that waits for its next attempt: that wait was counted by
    /// the clock as it stood before.
    async fn retry_failing(self: &Arc<Self>, now: Instant, step: &mut Step) -> Result<(), SubmitError> {
        let mut after: Option<IncidentId> = None;
        loop {
            let cards = self.desk.cards(after.as_ref(), PAGE)?;
            let Some((last, _)) = cards.last() else { return Ok(()) };
            after = Some(last.clone());
            let failing = |card: &[u8]| serde_json::from_slice::<Card>(card).is_ok_and(|card| !card.failing.is_empty());
            let ids = cards.into_iter().filter(|(_, card)| failing(card)).map(|(id, _)| id).collect();
            self.wake_all(ids, now, step).await;
        }
    }

    async fn wake_all(self: &Arc<Self>, ids: Vec<IncidentId>, now: Instant, step: &mut Step) {
        let (mut woken, mut names) = (Woken::new(), Names::new());
        for id in ids {
            if woken.len() >= AT_ONCE {
                self.note(&mut woken, &mut names, now, step).await;
            }
            let (this, name) = (Arc::clone(self), id.clone());
            let task = woken.spawn(async move { this.wake(&id, now).await });
            names.insert(task.id(), name);
        }
        while !woken.is_empty() {
            self.note(&mut woken, &mut names, now, step).await;
        }
    }

    async fn wake(&self, id: &IncidentId, now: Instant) -> Result<(), SubmitError> {
        let submitted = self.desk.submit(id, Command::Wake, now).await?;
        self.metrics.count_events(&submitted.events);
        self.courier.dispatch(&submitted.incident, now).await
    }

    /// Waits for one incident to have been woken. One that could not be is set aside.
    async fn note(&self, woken: &mut Woken, names: &mut Names, now: Instant, step: &mut Step) {
        let Some(joined) = woken.join_next_with_id().await else { return };
        let (task, outcome) = match joined {
            Ok((task, outcome)) => (task, outcome.map_err(|error| chain(&error))),
            Err(panic) => (panic.id(), Err(panic.to_string())),
        };
        let Some(id) = names.remove(&task) else { return };
        match outcome {
            Ok(()) => step.woken += 1,
            Err(error) => {
                step.failed += 1;
                tracing::error!(incident = %id, error, "an incident could not be woken and is set aside for a minute");
                self.metrics.set_aside_total.inc();
                self.lock_aside().insert(id, now + SET_ASIDE);
            }
        }
    }

    /// Takes up what was cut off, then steps until told to stop, by the clock `now`.
    pub async fn run(self: Arc<Self>, now: impl Fn() -> Instant, mut stop: watch::Receiver<bool>) {
        if let Err(error) = self.courier.take_up(now()).await {
            tracing::error!(%error, "deliveries that were cut off could not be looked for; they are made again in three minutes");
        }
        while !*stop.borrow() {
            let nap = match self.step(now()).await {
                Ok(step) => {
                    self.cycles.send_replace(step);
                    step.next.map_or(NAP_MAX, |next| (next - now()).min(NAP_MAX))
                }
                Err(error) => {
                    tracing::error!(%error, "the agenda cannot be read");
                    Duration::seconds(1)
                }
            };
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                () = self.desk.agenda_changed() => {}
                () = wall_clock::sleep(nap) => {}
            }
        }
    }
}

/// Whether what was set aside until `until` is to be left alone at `now`; not for longer than it was
/// set aside for, should the clock have been set back.
fn rests(until: Instant, now: Instant) -> bool {
    now < until && until - now <= SET_ASIDE
}

/// An error and its sources on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
