//! `GET /v1/incidents/{id}/log` and `…/export`, `GET /v1/config/history`: the record, for whoever was not there.

use super::App;
use super::api::{Answer, incident_id};
use super::auth::caller;
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::domain::loaded::{self, LoadedAt};
use crate::domain::timeline::Timeline;
use crate::shell::config::May;
use crate::shell::record::{self, Export};
use crate::shell::render::{Sealed, log_html};
use crate::shell::wall_clock;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;

/// In which form an export is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Form {
    /// `json` or `html`.
    format: Option<String>,
}

/// The timeline of an incident.
pub async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path) -> Answer<Timeline> {
    caller(&app, &headers, May::Read)?;
    Ok(axum::Json(read(&app, &id).await?.timeline))
}

/// The same to be handed on: with the head of its chain, as JSON or as one page.
pub async fn export(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path,
    Query(form): Query<Form>,
) -> Result<Response, Problem> {
    caller(&app, &headers, May::Read)?;
    let export = read(&app, &id).await?;
    Ok(match form.format.as_deref().unwrap_or("json") {
        "json" => axum::Json(export).into_response(),
        "html" => {
            let sealed = Sealed { made_at: export.made_at, head_sha256: &export.head_sha256 };
            Html(log_html(&export.timeline, &sealed)).into_response()
        }
        other => {
            let shown: String = other.chars().take(20).collect();
            return Err(Problem::invalid("no-format", format!("there is no format `{shown}`")).hint("use json or html"));
        }
    })
}

/// Every configuration that was loaded, the oldest first.
pub async fn loaded(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer<Vec<LoadedAt>> {
    caller(&app, &headers, May::Read)?;
    Ok(axum::Json(record::loaded(&app.desk.envelopes(&loaded::stream()).await?)?))
}

async fn read(app: &App, id: &str) -> Result<Export, Problem> {
    let found = Export::from_desk(&app.desk, &incident_id(app, id)?, wall_clock::now()).await?;
    found.ok_or_else(|| Problem::not_found("no-incident", "no such incident").hint("`GET /v1/incidents` lists them"))
}
