//! `POST /v1/events/{source}`: who is posting, and what it says. Verify, read, store durably, answer.
//!
//! Whatever an authenticated source sends is kept: as an incident, as an update of one, or in
//! quarantine with the reason, where a person can see it.

use super::App;
use super::extract::Path;
use super::problem::Problem;
use super::quarantine;
use super::taking::{Delivery, Taken, take_reports};
use crate::domain::ingest::{self, DeliveryMeta, check_bearer};
use crate::domain::instant::Instant;
use crate::domain::standard_webhooks as webhooks;
use crate::shell::config::Source;
use crate::shell::telemetry::IntakeLabels;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes a delivery.
pub async fn post_event(State(app): State<Arc<App>>, Path(name): Path, headers: HeaderMap, body: Body) -> Response {
    let (answer, response) = match take(&app, &name, &headers, body).await {
        Ok(taken) => (taken.status, (StatusCode::ACCEPTED, axum::Json(taken)).into_response()),
        Err(problem) => {
            let answer = if problem.status() == StatusCode::UNAUTHORIZED { "refused" } else { "not-taken" };
            (answer, problem.into_response())
        }
    };
    // An unknown name is a stranger's word and no label.
    let known = app.live().sources.contains_key(name.as_str());
    let source = if known { name } else { "unknown".to_owned() };
    app.metrics.intake_total.get_or_create(&IntakeLabels { source, answer }).inc();
    response
}

async fn take(app: &App, name: &str, headers: &HeaderMap, body: Body) -> Result<Taken, Problem> {
    let live = app.live();
    let Some(source) = live.sources.get(name) else {
        return Err(Problem::not_found("no-source", format!("no source `{}` is configured", short(name)))
            .hint("add a [[source]] with this name, or mend the URL"));
    };
    let signed = !source.secrets.is_empty() && text(headers, webhooks::SIGNATURE_HEADER).is_some();
    // A bearer token is checked before the body is read; a signature needs the body.
    if !signed {
        check_token(source, headers)?;
    }
    let body = super::read_body(body, headers, app.body_limit).await?;
    let now = wall_clock::now();
    if signed {
        check_signature(source, headers, &body, now)?;
    }
    let delivery = DeliveryMeta {
        source: source.name.clone(),
        content_type: text(headers, "content-type").map(str::to_owned),
        headers: readable_headers(headers),
        received_at: now,
    };
    let delivery = Delivery { app, source, meta: &delivery, body: &body, now };
    let rules = app.desk.rules();
    match ingest::read(&source.mapping, &rules.rulebook.vocabulary, delivery.meta, &body) {
        Ok(reports) => match take_reports(&delivery, reports).await {
            Ok(taken) => Ok(taken),
            Err(fault) => quarantine::after_fault(&delivery, fault).await,
        },
        Err(unreadable) => quarantine::unreadable(&delivery, unreadable).await,
    }
}

fn check_token(source: &Source, headers: &HeaderMap) -> Result<(), Problem> {
    if source.tokens.is_empty() {
        return Err(Problem::unauthorised(format!("source `{}` takes signed deliveries only", source.name))
            .hint("sign with Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature"));
    }
    check_bearer(text(headers, "authorization"), &source.tokens)
        .map_err(|fault| unauthorised(&fault.to_string(), "`watchbell token` makes one; put its SHA-256 into the [[source]]"))
}

fn check_signature(source: &Source, headers: &HeaderMap, body: &[u8], now: Instant) -> Result<(), Problem> {
    let field = |name| text(headers, name).unwrap_or_default();
    let secrets: Vec<&[u8]> = source.secrets.iter().map(ExposeSecret::expose_secret).collect();
    let tolerance_s = u64::try_from(source.tolerance.num_seconds()).unwrap_or(webhooks::TOLERANCE_S);
    let (id, timestamp) = (field(webhooks::ID_HEADER), field(webhooks::TIMESTAMP_HEADER));
    webhooks::verify(&secrets, id, timestamp, body, field(webhooks::SIGNATURE_HEADER), now.timestamp(), tolerance_s)
        .map_err(|fault| unauthorised(&fault.to_string(), "sign as Standard Webhooks 1.0.0 says"))
}

fn unauthorised(fault: &str, otherwise: &str) -> Problem {
    let problem = Problem::unauthorised(fault);
    if fault.contains("\nhint: ") { problem } else { problem.hint(otherwise) }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a mapping may read: never credentials.
fn readable_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let secret = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
    headers
        .iter()
        .filter(|(name, _)| !secret.contains(name) && !name.as_str().contains("signature") && !name.as_str().contains("token"))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// The beginning of a stranger's word, fit for a message.
pub(super) fn short(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    short
}
