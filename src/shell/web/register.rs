//! `GET /v1/register`: every decision and filing across incidents, a page of incidents at a time.

use super::App;
use super::api::{Answer, PAGE_MAX, PAGE_USUAL};
use super::auth::caller;
use super::extract::Query;
use super::wire::ExplicitInstant;
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::shell::config::May;
use crate::shell::desk::SubmitError;
use crate::shell::record::{self, Register};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;

/// Which part of the register.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// Behind this incident.
    after: Option<String>,
    /// Of this many incidents at most.
    limit: Option<usize>,
    /// What this organisation has to document.
    organisation: Option<String>,
    /// Incidents opened then or later.
    since: Option<ExplicitInstant>,
    /// Incidents opened before.
    until: Option<ExplicitInstant>,
}

/// Entries of incidents in the order of their ids.
pub async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(part): Query<Part>) -> Answer<Register> {
    caller(&app, &headers, May::Read)?;
    let limit = part.limit.unwrap_or(PAGE_USUAL).clamp(1, PAGE_MAX);
    let wanted = record::Wanted {
        organisations: part.organisation.as_deref().map(OrganisationId::from).into_iter().collect(),
        since: part.since.map(|since| since.0),
        until: part.until.map(|until| until.0),
    };
    let mut after = part.after.as_deref().map(IncidentId::from);
    let (mut register, mut incidents) = (Register::default(), 0);
    loop {
        let cards = app.desk.cards(after.as_ref(), PAGE_MAX)?;
        let more = cards.len() == PAGE_MAX;
        for (id, bytes) in cards {
            after = Some(id.clone());
            // A card tells what need not be read; one that is damaged is read, to be named.
            let card = app.desk.card(&id, &bytes).await;
            if !id.is_incident() || card.is_ok_and(|card| card.is_some_and(|card| !wanted.opened(card.opened_at))) {
                continue;
            }
            let envelopes = app.desk.envelopes(&id).await;
            match envelopes.and_then(|envelopes| record::register(&id, &envelopes)) {
                Ok(entries) => register.take(entries, &wanted),
                Err(SubmitError::Damaged { incident, .. }) => register.damaged.push(incident),
                Err(error) => return Err(error.into()),
            }
            incidents += 1;
            if incidents == limit {
                register.next = Some(id);
                return Ok(axum::Json(register));
            }
        }
        if !more {
            return Ok(axum::Json(register));
        }
    }
}
