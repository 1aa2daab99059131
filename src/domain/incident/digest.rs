//! What one decision has to tell one address is one alert, about as many clocks as it may be.

use super::alert::{Act, AlertQueued};
use super::command::Moment;
use super::event::{ClockKey, Event};
use super::house::{Address, Reached};
use super::state::{Clock, Incident};
use super::tracking;
use crate::domain::hex::hex;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{Instant, rfc3339};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A clock calls teams by one of its rungs.
pub struct Call<'a> {
    /// Which clock.
    pub key: &'a ClockKey,
    /// The same as it stands.
    pub clock: &'a Clock,
    /// The rung's name.
    pub rung: String,
    /// When it fell due.
    pub due_at: Instant,
    /// Whom it calls.
    pub teams: Vec<String>,
}

/// The calls of one decision as rungs that fall, their alerts gathered by address. A channel that keeps
/// an incident of its own is told clock by clock, so that each can be closed there by itself; of the clocks of
/// a list it is told together.
pub fn fall(incident: &Incident, calls: Vec<Call<'_>>, moment: &Moment<'_>) -> Vec<Event> {
    let house = moment.house;
    let reached: Vec<Vec<Reached>> = calls.iter().map(|call| house.reach(&call.teams, moment.now)).collect();
    let subjects: Vec<ClockKey> = calls.iter().map(|call| tracking::subject(call.key, call.clock)).collect();
    let envelope = |nth: usize, address: &Address| {
        (address.clone(), house.tracking.contains(&address.channel).then(|| subjects[nth].clone()))
    };
    let mut about: BTreeMap<(Address, Option<ClockKey>), Vec<[String; 3]>> = BTreeMap::new();
    for (nth, (call, reached)) in calls.iter().zip(&reached).enumerate() {
        for one in reached {
            about.entry(envelope(nth, &one.address)).or_default().push(said_of(call.key, call.clock, &call.rung));
        }
    }
    let ids: BTreeMap<_, AlertId> = about
        .into_iter()
        .map(|(envelope, mut clocks)| {
            clocks.sort();
            let id = alert_id(&incident.id, &clocks, &envelope.0);
            (envelope, id)
        })
        .collect();
    let mut events = Vec::with_capacity(calls.len());
    for (nth, (call, reached)) in calls.into_iter().zip(reached).enumerate() {
        let queue = |one: Reached| {
            ids.get(&envelope(nth, &one.address)).map(|id| AlertQueued {
                id: id.clone(),
                channel: one.address.channel,
                to: one.address.to,
                team: one.team,
                person: one.person,
                rota: one.rota,
                act: Act::Ring,
            })
        };
        let alerts = reached.into_iter().filter_map(queue).collect();
        events.push(Event::RungFell { clock: call.key.clone(), rung: call.rung, due_at: call.due_at, alerts });
    }
    events
}

/// What an alert's id says of one of its clocks: which, until when, by which rung.
pub fn said_of(key: &ClockKey, clock: &Clock, rung: &str) -> [String; 3] {
    [key.to_string(), clock.law.until().map(rfc3339).unwrap_or_default(), rung.to_owned()]
}

/// The same rungs of the same clocks to the same address are the same alert, whoever computes it.
pub fn alert_id(incident: &IncidentId, clocks: &[[String; 3]], address: &Address) -> AlertId {
    let of_clocks = clocks.iter().flatten().map(String::as_str);
    let parts = [incident.as_str()].into_iter().chain(of_clocks).chain([address.channel.as_str(), address.to.as_str()]);
    id_of(parts)
}

/// An alert's id from the parts that make it what it is.
pub fn id_of<'p>(parts: impl IntoIterator<Item = &'p str>) -> AlertId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    AlertId::new(format!("alr-{}", hex(&hash.finalize()[..12])))
}
