//! Carries alerts to channels: claimed by appending, sent, then recorded.
//!
//! An attempt is first written to the journal, so that of several daemons one sends; then the letter
//! is composed from the incident as it is at that moment; then the outcome is written. A crash in
//! between costs a repeat under the same id, never a silence.

use super::channel_health::{ChannelHealth, Health};
use super::config::{Config, Rules};
use super::delivery::{Channel, FailureReason, Letter, Outcome, backoff};
use super::desk::{Desk, SubmitError};
use super::links::{Invitation, Links};
use super::quota::{Counter, Quota};
use super::telemetry::Metrics;
use super::wall_clock;
use super::wording::{compose, may_wait};
use crate::domain::delivery_log::DEAD_AFTER;
use crate::domain::ids::{AlertId, ChannelId, IncidentId};
use crate::domain::incident::{
    ATTEMPT_LEASE, Alert, AlertState, Clock, ClockKey, Command, DeliveryHold, DeliveryResult, Event, INTERRUPTED, Incident,
    Moment, WouldBe, if_a_breach,
};
use crate::domain::instant::{Duration, Instant, Zone, length_in_words, rfc3339};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Letters under way at once, over all channels.
const AT_ONCE: usize = 64;
/// Channels bound their own time; one that does not is given up before its attempt would count as lost.
const ATTEMPT_MAX: std::time::Duration = std::time::Duration::from_secs(150);

/// Incidents looked through at the start for attempts that were cut off; those of further ones wait for their lease.
const TAKEN_UP_MAX: usize = 10_000;
/// How long a link in a letter may be used: long enough for a holiday, and every further letter brings another.
const LINK_LIFE: Duration = Duration::days(14);

/// The channels by name.
pub type Channels = BTreeMap<ChannelId, Arc<dyn Channel>>;

/// Carries alerts.
pub struct Courier {
    desk: Arc<Desk>,
    channels: RwLock<Arc<Channels>>,
    public_url: Option<String>,
    links: Option<Links>,
    metrics: Arc<Metrics>,
    room: Arc<Semaphore>,
    under_way: Mutex<JoinSet<()>>,
    health: ChannelHealth,
    quota: RwLock<Option<Quota>>,
    counter: Counter,
    dead_letters: Mutex<BTreeSet<(IncidentId, AlertId)>>,
}

impl Courier {
    /// A courier for a desk's alerts.
    pub fn new(desk: Arc<Desk>, config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            desk,
            channels: RwLock::new(Arc::new(config.channels.clone())),
            public_url: config.public_url.clone(),
            links: None,
            metrics,
            room: Arc::new(Semaphore::new(AT_ONCE)),
            under_way: Mutex::default(),
            health: ChannelHealth::default(),
            quota: RwLock::new(config.per_recipient),
            counter: Counter::default(),
            dead_letters: Mutex::default(),
        }
    }

    /// The same courier with links in its letters, where the configuration has a public address.
    pub fn with_links(self, links: Links) -> Self {
        Self { links: Some(links), ..self }
    }

    /// What reads the links it sends.
    pub fn links(&self) -> Option<&Links> {
        self.links.as_ref()
    }

    /// The address of the page where an alert is acknowledged; the same on every attempt.
    fn link(&self, incident: &IncidentId, alert: &Alert) -> Option<String> {
        let (url, links) = (self.public_url.as_deref()?, self.links.as_ref()?);
        let invitation =
            Invitation { incident: incident.clone(), alert: alert.queued.id.clone(), until: alert.queued_at + LINK_LIFE };
        Some(format!("{url}/a/{}", links.token(&invitation)))
    }

    /// Puts another quota per recipient in use, or none.
    pub fn swap_quota(&self, per_recipient: Option<Quota>) {
        *self.quota.write().unwrap_or_else(PoisonError::into_inner) = per_recipient;
    }

    /// Puts other channels in use.
    pub fn swap_channels(&self, channels: Channels) {
        *self.channels.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(channels);
    }

    /// How each channel that was used has been doing.
    pub fn health(&self) -> BTreeMap<ChannelId, Health> {
        self.health.all()
    }

    /// Attempts that the daemon before left in the middle have failed, and are made again at once instead of after
    /// their lease. Only before this daemon begins its first.
    ///
    /// # Errors
    /// When the record cannot be read or written: the attempts are made again after their lease.
    pub async fn take_up(&self, now: Instant) -> Result<usize, SubmitError> {
        let mut taken_up = 0;
        for (_, id) in self.desk.due(now + ATTEMPT_LEASE, TAKEN_UP_MAX)? {
            let Some(incident) = self.desk.incident(&id).await? else { continue };
            for (alert_id, alert) in &incident.alerts {
                if !matches!(alert.state, AlertState::Trying { .. }) {
                    continue;
                }
                let text = "the daemon ended in the middle of the attempt; it may have arrived".to_owned();
                let result = DeliveryResult::Failed { reason: INTERRUPTED.into(), text, retry_at: now, permanent: false };
                let command = Command::EndDelivery { alert: alert_id.clone(), attempt: alert.attempts, result };
                self.desk.submit(&id, command, now).await?;
                taken_up += 1;
            }
        }
        if taken_up > 0 {
            tracing::warn!(taken_up, "the daemon before ended in the middle of deliveries; they are made again");
        }
        Ok(taken_up)
    }

    /// Starts an attempt for every alert of the incident that is due. Returns once the attempts are
    /// on record; they go on by themselves.
    pub async fn dispatch(self: &Arc<Self>, incident: &Incident, now: Instant) -> Result<(), SubmitError> {
        let due = incident.due_alerts(now);
        if due.is_empty() {
            return Ok(());
        }
        self.forget_dropped(incident);
        let mut alerts = Vec::new();
        let mut holds = Vec::new();
        for alert in due {
            match self.admit(incident, &alert, now) {
                Ok(()) => alerts.push(alert),
                Err((until, reason)) => holds.push(DeliveryHold { alert, until, reason }),
            }
        }
        if !holds.is_empty() {
            tracing::info!(incident = %incident.id, held = holds.len(), "alerts wait: their channel is down, or their recipient has had enough for now");
            self.metrics.held_total.inc_by(holds.len() as u64);
            self.desk.submit(&incident.id, Command::HoldDeliveries { holds }, now).await?;
        }
        if alerts.is_empty() {
            return Ok(());
        }
        let submitted = self.desk.submit(&incident.id, Command::BeginDeliveries { alerts }, now).await?;
        for event in &submitted.events {
            if let Event::DeliveryStarted { alert, attempt } = event {
                let (this, incident) = (Arc::clone(self), Arc::clone(&submitted.incident));
                let (alert, attempt) = (alert.clone(), *attempt);
                let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
                while under_way.try_join_next().is_some() {}
                under_way.spawn(async move { this.carry(&incident.id, &alert, attempt, now).await });
            }
        }
        Ok(())
    }

    /// Whether an attempt is made now; if not, until when it waits and why.
    fn admit(&self, incident: &Incident, id: &AlertId, now: Instant) -> Result<(), (Instant, String)> {
        let Some(alert) = incident.alerts.get(id) else { return Ok(()) };
        // One whose clocks are closed is only to be dropped.
        if !incident.is_wanted(alert) {
            return Ok(());
        }
        let (channel, to) = (&alert.queued.channel, &alert.queued.to);
        self.health.admit(channel, id, now).map_err(|until| (until, format!("`{channel}` is down; another alert tries it")))?;
        let quota = *self.quota.read().unwrap_or_else(PoisonError::into_inner);
        // A repeat of a failed attempt is the same letter.
        let Some(quota) = quota.filter(|_| alert.attempts == 0) else { return Ok(()) };
        let waits = alert.queued.act.is_ring() && incident.open_of(alert).all(|(about, clock)| may_wait(clock, &about.rung, now));
        self.counter.admit(quota, channel, to, waits, now).map_err(|until| (until, format!("the recipient got {quota} already")))
    }

    /// How many attempts are under way.
    pub fn under_way(&self) -> usize {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        while under_way.try_join_next().is_some() {}
        under_way.len()
    }

    /// Waits for the attempts under way.
    pub async fn drain(&self) {
        let mut under_way = std::mem::take(&mut *self.under_way.lock().unwrap_or_else(PoisonError::into_inner));
        while under_way.join_next().await.is_some() {}
    }

    /// One attempt, begun at `now` by the clock.
    async fn carry(&self, incident: &IncidentId, id: &AlertId, attempt: u32, now: Instant) {
        let stopwatch = wall_clock::stopwatch();
        let clock = || now + Duration::from_std(stopwatch.elapsed()).unwrap_or_default();
        let Ok(_room) = self.room.acquire().await else { return };
        let begun = clock();
        let incident = match self.desk.incident(incident).await {
            Ok(Some(incident)) => incident,
            // Not recorded, so it is taken for lost and repeated.
            Ok(None) | Err(_) => return,
        };
        let Some(alert) = incident.alerts.get(id) else { return };
        // Waiting for room may have taken so long that a later attempt has begun, or the clock has ended.
        let superseded = alert.attempts != attempt || !matches!(alert.state, AlertState::Trying { .. });
        if superseded || !incident.is_wanted(alert) {
            return;
        }
        let link = self.link(&incident.id, alert);
        let stake = at_stake(&incident, &self.desk.rules(), begun);
        let Some(letter) = compose(&incident, id, alert, link, stake.as_ref(), begun) else { return };
        let channels = Arc::clone(&self.channels.read().unwrap_or_else(PoisonError::into_inner));
        let name = &alert.queued.channel;
        let outcome = match channels.get(name) {
            Some(channel) => attempt_over(channel.as_ref(), &letter, &alert.queued.to, begun).await,
            None => Outcome::Failed {
                reason: FailureReason::RefusedByPolicy,
                text: format!("there is no channel `{name}` in the configuration"),
                retry_after: None,
                permanent: true,
            },
        };
        let ended = clock();
        self.metrics.count_delivery(name, &outcome, ended - begun);
        self.health.note(name, id, &outcome, ended);
        self.note_dead(&incident.id, id, alert, &outcome, ended);
        let result = match outcome {
            Outcome::Delivered { receipt } => DeliveryResult::Delivered { receipt },
            Outcome::Failed { reason, text, retry_after, permanent } => {
                let failed = alert.failures.map_or(0, |(failures, _)| failures).saturating_add(1);
                let retry_at = backoff::retry_at(failed, ended, id, retry_after);
                tracing::warn!(alert = %id, channel = %name, attempt, %reason, text, retry_at = %rfc3339(retry_at), "an alert was not delivered");
                DeliveryResult::Failed { reason: reason.as_str().to_owned(), text, retry_at, permanent }
            }
        };
        self.record(&incident.id, id, attempt, result, ended).await;
    }

    /// Without a record the attempt counts as lost and is repeated after its lease: a duplicate, not a miss.
    async fn record(&self, incident: &IncidentId, id: &AlertId, attempt: u32, result: DeliveryResult, now: Instant) {
        let command = Command::EndDelivery { alert: id.clone(), attempt, result };
        if let Err(error) = self.desk.submit(incident, command, now).await {
            tracing::error!(alert = %id, %error, "how a delivery ended could not be recorded; it will be repeated");
        }
    }

    /// An alert that fails for long is said, and counted, until somebody takes it or its clock is closed.
    fn note_dead(&self, incident: &IncidentId, id: &AlertId, alert: &Alert, outcome: &Outcome, now: Instant) {
        let fails = matches!(outcome, Outcome::Failed { .. });
        let dead = fails && alert.queued_at + DEAD_AFTER <= now;
        let mut letters = self.dead_letters.lock().unwrap_or_else(PoisonError::into_inner);
        if dead {
            letters.insert((incident.clone(), id.clone()));
            tracing::error!(%incident, alert = %id, channel = %alert.queued.channel, "an alert has failed for half an hour: somebody is not rung; see `watchbell alert list --dead`");
        } else if !fails {
            letters.remove(&(incident.clone(), id.clone()));
        }
        self.metrics.dead_letters.set(i64::try_from(letters.len()).unwrap_or(i64::MAX));
    }

    /// The alerts that have failed for half an hour, and their incidents.
    pub fn dead_letters(&self) -> Vec<(IncidentId, AlertId)> {
        self.dead_letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Alerts whose clock was closed are no longer anybody's trouble.
    fn forget_dropped(&self, incident: &Incident) {
        let mut letters = self.dead_letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.retain(|(of, id)| {
            let state = incident.alerts.get(id).map(|alert| &alert.state);
            *of != incident.id || !matches!(state, Some(AlertState::Dropped { .. } | AlertState::Delivered { .. }))
        });
        self.metrics.dead_letters.set(i64::try_from(letters.len()).unwrap_or(i64::MAX));
    }
}

/// One attempt over a channel, bounded whatever the channel does.
async fn attempt_over(channel: &dyn Channel, letter: &Letter, to: &str, now: Instant) -> Outcome {
    match tokio::time::timeout(ATTEMPT_MAX, channel.deliver(letter, to, now)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::Failed {
            reason: FailureReason::TimedOut,
            text: format!("the channel did not come back within {} s", ATTEMPT_MAX.as_secs()),
            retry_after: None,
            permanent: false,
        },
    }
}

/// The house's clock that asks the opening question.
pub const OPENING_CLOCK: &str = "house.triage";

/// The nearest limit in law that would run if somebody said now that this may be a breach, also one that has passed.
pub fn at_stake(incident: &Incident, rules: &Rules, now: Instant) -> Option<WouldBe> {
    let asks = |(key, clock): (&ClockKey, &Clock)| key.duty.as_str() == OPENING_CLOCK && clock.standing.is_open();
    if !incident.clocks.iter().any(asks) {
        return None;
    }
    let moment = Moment { now, rulebook: &rules.rulebook, house: &rules.house };
    let mut limits = if_a_breach(incident, &moment).into_iter();
    limits.find(|limit| limit.in_law)
}

/// `16 h left, until Fri 27 Mar 17:00 Europe/Dublin: Notify the supervisory authority (GDPR Art. 33(1))`.
pub fn stake_in_words(stake: &WouldBe, zone: Zone, now: Instant) -> String {
    let until = stake.until.map_or_else(
        || "without delay".to_owned(),
        |until| format!("{}, until {}", left_in_words(until, now), zone.in_words(until)),
    );
    format!("{until}: {} ({})", stake.title, stake.cite)
}

/// Towards whom a clock is, in brackets: of a list by number, with how many more there are.
pub fn towards_in_words(key: &ClockKey, clock: &Clock, more: usize) -> String {
    match (&key.target, &clock.law.listed) {
        (Some(number), Some(_)) if more > 0 => format!(" ({} of a list, the first no. {number})", more + 1),
        (Some(number), Some(_)) => format!(" (no. {number})"),
        (Some(target), None) => format!(" ({target})"),
        (None, _) => String::new(),
    }
}

/// What delays a clock at an instant, and until when.
pub fn held_in_words(clock: &Clock, now: Instant) -> Option<String> {
    let (held, until) = clock.held_at(now)?;
    let zone = clock.law.deadlines.operational.zone;
    let until =
        until.map_or_else(|| "no end was stated, ask for one".to_owned(), |until| format!("until {}", zone.in_words(until)));
    Some(format!("{}, {until}; the house must not tell before", held.statement.rule))
}

/// Which facts a clock depends on are disputed.
pub fn disputed_in_words(incident: &Incident, clock: &Clock) -> Option<String> {
    let keys: Vec<String> = incident.disputed_of(clock).map(ToString::to_string).collect();
    (!keys.is_empty()).then(|| format!("{}; the stricter reading runs until it is settled", keys.join(", ")))
}

/// `71 h 58 min left`, `due now` for the minute after the limit, `3 h 2 min overdue`.
pub fn left_in_words(until: Instant, now: Instant) -> String {
    let over = now - until;
    if over >= Duration::zero() && over < Duration::minutes(1) {
        return "due now".into();
    }
    let word = if over > Duration::zero() { "overdue" } else { "left" };
    format!("{} {word}", length_in_words(until - now))
}

/// `due now` at the start of a line.
pub fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
