//! Health, readiness, metrics and reload, for machines.

use super::App;
use super::api::{ChannelState, channels};
use super::auth::caller;
use super::problem::Problem;
use crate::shell::config::May;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET /-/healthy`: the process answers.
pub async fn healthy() -> &'static str {
    "healthy\n"
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    /// Whether every wake that was overdue at the start has been looked at.
    caught_up: bool,
    /// Whether everything works as it should, channels included.
    degraded: bool,
    store: Option<String>,
    set_aside: Vec<crate::domain::ids::IncidentId>,
    channels: BTreeMap<String, ChannelState>,
}

/// `GET /-/ready`: 200 while no overdue wake waits to be looked at and the store takes appends; the body
/// says what is degraded.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let unwritable = app.desk.unwritable();
    let caught_up = app.scheduler.is_caught_up();
    let (set_aside, channels) = (app.scheduler.set_aside(), channels(&app));
    let ready = app.scheduler.is_ready() && unwritable.is_none();
    let degraded = !ready || !set_aside.is_empty() || !channels.is_empty();
    let body = Ready { ready, caught_up, degraded, store: unwritable, set_aside, channels };
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, axum::Json(body)).into_response()
}

/// `GET /metrics`: OpenMetrics text.
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics.render())
}

/// `POST /-/reload`: read configuration and rules again.
pub async fn reload(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    caller(&app, &headers, May::Operate)?;
    app.reload.notify_one();
    Ok((StatusCode::ACCEPTED, "reload asked for; the log and watchbell_config_last_reload_successful say how it went\n")
        .into_response())
}
