//! `POST /v1/incidents/{id}/merge` and `…/split`: a person says what belongs together.

use super::App;
use super::api::{Answer, incident_id, view_of};
use super::auth::caller;
use super::extract::Path;
use super::problem::Problem;
use crate::domain::incident::{Refusal, Word};
use crate::shell::config::May;
use crate::shell::reunite;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// `POST /v1/incidents/{id}/merge`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `into` and `because`")]
pub struct Merge {
    /// The incident that goes on.
    into: String,
    /// On what ground they are the same.
    because: String,
}

/// Merges the incident into another; shows the one that goes on.
pub async fn merge(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path,
    body: Body,
) -> Answer<crate::domain::board::IncidentView> {
    let caller = caller(&app, &headers, May::Act)?;
    let Merge { into, because } = super::read_json(&app, body, &headers).await?;
    let word = Word { by: caller.name, because };
    let (id, into) = (incident_id(&app, &id)?, incident_id(&app, &into)?);
    let incident = reunite::merge(&app.desk, &id, &into, &word, wall_clock::now()).await?;
    Ok(axum::Json(view_of(&incident, &app.desk.rules())))
}

/// `POST /v1/incidents/{id}/split`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `messages` and `because`")]
pub struct Split {
    /// The messages, by number in the incident.
    messages: BTreeSet<u32>,
    /// On what ground they are about something else.
    because: String,
}

/// Splits messages off into an incident of their own; shows that one.
pub async fn split(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path,
    body: Body,
) -> Answer<crate::domain::board::IncidentView> {
    let caller = caller(&app, &headers, May::Act)?;
    let Split { messages, because } = super::read_json(&app, body, &headers).await?;
    if messages.is_empty() {
        return Err(Problem::from(Refusal::Empty("messages")));
    }
    let word = Word { by: caller.name, because };
    let incident = reunite::split(&app.desk, &incident_id(&app, &id)?, &messages, &word, wall_clock::now()).await?;
    Ok(axum::Json(view_of(&incident, &app.desk.rules())))
}
