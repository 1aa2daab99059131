//! `POST /v1/events/{source}`: who is posting, and what it says. Verify, read, store durably, answer.
//!
//! Whatever an authenticated source sends is kept: as an incident, as an update of one, or in
//! quarantine with the reason, where a person can see it.

use super::App;
use super::admission::{self, Admitted, Knock};
use super::extract::Path;
use super::problem::Problem;
use super::quarantine;
use super::subscription;
use super::taking::{Delivery, Fault, Taken, take_reports};
use crate::domain::ingest::{self, DeliveryMeta, EvidenceKind};
use crate::domain::instant::Instant;
use crate::shell::config::Source;
use crate::shell::telemetry::IntakeLabels;
use crate::shell::wall_clock;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes a delivery.
pub async fn post_event(State(app): State<Arc<App>>, Path(name): Path, knock: Knock) -> Response {
    answer(&app, name, None, knock).await
}

/// Takes a delivery whose sender proves itself by the address.
pub async fn post_event_with_key(
    State(app): State<Arc<App>>,
    Path((name, key)): Path<(String, String)>,
    knock: Knock,
) -> Response {
    answer(&app, name, Some(&key), knock).await
}

async fn answer(app: &App, name: String, url_key: Option<&str>, knock: Knock) -> Response {
    let (answer, response) = match take(app, &name, url_key, knock).await {
        Ok(taken) => (taken.status, (StatusCode::ACCEPTED, axum::Json(taken)).into_response()),
        Err(problem) => {
            let refused = matches!(problem.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            (if refused { "refused" } else { "not-taken" }, problem.into_response())
        }
    };
    // An unknown name is a stranger's word and no label.
    let known = app.live().sources.contains_key(name.as_str());
    let source = if known { name } else { "unknown".to_owned() };
    app.metrics.intake_total.get_or_create(&IntakeLabels { source, answer }).inc();
    response
}

async fn take(app: &App, name: &str, url_key: Option<&str>, knock: Knock) -> Result<Taken, Problem> {
    let live = app.live();
    let source = live.sources.get(name).ok_or_else(|| no_source(name))?;
    let headers = knock.headers.clone();
    let Admitted { body, is_drill } = admission::admit(app, source, url_key, knock).await?;
    let body = &body.bytes;
    let now = wall_clock::now();
    app.receipts.heard(&source.name, now);
    let delivery = DeliveryMeta {
        source: source.name.clone(),
        content_type: text(&headers, "content-type").map(str::to_owned),
        headers: readable_headers(&headers, source),
        received_at: now,
    };
    let delivery = Delivery { app, source, meta: &delivery, body, now, note: None };
    if subscription::is_asked(&headers) {
        return match subscription::confirm(source, body).await {
            Ok(()) => Ok(Taken::nothing("confirmed")),
            Err(problem) => quarantine::after_fault(&delivery, Fault::Stranger(problem)).await,
        };
    }
    read_and_take(&delivery, is_drill).await
}

/// Takes a message at its word, by a clock of the caller's: in a rehearsal nobody has to prove who they are.
pub async fn take_on_trust(app: &App, name: &str, body: &[u8], now: Instant) -> Result<Taken, Problem> {
    let live = app.live();
    let source = live.sources.get(name).ok_or_else(|| no_source(name))?;
    let json = Some("application/json".to_owned());
    let meta = DeliveryMeta { source: source.name.clone(), content_type: json, headers: BTreeMap::new(), received_at: now };
    read_and_take(&Delivery { app, source, meta: &meta, body, now, note: None }, false).await
}

async fn read_and_take(delivery: &Delivery<'_>, is_drill: bool) -> Result<Taken, Problem> {
    let rules = delivery.app.desk.rules();
    match ingest::read(&delivery.source.mapping, &rules.rulebook.vocabulary, delivery.meta, delivery.body) {
        Ok(mut reports) => {
            if is_drill {
                reports.iter_mut().for_each(|report| report.kind = EvidenceKind::TestOrSample);
            }
            match take_reports(delivery, reports).await {
                Ok(taken) if is_drill => Ok(taken),
                Ok(taken) => quarantine::close_mended(delivery, &taken).await.map(|()| taken),
                Err(fault) => quarantine::after_fault(delivery, fault).await,
            }
        }
        Err(unreadable) => quarantine::unreadable(delivery, unreadable).await,
    }
}

/// There is no source of this name.
pub fn no_source(name: &str) -> Problem {
    Problem::not_found("no-source", format!("no source `{}` is configured", short(name)))
        .hint("add a [[source]] with this name, or mend the URL")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a mapping may read: never credentials.
fn readable_headers(headers: &HeaderMap, source: &Source) -> BTreeMap<String, String> {
    let named = |name: &str| source.ways.iter().any(|way| way.credential.is_carried_in(name));
    let secret = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
    headers
        .iter()
        .filter(|(name, _)| {
            !secret.contains(name)
                && !name.as_str().contains("signature")
                && !name.as_str().contains("token")
                && !named(name.as_str())
        })
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// The beginning of a stranger's word, fit for a message.
pub(super) fn short(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    short
}
