//! Which rung of a clock rings now, which are passed over, and whom it reaches.

use super::command::{House, Moment};
use super::event::{AlertQueued, ClockKey, Event, RungSkip, Standing};
use super::state::{Clock, Incident};
use super::wake::after;
use crate::domain::escalation::{PlannedRung, falls_at};
use crate::domain::hex::hex;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{Instant, rfc3339};
use crate::domain::law::Mode;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Whether a clock rings at all.
pub fn rings(clock: &Clock, house: &House) -> bool {
    clock.standing.is_open() && (clock.law.mode != Mode::Shadow || house.ring_shadow)
}

/// The rungs of a clock that were not handled.
fn plan(key: &ClockKey, clock: &Clock, house: &House, handled: &BTreeSet<String>, now: Instant) -> Vec<PlannedRung> {
    house.ladder(key.duty.as_str()).map(|ladder| ladder.plan(clock.span(), handled, now)).unwrap_or_default()
}

/// Every rung of a clock that has passed, handled or not.
fn passed(key: &ClockKey, clock: &Clock, house: &House, now: Instant) -> Vec<PlannedRung> {
    plan(key, clock, house, &BTreeSet::new(), now).into_iter().filter(|rung| rung.at <= now).collect()
}

/// The next rung that will ring and when; an acknowledgement makes rungs wait for its end.
pub fn next_rung(key: &ClockKey, clock: &Clock, house: &House, now: Instant) -> Option<(Instant, String)> {
    let waits_until = clock.acknowledged.as_ref().map(|lease| lease.until);
    plan(key, clock, house, &clock.handled, now)
        .into_iter()
        .map(|rung| (waits_until.map_or(rung.at, |until| rung.at.max(until)), rung.name))
        .min()
}

/// Names of handled rungs that ring again once the clock's span is the one of `clock`: those that then
/// lie ahead. Which ladder is in use does not matter, for another one may have rung them.
pub fn rearmed(handled: &BTreeSet<String>, clock: &Clock, moment: &Moment<'_>) -> BTreeSet<String> {
    let lies_ahead = |name: &&String| name.as_str() != "start" && falls_at(name, clock.span()).is_some_and(|at| at > moment.now);
    handled.iter().filter(lies_ahead).cloned().collect()
}

/// Everything the time asks of one clock: the end of a lease, the limit, the highest rung due.
pub fn ring(incident: &Incident, key: &ClockKey, clock: &Clock, moment: &Moment<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    let lease_ended = clock.acknowledged.as_ref().filter(|lease| lease.until <= moment.now).map(|lease| lease.until);
    if let Some(ended_at) = lease_ended {
        events.push(Event::LeaseEnded { clock: key.clone(), ended_at });
    }
    if clock.standing != Standing::Missed
        && let Some(limit) = clock.law.limit().filter(|limit| after(*limit) <= moment.now)
    {
        events.push(Event::Expired { clock: key.clone(), due_at: limit });
    }
    let owned = clock.acknowledged.is_some() && lease_ended.is_none();
    if owned || !rings(clock, moment.house) {
        return events;
    }
    let mut due: Vec<PlannedRung> = plan(key, clock, moment.house, &clock.handled, moment.now);
    due.retain(|rung| rung.at <= moment.now);
    match (due.pop(), lease_ended) {
        (Some(loudest), _) => {
            if !due.is_empty() {
                let reason = format!("fell due before `{}` could be rung at {}", loudest.name, rfc3339(moment.now));
                let skip = |rung: PlannedRung| RungSkip { rung: rung.name, due_at: rung.at, reason: reason.clone() };
                events.push(Event::RungsSkipped { clock: key.clone(), rungs: due.into_iter().map(skip).collect() });
            }
            events.push(fall(incident, key, clock, &loudest.name, loudest.at, &loudest.to, moment));
        }
        (None, Some(ended_at)) => {
            if let Some(last) = passed(key, clock, moment.house, moment.now).last() {
                let name = format!("acknowledgement ended {}", rfc3339(ended_at));
                events.push(fall(incident, key, clock, &name, ended_at, &last.to, moment));
            }
        }
        (None, None) => {}
    }
    events
}

/// A closed clock runs again: whoever was last told of it is told of this at once.
pub fn reopen(incident: &Incident, key: &ClockKey, clock: &Clock, moment: &Moment<'_>) -> Option<Event> {
    let last = passed(key, clock, moment.house, moment.now).pop().filter(|_| rings(clock, moment.house))?;
    let name = format!("runs again {}", rfc3339(moment.now));
    Some(fall(incident, key, clock, &name, moment.now, &last.to, moment))
}

fn fall(
    incident: &Incident,
    key: &ClockKey,
    clock: &Clock,
    rung: &str,
    due_at: Instant,
    to: &[String],
    moment: &Moment<'_>,
) -> Event {
    let mut alerts: Vec<AlertQueued> = Vec::new();
    for team in to {
        for member in moment.house.teams.get(team).into_iter().flat_map(|team| &team.members) {
            let id = alert_id(&incident.id, key, clock, rung, member.channel.as_str(), &member.to);
            if alerts.iter().all(|alert| alert.id != id) {
                alerts.push(AlertQueued { id, channel: member.channel.clone(), to: member.to.clone(), team: team.clone() });
            }
        }
    }
    Event::RungFell { clock: key.clone(), rung: rung.to_owned(), due_at, alerts }
}

/// The same rung of the same ladder to the same address is the same alert, whoever computes it.
fn alert_id(incident: &IncidentId, key: &ClockKey, clock: &Clock, rung: &str, channel: &str, to: &str) -> AlertId {
    let mut hash = Sha256::new();
    let until = clock.law.until().map(rfc3339).unwrap_or_default();
    let clock = key.to_string();
    for part in [incident.as_str(), clock.as_str(), until.as_str(), rung, channel, to] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    AlertId::new(format!("alr-{}", hex(&hash.finalize()[..12])))
}
