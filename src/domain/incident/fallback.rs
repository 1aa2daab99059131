//! Another way when a channel does not take an alert. The first goes on being tried.

use super::alert::{Alert, AlertQueued, AlertState, DeliveryResult};
use super::command::Moment;
use super::digest::id_of;
use super::event::Event;
use super::house::Address;
use super::state::Incident;
use crate::domain::ids::AlertId;
use crate::domain::instant::Duration;

/// Failed attempts after which another channel is brought in.
pub const FAILURES: u32 = 3;

/// How long an alert may fail before another channel is brought in.
pub const PATIENCE: Duration = Duration::minutes(5);

/// The alert that goes out in the stead of one that has just failed, once: at once if it is bound to
/// fail again, else after some failures or some time.
pub fn fall_back(incident: &Incident, id: &AlertId, result: &DeliveryResult, moment: &Moment<'_>) -> Option<Event> {
    let DeliveryResult::Failed { reason, permanent, .. } = result else { return None };
    let alert = incident.alerts.get(id)?;
    let (failures, since) = alert.failures?;
    let enough = *permanent || failures >= FAILURES || moment.now - since >= PATIENCE;
    let waits = matches!(alert.state, AlertState::Waiting { .. }) && alert.queued.act.is_ring();
    if !enough || !waits || alert.fell_back_to.is_some() || !incident.is_wanted(alert) {
        return None;
    }
    let address = moment.house.fallbacks.get(&alert.queued.channel)?;
    if has_been(incident, alert, address) {
        return None;
    }
    let attempts = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
    let because = format!("`{}` failed {attempts}: {reason}", alert.queued.channel);
    let queued = AlertQueued {
        id: id_of([id.as_str(), address.channel.as_str(), &address.to]),
        channel: address.channel.clone(),
        to: address.to.clone(),
        ..alert.queued.clone()
    };
    Some(Event::FellBack { alert: id.clone(), because, queued })
}

/// Whether an alert, or one in whose stead it goes out, was for this address: then it goes no rounds.
fn has_been(incident: &Incident, alert: &Alert, address: &Address) -> bool {
    let mut at = Some(alert);
    while let Some(alert) = at {
        if alert.queued.channel == address.channel && alert.queued.to == address.to {
            return true;
        }
        at = alert.in_stead_of.as_ref().and_then(|(before, _)| incident.alerts.get(before));
    }
    false
}
