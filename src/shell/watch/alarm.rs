//! An alarm of the daemon about itself: an incident of its own with one clock of the house, which rings
//! the operator through the journal, the ladder and the courier as every clock does.
//!
//! An alarm that is raised twice is one; one that ended and is raised again is another.

use crate::domain::facts::{Claim, Claimant, Value};
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::domain::incident::{ClockKey, Command, Incident, Opened, Opening, Received};
use crate::domain::instant::Instant;
use crate::shell::desk::{Desk, SubmitError};
use crate::shell::mint;
use crate::shell::operator::{KIND, SOURCE};
use crate::shell::unique::key;
use std::sync::Arc;

/// How often one alarm may end and be raised again before the walk along its past is given up.
const EPISODES_MAX: u32 = 100_000;

/// What an alarm is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The duty of the house whose clock rings, such as `house.source`.
    pub duty: &'static str,
    /// The fact that sets it, such as `source.silent`.
    pub fact: &'static str,
    /// What it is about, such as a source's name; alarms of different subjects stand beside each other.
    pub subject: String,
    /// What its incident is called.
    pub title: String,
}

/// The last episode of an alarm.
enum Episode {
    /// Its clock runs.
    Open(IncidentId),
    /// None runs; the next one claims this key.
    None(Vec<u8>),
}

/// Rings, unless it rings already. `remark` says what was found; it is kept with the incident.
pub async fn raise(
    desk: &Arc<Desk>,
    alarm: &Alarm,
    remark: &str,
    of: &[OrganisationId],
    now: Instant,
) -> Result<(), SubmitError> {
    let Episode::None(episode) = last(desk, alarm).await? else { return Ok(()) };
    let rules = desk.rules();
    let concerned = of.iter().filter_map(|id| rules.organisations.get_key_value(id)).chain(&rules.organisations).take(1);
    let opened = Opened {
        title: alarm.title.clone(),
        severity: "unknown".into(),
        kind: KIND.into(),
        source: SOURCE.into(),
        external_id: format!("{} of {}", alarm.fact, alarm.subject),
        organisations: concerned.map(|(id, known)| (id.clone(), known.profile.clone())).collect(),
    };
    let received = Received { remarks: vec![remark.to_owned()], ..Received::of(SOURCE, &alarm.subject) };
    let policy = Claimant::Policy("the watch".into());
    let claims = vec![
        claim(alarm.fact, Value::YesNo(true), policy, None, now),
        claim("event.received-at", Value::Instant(now), Claimant::Product(SOURCE.into()), None, now),
    ];
    let opening = Opening { opened, received, claims };
    match desk.submit_claiming(&mint::incident_id(), Command::Open(Box::new(opening)), vec![episode], now).await {
        // Somebody else raised it at the same time.
        Ok(_) | Err(SubmitError::Taken { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ends an alarm that rings, with the ground on record: its clock is met.
pub async fn end(desk: &Arc<Desk>, alarm: &Alarm, ground: &str, now: Instant) -> Result<(), SubmitError> {
    let Episode::Open(incident) = last(desk, alarm).await? else { return Ok(()) };
    let policy = Claimant::Policy("the watch".into());
    let claims = vec![claim(alarm.fact, Value::YesNo(false), policy, Some(ground.to_owned()), now)];
    desk.submit(&incident, Command::Answer { claims }, now).await?;
    Ok(())
}

/// Walks along the episodes: each one's key names the one before.
async fn last(desk: &Arc<Desk>, alarm: &Alarm) -> Result<Episode, SubmitError> {
    let mut before = String::new();
    for _ in 0..EPISODES_MAX {
        let episode = key(b'w', &[alarm.duty, &alarm.subject, &before]);
        let Some(id) = desk.lookup(&episode)? else { return Ok(Episode::None(episode)) };
        if desk.incident(&id).await?.is_some_and(|incident| rings(&incident, alarm)) {
            return Ok(Episode::Open(id));
        }
        before = id.as_str().to_owned();
    }
    Err(SubmitError::Contended)
}

fn rings(incident: &Incident, alarm: &Alarm) -> bool {
    let clock = |organisation: &OrganisationId| incident.clocks.get(&ClockKey::of(alarm.duty, organisation.clone()));
    incident.opened.organisations.keys().filter_map(clock).any(|clock| clock.standing.is_open())
}

fn claim(key: &str, value: Value, by: Claimant, ground: Option<String>, at: Instant) -> Claim {
    Claim { ground, ..Claim::of(key, Some(value), by, at) }
}
