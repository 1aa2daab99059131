//! Two incidents become one, or one becomes two: in two appends, each safe to repeat.
//!
//! After a crash between the two both incidents ring; saying it once more finishes it.

use super::desk::{Desk, SubmitError};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Command, Incident, Refusal, Word};
use crate::domain::instant::Instant;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a merge begins anew because messages came in meanwhile.
const RACES_MAX: u32 = 16;
/// How many merges lead from one incident to where it goes on.
const HOPS_MAX: u32 = 16;
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Merges an incident into another; gives the other.
pub async fn merge(
    desk: &Arc<Desk>,
    id: &IncidentId,
    into: &IncidentId,
    word: &Word,
    now: Instant,
) -> Result<Arc<Incident>, SubmitError> {
    for _ in 0..RACES_MAX {
        let other = desk.incident(id).await?.ok_or(Refusal::NoIncident)?;
        let take_in = Command::TakeIn { other, word: word.clone() };
        let taken = desk.submit(into, take_in, now).await?.incident;
        let merge_into = Command::MergeInto { into: Arc::clone(&taken), word: word.clone() };
        match desk.submit(id, merge_into, now).await {
            Ok(_) => return Ok(taken),
            Err(SubmitError::Refused(Refusal::NotTakenIn)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(SubmitError::Contended)
}

/// Splits messages off into an incident of their own; gives that one.
pub async fn split(
    desk: &Arc<Desk>,
    id: &IncidentId,
    messages: &BTreeSet<u32>,
    word: &Word,
    now: Instant,
) -> Result<Arc<Incident>, SubmitError> {
    let from = desk.incident(id).await?.ok_or(Refusal::NoIncident)?;
    let into = split_id(id, messages);
    let open = Command::OpenSplit { from, messages: messages.clone(), word: word.clone() };
    match desk.submit(&into, open, now).await {
        // A crash came before the mark was made.
        Ok(_) | Err(SubmitError::Refused(Refusal::Exists)) => {}
        Err(error) => return Err(error),
    }
    desk.submit(id, Command::SplitOff { into: into.clone(), messages: messages.clone(), word: word.clone() }, now).await?;
    desk.incident(&into).await?.ok_or_else(|| Refusal::NoIncident.into())
}

/// Where an incident goes on.
pub async fn follow(desk: &Desk, id: &IncidentId) -> Result<Option<Arc<Incident>>, SubmitError> {
    let mut found = desk.incident(id).await?;
    for _ in 0..HOPS_MAX {
        let Some(into) = found.as_ref().and_then(|incident| incident.relations.merged_into.clone()) else { return Ok(found) };
        found = desk.incident(&into).await?;
    }
    Err(SubmitError::Contended)
}

/// The same messages split off once more are the same incident.
fn split_id(from: &IncidentId, messages: &BTreeSet<u32>) -> IncidentId {
    let mut hash = Sha256::new_with_prefix(from.as_str());
    messages.iter().for_each(|number| hash.update(number.to_be_bytes()));
    let word: String = hash.finalize().iter().take(16).map(|byte| char::from(CROCKFORD[usize::from(byte & 31)])).collect();
    IncidentId::new(format!("inc-{word}"))
}
