//! Messages that could not be read ring the operator, through the same journal, ladder and courier
//! as every clock.
//!
//! Each day with such messages has an incident of the daemon's own. It claims `quarantine.waiting`,
//! which sets the clock of `house.quarantine`; whoever empties the quarantine meets it. A message is
//! first kept, then told of, then answered: what a crash leaves untold is told at the next start.

use super::desk::{Desk, SubmitError};
use super::mint;
use super::unique::key;
use crate::domain::facts::{Claim, Claimant, Value};
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::domain::incident::{ClockKey, Command, Incident, Opened, Opening, Received};
use crate::domain::instant::Instant;
use crate::domain::quarantine::Kept;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The source of what the daemon tells of itself; no configured one can have this name with a space.
pub const SOURCE: &str = "watchbell itself";
/// The kind of incident it opens.
pub const KIND: &str = "house.operator";
/// The clock that rings.
const DUTY: &str = "house.quarantine";
/// The fact that sets it.
const WAITING: &str = "quarantine.waiting";
/// So many messages are told of one by one in one incident; the ladder goes on for all of them.
const TOLD_MAX: usize = 200;
/// How many times a day the quarantine may be emptied and fill again.
const EPISODES_MAX: u32 = 10_000;

/// Tells the operator of a kept message, durably. Told once while the clock of its day runs.
pub async fn ring(
    desk: &Arc<Desk>,
    id: &IncidentId,
    kept: &Kept,
    of: &[OrganisationId],
    now: Instant,
) -> Result<(), SubmitError> {
    let day = kept.received_at.format("%Y-%m-%d").to_string();
    let mut before = String::new();
    for _ in 0..EPISODES_MAX {
        let episode = key(b'o', &[&day, &before]);
        let told = |incident: &IncidentId| key(b'p', &[incident.as_str(), id.as_str()]);
        // A sender that makes one mistake over and over rings once.
        let alike = |incident: &IncidentId| key(b'f', &[incident.as_str(), &kept.source, &kept.code, &skeleton(&kept.text)]);
        let (incident, command, unique) = match desk.lookup(&episode)? {
            Some(incident) => {
                let Some(open) = desk.incident(&incident).await?.filter(|incident| is_open(incident)) else {
                    before = incident.as_str().to_owned();
                    continue;
                };
                let known = [told(&incident), alike(&incident)];
                if open.messages.len() >= TOLD_MAX || known.iter().any(|key| matches!(desk.lookup(key), Ok(Some(_)))) {
                    return Ok(());
                }
                let command = Command::Observe { received: received(id, kept), claims: claims(kept, now) };
                let unique = known.to_vec();
                (incident, command, unique)
            }
            None => {
                let incident = mint::incident_id();
                let rules = desk.rules();
                let organisations = of.iter().filter_map(|id| rules.organisations.get_key_value(id)).take(1);
                let opened = Opened {
                    title: format!("Messages of {day} wait in quarantine"),
                    severity: "unknown".into(),
                    kind: KIND.into(),
                    source: SOURCE.into(),
                    external_id: format!("quarantine of {day}"),
                    organisations: organisations.map(|(id, known)| (id.clone(), known.profile.clone())).collect(),
                };
                let opening = Opening { opened, received: received(id, kept), claims: claims(kept, now) };
                let unique = vec![episode, told(&incident), alike(&incident)];
                (incident, Command::Open(Box::new(opening)), unique)
            }
        };
        match desk.submit_claiming(&incident, command, unique, now).await {
            Ok(_) => return Ok(()),
            // Somebody else told of it, or opened the incident, at the same time: look again.
            Err(SubmitError::Taken { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(SubmitError::Contended)
}

/// A fault's words without what differs from message to message: what is quoted, and digits.
fn skeleton(text: &str) -> String {
    let unquoted = text.split(['`', '"']).step_by(2);
    unquoted.flat_map(str::chars).filter(|c| !c.is_ascii_digit()).collect()
}

/// Meets the operator's clocks once nothing waits any more. What came in meanwhile is told of anew.
pub async fn settle(desk: &Arc<Desk>, by: &str, of: &Organisations, now: Instant) -> Result<(), SubmitError> {
    if desk.kept_cards().await?.iter().any(|(_, kept)| kept.waits()) {
        return Ok(());
    }
    for incident in open_incidents(desk).await? {
        let claim = claim(WAITING, Value::YesNo(false), Claimant::Person(by.to_owned()), now);
        let claim = Claim { ground: Some("nothing waits in quarantine any more".into()), ..claim };
        desk.submit(&incident.id, Command::Answer { claims: vec![claim] }, now).await?;
    }
    ring_all(desk, of, now).await
}

/// Whom each source speaks for.
pub type Organisations = BTreeMap<String, Vec<OrganisationId>>;

/// Tells of every message that waits and was not told of. `of` says whom each source speaks for; what came from
/// a source that is gone is told to whoever is first.
pub async fn ring_all(desk: &Arc<Desk>, of: &Organisations, now: Instant) -> Result<(), SubmitError> {
    let first: Vec<OrganisationId> = desk.rules().organisations.keys().take(1).cloned().collect();
    for (id, kept) in desk.kept_cards().await?.into_iter().filter(|(_, kept)| kept.waits()) {
        ring(desk, &id, &kept, of.get(&kept.source).unwrap_or(&first), now).await?;
    }
    Ok(())
}

/// The daemon's own incidents whose clock runs.
async fn open_incidents(desk: &Arc<Desk>) -> Result<Vec<Arc<Incident>>, SubmitError> {
    let mut open = Vec::new();
    let mut after: Option<IncidentId> = None;
    loop {
        let cards = desk.cards(after.as_ref(), 500)?;
        let Some((last, _)) = cards.last() else { return Ok(open) };
        after = Some(last.clone());
        for (id, card) in cards {
            let card = serde_json::from_slice::<crate::domain::board::Card>(&card);
            if card.is_ok_and(|card| card.source == SOURCE)
                && let Some(incident) = desk.incident(&id).await?.filter(|incident| is_open(incident))
            {
                open.push(incident);
            }
        }
    }
}

fn is_open(incident: &Incident) -> bool {
    let key = |organisation: &OrganisationId| ClockKey::of(DUTY, organisation.clone());
    let clocks = incident.opened.organisations.keys().filter_map(|id| incident.clocks.get(&key(id)));
    incident.relations.merged_into.is_none() && clocks.into_iter().any(|clock| clock.standing.is_open())
}

/// What is told: which message, from where, and the stable code. Never a word of the message.
fn received(id: &IncidentId, kept: &Kept) -> Received {
    let remark = format!("{id} from {}: {}", kept.source, kept.code);
    Received { sha256: kept.sha256.clone(), remarks: vec![remark], ..Received::of(SOURCE, id.as_str()) }
}

fn claims(kept: &Kept, now: Instant) -> Vec<Claim> {
    let policy = || Claimant::Policy("the quarantine".into());
    vec![
        claim(WAITING, Value::YesNo(true), policy(), now),
        claim("event.received-at", Value::Instant(kept.received_at), Claimant::Product(SOURCE.into()), now),
    ]
}

fn claim(key: &str, value: Value, by: Claimant, at: Instant) -> Claim {
    Claim::of(key, Some(value), by, at)
}
