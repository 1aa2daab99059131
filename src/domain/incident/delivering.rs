//! What is decided about alerts on their way, besides their attempts: held for a while, sent once more.

use super::alert::AlertState;
use super::command::{DeliveryHold, Refusal};
use super::event::Event;
use super::state::Incident;
use super::wake::RETRY_WAIT_MAX;
use crate::domain::ids::AlertId;
use crate::domain::instant::Instant;

/// Alerts that are due wait a little; one whose attempt has begun meanwhile does not.
pub fn hold(incident: &Incident, holds: Vec<DeliveryHold>, now: Instant) -> Result<Vec<Event>, Refusal> {
    let mut events = Vec::new();
    for DeliveryHold { alert: id, until, reason } in holds {
        let alert = incident.alerts.get(&id).ok_or_else(|| Refusal::NoAlert(id.clone()))?;
        if alert.is_due(now) && until > now {
            // Longer than a failed attempt may wait would be taken for a clock that was set back.
            events.push(Event::DeliveryHeld { alert: id, until: until.min(now + RETRY_WAIT_MAX), reason });
        }
    }
    Ok(events)
}

/// An alert goes out once more, under the same id, on a person's word.
pub fn redeliver(incident: &Incident, id: AlertId, by: String, reason: String) -> Result<Event, Refusal> {
    let alert = incident.alerts.get(&id).ok_or_else(|| Refusal::NoAlert(id.clone()))?;
    match alert.state {
        AlertState::Trying { .. } => Err(Refusal::UnderWay(id)),
        AlertState::Dropped { .. } => Err(Refusal::Closed("closed")),
        AlertState::Waiting { .. } | AlertState::Delivered { .. } => {
            if incident.is_wanted(alert) {
                Ok(Event::Redelivered { alert: id, by, reason })
            } else {
                Err(Refusal::Closed("closed"))
            }
        }
    }
}
