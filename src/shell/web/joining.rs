//! Which incident a report of a name not yet known joins, by the rules of the configuration.
//!
//! An incident claims, for each way a report of it matches a rule, the key of the window in which the
//! report came in. A window whose holder is closed is open to the next incident: a report never
//! disappears into one that nobody looks at any more.

use super::App;
use super::taking::Organisations;
use crate::domain::ids::{IncidentId, OrganisationId, SourceId};
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::joining::{JoinRule, Marked};
use crate::shell::desk::SubmitError;
use crate::shell::reunite;
use crate::shell::unique::key;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many incidents may have held one window one after the other.
const HOLDERS_MAX: usize = 64;

/// What the rules say of a report.
#[derive(Debug, Default)]
pub struct Joins {
    /// The incident it joins and the rule's words.
    pub joined: Option<(IncidentId, String)>,
    /// Keys nobody holds yet, for whatever incident the report becomes part of.
    pub free: Vec<Vec<u8>>,
}

/// A report to be joined.
pub struct Candidate<'a> {
    /// Who sent it.
    pub source: &'a SourceId,
    /// Whom it concerns.
    pub organisations: &'a Organisations,
    /// What it may have in common with others.
    pub marked: &'a Marked,
    /// When it came in.
    pub at: Instant,
}

/// Looks at every rule that is for the report's source, in their order; the first incident found is joined.
pub async fn look(app: &App, candidate: &Candidate<'_>) -> Result<Joins, SubmitError> {
    let live = app.live();
    let mut joins = Joins::default();
    let organisations: BTreeSet<&OrganisationId> = candidate.organisations.keys().collect();
    for rule in live.joins.iter().filter(|rule| rule.sources.contains(candidate.source)) {
        let window = rule.window(candidate.at);
        for way in rule.ways(candidate.marked) {
            for window in [window, window - 1] {
                let parts = rule.key_parts(&organisations, &way, window);
                let (holder, free) = holder(app, rule, candidate, &organisations, &parts).await?;
                if let Some(holder) = holder {
                    joins.joined.get_or_insert_with(|| (holder, rule.in_words()));
                } else if window == rule.window(candidate.at) {
                    joins.free.extend(free);
                }
            }
        }
    }
    Ok(joins)
}

/// The incident that holds a window and may be joined; else the key by which the next one can hold it.
async fn holder(
    app: &App,
    rule: &JoinRule,
    candidate: &Candidate<'_>,
    organisations: &BTreeSet<&OrganisationId>,
    parts: &[String],
) -> Result<(Option<IncidentId>, Option<Vec<u8>>), SubmitError> {
    let mut before = String::new();
    for _ in 0..HOLDERS_MAX {
        let parts: Vec<&str> = parts.iter().map(String::as_str).chain([before.as_str()]).collect();
        let window = key(b'j', &parts);
        let Some(id) = app.desk.lookup(&window)? else { return Ok((None, Some(window))) };
        let incident = reunite::follow(&app.desk, &id).await?;
        if let Some(incident) = incident.filter(|incident| can_join(incident, rule, candidate.at, organisations)) {
            return Ok((Some(incident.id.clone()), None));
        }
        before = id.as_str().to_owned();
    }
    Ok((None, None))
}

fn can_join(incident: &Arc<Incident>, rule: &JoinRule, at: Instant, organisations: &BTreeSet<&OrganisationId>) -> bool {
    let came: Vec<Instant> = incident.messages.iter().map(|message| message.came_in()).collect();
    let (Some(first), Some(last)) = (came.iter().min(), came.iter().max()) else { return false };
    let concerned: BTreeSet<&OrganisationId> = incident.opened.organisations.keys().collect();
    incident.is_open() && concerned == *organisations && rule.reaches(*first, *last, at)
}
