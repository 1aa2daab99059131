//! Channels that keep an incident of their own, such as a pager's, are told what became of a clock they
//! were rung for: that somebody owns it, and that it asks for nothing any more.
//!
//! Only what people put on record closes anything there; a product's "resolved" closes no clock, and so
//! nothing here.

use super::alert::{Act, Alert, AlertQueued, AlertState};
use super::command::Moment;
use super::digest::id_of;
use super::event::{ClockKey, Event};
use super::house::Address;
use super::state::{Clock, Incident};
use crate::domain::ids::AlertId;
use crate::domain::instant::rfc3339;
use std::collections::{BTreeMap, BTreeSet};

/// Under which clock's name something is kept there: the clocks of a list under the one that stands for all.
pub fn subject(key: &ClockKey, clock: &Clock) -> ClockKey {
    if clock.law.listed.is_some() { key.whole() } else { key.clone() }
}

/// What tracking channels are told of a clock, if they were rung for it.
pub fn follow_up(incident: &Incident, key: &ClockKey, act: Act, moment: &Moment<'_>) -> Option<Event> {
    let list: BTreeSet<&ClockKey> = incident.of_same_list(key).map(|(key, _)| key).collect();
    // Of a list, something is closed there when the last of its clocks is, and taken when nobody's is left.
    let unowned = |key: &&ClockKey| {
        let clock = incident.clocks.get(*key).filter(|clock| clock.standing.is_open());
        clock.is_some_and(|clock| act == Act::Resolve || clock.live_leases().next().is_none())
    };
    if list.iter().any(unowned) {
        return None;
    }
    let is_about = |alert: &Alert| alert.is_about(key) || alert.about.iter().any(|about| list.contains(&about.clock));
    let rung_there = |alert: &&Alert| {
        // An attempt that failed may have arrived all the same.
        is_about(alert)
            && alert.queued.act.is_ring()
            && alert.attempts > 0
            && moment.house.tracking.contains(&alert.queued.channel)
    };
    let mut told: BTreeMap<Address, AlertQueued> = BTreeMap::new();
    for alert in incident.alerts.values().filter(rung_there) {
        let address = Address { channel: alert.queued.channel.clone(), to: alert.queued.to.clone() };
        let parts = [&key.to_string(), act.word(), &rfc3339(moment.now), address.channel.as_str(), &address.to];
        let id = id_of([incident.id.as_str()].into_iter().chain(parts));
        told.insert(address, AlertQueued { id, act, ..alert.queued.clone() });
    }
    (!told.is_empty()).then(|| Event::Tracked { clock: key.clone(), alerts: told.into_values().collect() })
}

/// A word that closed something there and arrived when its clock ran again has closed what must stay open: it is
/// opened once more.
pub fn open_again(incident: &Incident, id: &AlertId) -> Option<Event> {
    let alert = incident.alerts.get(id)?;
    let delivered = matches!(alert.state, AlertState::Delivered { .. });
    if alert.queued.act != Act::Resolve || !delivered {
        return None;
    }
    let (about, _) = incident.open_of(alert).next()?;
    let act = Act::Ring;
    let queued = AlertQueued { id: id_of([id.as_str(), act.word()]), act, ..alert.queued.clone() };
    Some(Event::Tracked { clock: about.clock.clone(), alerts: vec![queued] })
}

/// Everybody who was rung for a clock is told that it asks for nothing any more, but for the address at which that was
/// said, and for channels that keep an incident of their own, which are told anyway.
pub fn tell_the_others(incident: &Incident, key: &ClockKey, from: &Address, moment: &Moment<'_>) -> Option<Event> {
    let mut told: BTreeMap<Address, AlertQueued> = BTreeMap::new();
    for alert in incident.alerts.values().filter(|alert| alert.is_about(key) && alert.queued.act.is_ring()) {
        let address = Address { channel: alert.queued.channel.clone(), to: alert.queued.to.clone() };
        if address == *from || moment.house.tracking.contains(&address.channel) {
            continue;
        }
        let act = Act::Resolve;
        let parts = [&key.to_string(), "told", &rfc3339(moment.now), address.channel.as_str(), &address.to];
        let id = id_of([incident.id.as_str()].into_iter().chain(parts));
        told.insert(address, AlertQueued { id, act, ..alert.queued.clone() });
    }
    (!told.is_empty()).then(|| Event::Tracked { clock: key.clone(), alerts: told.into_values().collect() })
}

/// A ring that arrived after its clock had closed has opened something there again: it is closed once more.
pub fn close_again(incident: &Incident, id: &AlertId, moment: &Moment<'_>) -> Option<Event> {
    let alert = incident.alerts.get(id)?;
    let delivered = matches!(alert.state, AlertState::Delivered { .. });
    if !delivered || incident.is_wanted(alert) || !moment.house.tracking.contains(&alert.queued.channel) {
        return None;
    }
    let clock = alert.about.first()?.clock.clone();
    let act = Act::Resolve;
    let queued = AlertQueued { id: id_of([id.as_str(), act.word()]), act, ..alert.queued.clone() };
    Some(Event::Tracked { clock, alerts: vec![queued] })
}
