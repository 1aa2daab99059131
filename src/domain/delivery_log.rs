//! What became of each alert: every attempt with its instant, its channel, and what was answered.
//!
//! The alerts come from the incident, their attempts from its events. An alert is a dead letter when its
//! clock closed before anybody took it, or when it has failed for half an hour: somebody was not rung.

use super::ids::AlertId;
use super::incident::{Alert, AlertState, DeliveryResult, Event, Incident, masked};
use super::instant::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An alert that still fails this long after it was queued is a dead letter, though it is tried on.
pub const DEAD_AFTER: Duration = Duration::minutes(30);

/// How far an alert is, as people ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertStanding {
    /// It waits for its first attempt, or is in it.
    Waiting,
    /// Its last attempt failed, and another follows.
    Failing,
    /// A channel took it.
    Delivered,
    /// Its clock closed first.
    Dropped,
}

impl AlertStanding {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failing => "failing",
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
        }
    }
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertLine {
    /// Its id, the same on every attempt.
    pub id: String,
    /// Its incident.
    pub incident: String,
    /// The clock it is about; of several the most urgent.
    pub clock: String,
    /// Every clock it is about, where it is about several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<String>,
    /// The rung that queued it.
    pub rung: String,
    /// When that rung fell due.
    pub due_at: Instant,
    /// When it was queued.
    pub queued_at: Instant,
    /// The channel.
    pub channel: String,
    /// The team.
    pub team: String,
    /// The address, all but its beginning and its domain left out.
    pub to: String,
    /// How far it is.
    pub standing: AlertStanding,
    /// How many attempts began.
    pub attempts: u32,
    /// When the next attempt is made, if it waits for one.
    pub next_at: Option<Instant>,
    /// How the last failed attempt failed: class and words.
    pub last_failure: Option<(String, String)>,
    /// Whether it is a dead letter.
    pub dead: bool,
}

/// One alert with all that happened to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertLog {
    /// The alert.
    pub line: AlertLine,
    /// What happened, oldest first.
    pub log: Vec<LogLine>,
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// When it was recorded.
    pub at: Instant,
    /// The attempt, from 1; 0 where it is none.
    pub attempt: u32,
    /// What: `began`, `delivered`, `failed`, `fell-back`, `held`, `redelivery-asked`, `dropped`.
    pub what: String,
    /// The class of a failure; empty otherwise.
    pub class: String,
    /// What the channel answered, or why.
    pub text: String,
    /// When it is tried again, if it is.
    pub next_at: Option<Instant>,
}

/// Whether an alert is a dead letter at `now`.
pub fn is_dead(alert: &Alert, now: Instant) -> bool {
    match alert.state {
        AlertState::Delivered { .. } => false,
        AlertState::Dropped { .. } => alert.last_failure.is_some(),
        AlertState::Waiting { .. } | AlertState::Trying { .. } => {
            alert.last_failure.is_some() && alert.queued_at + DEAD_AFTER <= now
        }
    }
}

impl AlertLine {
    /// The line of an alert as it is at `now`.
    pub fn of(incident: &Incident, id: &AlertId, alert: &Alert, now: Instant) -> Self {
        let next_at = match alert.state {
            AlertState::Waiting { next_at } => Some(next_at),
            _ => None,
        };
        let spoken_of = incident.spoken_of(alert);
        let leading = spoken_of.first().map(|(about, _)| *about).or(alert.about.first());
        let clocks = alert.about.iter().filter(|_| alert.about.len() > 1).map(|about| about.clock.public(&incident.id));
        Self {
            id: id.to_string(),
            incident: incident.id.to_string(),
            clock: leading.map(|about| about.clock.public(&incident.id)).unwrap_or_default(),
            clocks: clocks.collect(),
            rung: leading.map(|about| about.rung.clone()).unwrap_or_default(),
            due_at: leading.map_or(alert.queued_at, |about| about.due_at),
            queued_at: alert.queued_at,
            channel: alert.queued.channel.to_string(),
            team: alert.queued.team.clone(),
            to: masked(&alert.queued.to),
            standing: standing(alert),
            attempts: alert.attempts,
            next_at,
            last_failure: alert.last_failure.clone(),
            dead: is_dead(alert, now),
        }
    }
}

fn standing(alert: &Alert) -> AlertStanding {
    match alert.state {
        AlertState::Delivered { .. } => AlertStanding::Delivered,
        AlertState::Dropped { .. } => AlertStanding::Dropped,
        AlertState::Waiting { .. } | AlertState::Trying { .. } if alert.last_failure.is_some() => AlertStanding::Failing,
        AlertState::Waiting { .. } | AlertState::Trying { .. } => AlertStanding::Waiting,
    }
}

/// Every alert of an incident, the newest first.
pub fn lines(incident: &Incident, now: Instant) -> Vec<AlertLine> {
    let mut lines: Vec<AlertLine> = incident.alerts.iter().map(|(id, alert)| AlertLine::of(incident, id, alert, now)).collect();
    lines.sort_by(|a, b| (b.queued_at, &b.id).cmp(&(a.queued_at, &a.id)));
    lines
}

/// Every alert of an incident with its log, the newest first. The events come in order, each with the moment it was recorded.
pub fn logs<'e>(incident: &Incident, events: impl IntoIterator<Item = &'e (Instant, Event)>, now: Instant) -> Vec<AlertLog> {
    let mut logs: BTreeMap<&AlertId, Vec<LogLine>> = BTreeMap::new();
    for (at, event) in events {
        if let Some((alert, line)) = log_line(*at, event) {
            logs.entry(alert).or_default().push(line);
        }
    }
    let log_of = |line: AlertLine| {
        let log = logs.remove(&AlertId::new(line.id.as_str())).unwrap_or_default();
        AlertLog { line, log }
    };
    lines(incident, now).into_iter().map(log_of).collect()
}

fn log_line(at: Instant, event: &Event) -> Option<(&AlertId, LogLine)> {
    let line = |attempt: u32, what: &str, class: &str, text: &str, next_at: Option<Instant>| {
        let (what, class, text) = (what.to_owned(), class.to_owned(), text.to_owned());
        LogLine { at, attempt, what, class, text, next_at }
    };
    Some(match event {
        Event::DeliveryStarted { alert, attempt } => (alert, line(*attempt, "began", "", "", None)),
        Event::DeliveryEnded { alert, attempt, result: DeliveryResult::Delivered { receipt } } => {
            (alert, line(*attempt, "delivered", "", receipt, None))
        }
        Event::DeliveryEnded { alert, attempt, result: DeliveryResult::Failed { reason, text, retry_at, .. } } => {
            (alert, line(*attempt, "failed", reason, text, Some(*retry_at)))
        }
        Event::FellBack { alert, because, .. } => (alert, line(0, "fell-back", "", because, None)),
        Event::DeliveryHeld { alert, until, reason } => (alert, line(0, "held", "", reason, Some(*until))),
        Event::Redelivered { alert, by, reason } => (alert, line(0, "redelivery-asked", "", &format!("{by}: {reason}"), None)),
        Event::DeliveryDropped { alert, reason } => (alert, line(0, "dropped", "", reason, None)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_others_and_not_told_whole() {
        for (to, shown) in [
            ("ada.keller@example.org", "ad…@example.org"),
            ("a@example.org", "a@example.org"),
            ("wb-on-call-8f2c", "wb…"),
            ("", ""),
            ("über@x", "üb…@x"),
        ] {
            assert_eq!(masked(to), shown);
        }
    }
}
