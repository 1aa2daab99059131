//! Who watches the watchman: each cycle of the scheduler, the daemon looks at itself and says so outside.
//!
//! A cycle is one look of the scheduler that came to its end. After each, the supervisor (systemd) is told
//! that the daemon lives; a page of the record is compared with what should have rung; sources that fell
//! silent are noticed; and a heartbeat is sent to whoever waits for it elsewhere. None of it comes
//! about while the scheduler hangs, and that is how somebody outside learns of it.
//!
//! What is found rings the operator through the journal, as a clock of the house ([`alarm`]). Never here:
//! deciding, channels, the law.

pub mod alarm;
mod last_look;
mod pulse;
mod receipts;
mod self_check;
mod silence;
pub mod supervisor;
mod undelivered;

pub use last_look::LastLook;
pub use receipts::Receipts;
pub use self_check::{Pass, SelfCheck};
pub use silence::{Rule, Silences};
pub use undelivered::Undelivered;

use super::config::Heartbeat;
use super::courier::Courier;
use super::desk::Desk;
use super::scheduler::{Scheduler, Step};
use super::telemetry::Metrics;
use super::wall_clock;
use crate::domain::instant::{Duration, Instant};
use pulse::Pulse;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

/// A page of the record is compared no more often than this.
const CHECK_EVERY: Duration = Duration::seconds(5);

/// The watch over a daemon.
pub struct Watch {
    desk: Arc<Desk>,
    scheduler: Arc<Scheduler>,
    self_check: SelfCheck,
    silences: Silences,
    undelivered: Undelivered,
    last_look: LastLook,
    rules: RwLock<Vec<Rule>>,
    pulse: RwLock<Option<Arc<Pulse>>>,
    checked: Mutex<Option<tokio::time::Instant>>,
    metrics: Arc<Metrics>,
}

impl Watch {
    /// A watch over what this scheduler does; what it must remember is kept in the store's folder.
    pub fn new(
        desk: &Arc<Desk>,
        scheduler: &Arc<Scheduler>,
        courier: &Arc<Courier>,
        receipts: Arc<Receipts>,
        metrics: &Arc<Metrics>,
        store: &Path,
    ) -> Self {
        Self {
            desk: Arc::clone(desk),
            scheduler: Arc::clone(scheduler),
            self_check: SelfCheck::new(Arc::clone(desk), Arc::clone(metrics)),
            silences: Silences::in_store(store, Arc::clone(desk), receipts, Arc::clone(metrics)),
            undelivered: Undelivered::new(Arc::clone(desk), Arc::clone(courier)),
            last_look: LastLook::in_store(store),
            rules: RwLock::default(),
            pulse: RwLock::default(),
            checked: Mutex::default(),
            metrics: Arc::clone(metrics),
        }
    }

    /// Puts what the configuration says in use: which sources must be heard of, and whom to send a heartbeat.
    pub fn use_config(&self, rules: Vec<Rule>, heartbeat: Option<&Heartbeat>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        let pulse = heartbeat.map(|heartbeat| Arc::new(Pulse::new(heartbeat)));
        *self.pulse.write().unwrap_or_else(PoisonError::into_inner) = pulse;
    }

    /// What is to be done once per cycle of the scheduler.
    pub async fn step(&self, cycle: &Step, now: Instant) {
        supervisor::alive();
        self.last_look.note(now);
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = self.silences.step(&rules, now).await {
            tracing::error!(%error, "silent sources could not be looked for");
        }
        if let Err(error) = self.undelivered.step(now).await {
            tracing::error!(%error, "the operator could not be told of alerts that reach nobody");
        }
        let mut trouble = self.trouble(cycle);
        if trouble.is_none() && self.is_time_to_check() {
            trouble = match self.self_check.step(now).await {
                Ok(_) => None,
                Err(error) => Some(format!("the record could not be compared with what should have rung: {error}")),
            };
        }
        let found = self.self_check.found();
        let trouble = trouble.or_else(|| (found > 0).then(|| format!("{found} incidents rang otherwise than they should")));
        let pulse = self.pulse.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(pulse) = pulse
            // Who is behind has nothing to report yet, neither good nor bad.
            && (trouble.is_some() || self.scheduler.is_ready())
        {
            pulse.beat(trouble, &self.metrics, now).await;
        }
    }

    /// Why this was no good cycle, if it was not.
    fn trouble(&self, cycle: &Step) -> Option<String> {
        if let Some(reason) = self.desk.unwritable() {
            return Some(format!("the record takes no writes: {reason}"));
        }
        let aside = self.scheduler.set_aside().len();
        (aside > 0 || cycle.failed > 0).then(|| format!("{aside} incidents cannot be woken and are set aside"))
    }

    fn is_time_to_check(&self) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = checked.is_none_or(|checked| checked.elapsed() >= CHECK_EVERY.to_std().unwrap_or_default());
        if is_time {
            *checked = Some(wall_clock::stopwatch());
        }
        is_time && self.scheduler.is_ready()
    }

    /// Watches until told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut cycles = self.scheduler.cycles();
        loop {
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                cycle = cycles.changed() => if cycle.is_err() { break },
            }
            let cycle = *cycles.borrow_and_update();
            self.step(&cycle, wall_clock::now()).await;
        }
        self.silences.write_down(wall_clock::now());
    }
}
