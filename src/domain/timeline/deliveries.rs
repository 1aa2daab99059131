//! Who was told, and who could not be reached: attempts that fail alike are one line with their number.

use super::telling::Teller;
use super::{Entry, Kind};
use crate::domain::ids::AlertId;
use crate::domain::incident::{Act, Alert, DeliveryResult, Event, masked};
use crate::domain::instant::Instant;
use std::collections::BTreeMap;

/// Attempts that failed, by alert: the entry they stand in, how often, how.
#[derive(Default)]
pub struct Deliveries {
    failing: BTreeMap<AlertId, Failing>,
}

struct Failing {
    entry: usize,
    times: u32,
    first: Instant,
    how: String,
}

impl Deliveries {
    /// Takes an event about a delivery; gives whether it was one.
    pub fn fold(&mut self, teller: &Teller<'_>, event: &Event, entries: &mut Vec<Entry>) -> bool {
        let at = teller.at;
        match event {
            Event::DeliveryStarted { .. } => {}
            Event::DeliveryEnded { alert: id, result, .. } => {
                let Some(alert) = teller.incident.alerts.get(id) else { return true };
                match result {
                    DeliveryResult::Delivered { receipt } => {
                        let after = self.failing.remove(id).map(|failing| {
                            format!("after {} failed, the first {}", attempts(failing.times), teller.zone.in_words(failing.first))
                        });
                        let receipt = (!receipt.trim().is_empty()).then(|| format!("the channel answered: {}", receipt.trim()));
                        let what = format!("{}: {}", arrived(alert), whom(alert));
                        let details = after.into_iter().chain(receipt).collect();
                        entries.push(Entry { details, ..about(teller, alert, what) });
                    }
                    DeliveryResult::Failed { reason, text, .. } => {
                        let how = format!("{reason}: {text}");
                        match self.failing.get_mut(id).filter(|failing| failing.how == how) {
                            Some(failing) => {
                                failing.times += 1;
                                let entry = &mut entries[failing.entry];
                                entry.details.truncate(1);
                                let until = teller.zone.in_words(at);
                                entry.details.push(format!("{} like this, the last {until}", attempts(failing.times)));
                            }
                            None => {
                                let times = self.failing.get(id).map_or(0, |failing| failing.times) + 1;
                                let first = self.failing.get(id).map_or(at, |failing| failing.first);
                                let what = format!("NOT told: {}", whom(alert));
                                let details = vec![how.clone()];
                                self.failing.insert(id.clone(), Failing { entry: entries.len(), times, first, how });
                                entries.push(Entry { details, ..about(teller, alert, what) });
                            }
                        }
                    }
                }
            }
            Event::DeliveryHeld { alert: id, until, reason } => {
                let Some(alert) = teller.incident.alerts.get(id) else { return true };
                let what = format!("the alert to {} waits until {}", whom(alert), teller.zone.in_words(*until));
                entries.push(Entry { details: vec![reason.clone()], ..about(teller, alert, what) });
            }
            Event::Redelivered { alert: id, by, reason } => {
                let Some(alert) = teller.incident.alerts.get(id) else { return true };
                let what = format!("the alert to {} goes out once more", whom(alert));
                let ground = Some(reason.clone());
                entries.push(Entry { by: Some(by.clone()), ground, ..about(teller, alert, what) });
            }
            Event::DeliveryDropped { alert: id, reason } => {
                let Some(alert) = teller.incident.alerts.get(id) else { return true };
                self.failing.remove(id);
                let what = format!("the alert to {} is no longer tried", whom(alert));
                entries.push(Entry { details: vec![reason.clone()], ..about(teller, alert, what) });
            }
            Event::FellBack { alert: id, because, queued } => {
                let Some(alert) = teller.incident.alerts.get(id) else { return true };
                let what =
                    format!("the alert to {} goes out over {} ({}) as well", whom(alert), queued.channel, masked(&queued.to));
                entries.push(Entry { details: vec![because.clone()], ..about(teller, alert, what) });
            }
            _ => return false,
        }
        true
    }
}

/// An entry about the clocks an alert speaks of.
fn about(teller: &Teller<'_>, alert: &Alert, what: String) -> Entry {
    let about = alert.about.iter().map(|about| teller.what(&about.clock)).collect();
    let clocks = alert.about.iter().map(|about| about.clock.public(&teller.incident.id)).collect();
    Entry { about, clocks, ..Entry::new(teller.at, Kind::Told, what) }
}

/// What a channel took.
fn arrived(alert: &Alert) -> &'static str {
    match alert.queued.act {
        Act::Ring => "told",
        Act::Acknowledge => "told that somebody owns it",
        Act::Resolve => "told that it asks for nothing any more",
    }
}

/// Whom an alert is for: the person or team, the channel, and enough of the address to know it by.
pub fn whom(alert: &Alert) -> String {
    addressee(&alert.queued)
}

/// The same of an alert that was just queued.
pub fn addressee(queued: &crate::domain::incident::AlertQueued) -> String {
    let who = match &queued.person {
        Some(person) => person.clone(),
        None if queued.team.is_empty() => "the house".to_owned(),
        None => format!("team {}", queued.team),
    };
    let rota = queued.rota.as_ref().map(|rota| format!(", on call by {rota}")).unwrap_or_default();
    format!("{who} over {} ({}){rota}", queued.channel, masked(&queued.to))
}

fn attempts(count: u32) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}
