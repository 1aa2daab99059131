//! Messages that could not be taken: kept, told of, looked at, read again or dropped.
//!
//! A product drops what is answered with a 4xx, so it is answered 202 and a person looks at the
//! message. Whoever writes the native event reads the answer: it is refused with every fault, and
//! kept as well.

use super::App;
use super::auth::caller;
use super::extract::{Path, Query};
use super::payloads;
use super::problem::Problem;
use super::taking::{Delivery, Fault, Taken, take_reports};
use crate::domain::hex::hex;
use crate::domain::ids::IncidentId;
use crate::domain::ingest::{self, DeliveryMeta, Unreadable};
use crate::domain::instant::Instant;
use crate::domain::quarantine::{Handled, Kept};
use crate::shell::config::{May, Source};
use crate::shell::mint;
use crate::shell::operator;
use crate::shell::unique::key;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What the sender of a message in quarantine is told.
#[derive(Debug, Serialize)]
pub struct Quarantined {
    quarantine: IncidentId,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Value>,
}

/// Keeps a message that cannot be read, and answers it.
pub async fn unreadable(delivery: &Delivery<'_>, unreadable: Unreadable) -> Result<Taken, Problem> {
    let status = if unreadable.refusal.is_syntax() { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY };
    let problem = Problem::new(status, unreadable.refusal.code(), "the message cannot be read", detail(&unreadable))
        .hint(unreadable.refusal.hint())
        .with("faults", faults(&unreadable));
    if delivery.body.is_empty() {
        return if speaks_natively(delivery.source) { Err(problem) } else { Ok(Taken::nothing("empty")) };
    }
    set_aside(delivery, problem, unreadable.to_string()).await
}

/// Keeps a message whose reports could not be taken, where a person can help, and answers it.
pub async fn after_fault(delivery: &Delivery<'_>, fault: Fault) -> Result<Taken, Problem> {
    match fault {
        Fault::Ours(problem) => Err(problem),
        Fault::Stranger(problem) => {
            let text = problem.to_string();
            set_aside(delivery, problem, text).await
        }
    }
}

/// Whether the source's own authors read the answer.
fn speaks_natively(source: &Source) -> bool {
    source.mapping.is_native()
}

/// Keeps a message, tells the operator, and answers once both are durable.
async fn set_aside(delivery: &Delivery<'_>, problem: Problem, text: String) -> Result<Taken, Problem> {
    let Delivery { app, source, now, .. } = *delivery;
    let (quarantine, kept) = keep(delivery, problem.code(), text).await?;
    operator::ring(&app.desk, &quarantine, &kept, &source.organisations, now).await?;
    app.metrics.quarantined_total.inc();
    tracing::warn!(source = %source.name, %quarantine, code = problem.code(), "a message could not be taken and is in quarantine");
    if speaks_natively(source) {
        return Err(problem.with("quarantine", quarantine.as_str()));
    }
    let faults = problem.member("faults").and_then(Value::as_array).cloned().unwrap_or_default();
    let (code, detail, hint) = (problem.code(), problem.to_string(), problem.hint_text().map(str::to_owned));
    let quarantined = Quarantined { quarantine, code, detail, hint, faults };
    Ok(Taken { quarantined: Some(quarantined), ..Taken::nothing("quarantined") })
}

/// Keeps a message outside any incident; the same message twice is kept once.
pub async fn keep(delivery: &Delivery<'_>, code: &str, text: String) -> Result<(IncidentId, Kept), Problem> {
    let Delivery { app, source, meta, body, now, .. } = *delivery;
    let sha256 = hex(&Sha256::digest(body));
    let unique = key(b'q', &[source.name.as_str(), code, &sha256]);
    let sealed = delivery.seal(&sha256)?;
    let live = app.live();
    let redactor = &live.payloads.redactor;
    let header = |(name, value): (&String, &String)| (name.clone(), redactor.value(&format!("header:{name}"), value.clone()));
    let kept = Kept {
        source: source.name.to_string(),
        received_at: meta.received_at,
        content_type: meta.content_type.clone(),
        headers: meta.headers.iter().map(header).collect(),
        code: code.to_owned(),
        text: redactor.text(text),
        sha256,
        raw: None,
        raw_base64: None,
        sealed: Some(sealed),
        handled: None,
    };
    let id = app.desk.keep(mint::quarantine_id(), kept.clone(), unique, now).await?;
    Ok((id, kept))
}

/// What is wrong, on one line; what to do about each fault is in its own member.
fn detail(unreadable: &Unreadable) -> String {
    let at = unreadable.at.map(|at| format!(" at line {} column {}", at.line, at.column)).unwrap_or_default();
    let faults: Vec<String> = unreadable.faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.message)).collect();
    let list = if faults.is_empty() { String::new() } else { format!(": {}", faults.join("; ")) };
    format!("{}{at}{list}", unreadable.message)
}

/// The faults of a native event, one by one.
fn faults(unreadable: &Unreadable) -> Value {
    let fault = |fault: &ingest::PayloadFault| json!({ "pointer": fault.pointer, "code": fault.code, "detail": fault.message, "hint": fault.hint });
    unreadable.faults.iter().map(fault).collect()
}

// ── what a person does with them ─────────────────────────────────────────────

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Which of the kept messages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    /// Also those that were read again or dropped.
    handled: bool,
    /// Of this source alone.
    source: Option<String>,
}

/// `GET /v1/quarantine`: without the messages themselves.
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap, Query(which): Query<Which>) -> Answer<Vec<Value>> {
    caller(&app, &headers, May::Read)?;
    let wanted = |kept: &Kept| {
        (which.handled || kept.handled.is_none()) && which.source.as_ref().is_none_or(|source| *source == kept.source)
    };
    let kept = app.desk.kept_cards().await?.into_iter().filter(|(_, kept)| wanted(kept));
    Ok(axum::Json(kept.map(|(id, kept)| shown(&id, &kept)).collect()))
}

/// `GET /v1/quarantine/{id}`: with the message, so only for those who may act on it.
pub async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path) -> Answer<Value> {
    caller(&app, &headers, May::Act)?;
    let id = IncidentId::from(id.as_str());
    let kept = app.desk.kept(&id).await?.ok_or_else(nothing_kept)?;
    let mut answer = shown(&id, &kept);
    match message_of(&app, &kept) {
        // Control characters are for no terminal.
        Ok(message) => match String::from_utf8(message).map_err(|error| error.into_bytes()) {
            Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) => answer["raw"] = text.into(),
            Ok(text) => answer["raw_base64"] = STANDARD.encode(text).into(),
            Err(bytes) => answer["raw_base64"] = STANDARD.encode(bytes).into(),
        },
        Err(why) => answer["gone"] = why.to_string().into(),
    }
    Ok(axum::Json(answer))
}

fn shown(id: &IncidentId, kept: &Kept) -> Value {
    let mut shown = serde_json::to_value(kept).unwrap_or_default();
    shown["id"] = id.as_str().into();
    if let (Some(shown), Some(sealed)) = (shown.as_object_mut(), &kept.sealed) {
        shown.remove("sealed");
        shown.insert("redacted".into(), json!(sealed.redacted));
    }
    shown
}

/// The message itself.
fn message_of(app: &App, kept: &Kept) -> Result<Vec<u8>, Problem> {
    match (&kept.sealed, &kept.raw, &kept.raw_base64) {
        (Some(sealed), ..) => payloads::open(&app.keys, sealed, &kept.sha256),
        (_, Some(text), _) => Ok(text.clone().into_bytes()),
        (_, _, Some(base64)) => Ok(STANDARD.decode(base64).unwrap_or_default()),
        _ => Err(Problem::not_found("no-payload", "the message itself is not there any more")),
    }
}

fn nothing_kept() -> Problem {
    Problem::not_found("no-kept-message", "no such message in quarantine").hint("`GET /v1/quarantine` lists them")
}

/// What came of reading one message again.
#[derive(Debug, Serialize)]
pub struct Reread {
    id: IncidentId,
    /// `remapped`, `noted`, `unread` or `handled`.
    status: &'static str,
    /// What it became part of.
    incidents: Vec<IncidentId>,
    /// Why it still cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// `POST /v1/quarantine/{id}/remap`: reads one message again with today's mapping.
pub async fn remap(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path) -> Answer<Reread> {
    let caller = caller(&app, &headers, May::Act)?;
    let now = wall_clock::now();
    let reread = read_again(&app, &IncidentId::from(id.as_str()), &caller.name, now).await?;
    operator::settle(&app.desk, &caller.name, &app.spoken_for(), now).await?;
    Ok(axum::Json(reread))
}

/// `POST /v1/quarantine/remap?source=S`: reads all that wait again.
pub async fn remap_all(State(app): State<Arc<App>>, headers: HeaderMap, Query(which): Query<Which>) -> Answer<Vec<Reread>> {
    let caller = caller(&app, &headers, May::Act)?;
    let now = wall_clock::now();
    let mut cards = app.desk.kept_cards().await?;
    cards.retain(|(_, kept)| kept.waits() && which.source.as_ref().is_none_or(|source| *source == kept.source));
    cards.sort_by_key(|(_, kept)| kept.received_at);
    let mut all = Vec::new();
    for (id, _) in cards {
        all.push(read_again(&app, &id, &caller.name, now).await?);
    }
    operator::settle(&app.desk, &caller.name, &app.spoken_for(), now).await?;
    Ok(axum::Json(all))
}

/// Reads a kept message the way intake does, as of the moment it came in. What it reports is
/// recorded before the message counts as handled, so that a crash in between costs a repeat.
async fn read_again(app: &App, id: &IncidentId, by: &str, now: Instant) -> Result<Reread, Problem> {
    let kept = app.desk.kept(id).await?.ok_or_else(nothing_kept)?;
    let unread = |detail: String| Reread { id: id.clone(), status: "unread", incidents: Vec::new(), detail: Some(detail) };
    if let Some(handled) = kept.handled.clone() {
        return Ok(already(id, handled));
    }
    let live = app.live();
    let Some(source) = live.sources.get(kept.source.as_str()) else {
        return Ok(unread(format!("no source `{}` is configured any more", kept.source)));
    };
    let body = match message_of(app, &kept) {
        Ok(body) => body,
        Err(why) => return Ok(unread(why.to_string())),
    };
    let redacted: Vec<String> = kept.sealed.iter().flat_map(|sealed| &sealed.redacted).cloned().collect();
    let note = format!("read again from the message as kept, in which something was redacted: {}", redacted.join(", "));
    let note = (!redacted.is_empty()).then_some(note.as_str());
    let meta = DeliveryMeta {
        source: source.name.clone(),
        content_type: kept.content_type.clone(),
        headers: kept.headers.clone(),
        received_at: kept.received_at,
    };
    let delivery = Delivery { app, source, meta: &meta, body: &body, now, note };
    let mut reports = match ingest::read(&source.mapping, &app.desk.rules().rulebook.vocabulary, &meta, &body) {
        Ok(reports) => reports,
        Err(fault) => return Ok(unread(detail(&fault))),
    };
    // What is told apart by its bytes is so by those that came, not by those that were kept.
    let digest = |sha256: &str| format!("sha256:{sha256}");
    let of_kept = digest(&hex(&Sha256::digest(&body)));
    for report in reports.iter_mut().filter(|report| report.update_id == of_kept) {
        report.update_id = digest(&kept.sha256);
    }
    let taken = match take_reports(&delivery, reports).await {
        Ok(taken) => taken,
        Err(Fault::Stranger(problem)) => return Ok(unread(problem.to_string())),
        Err(Fault::Ours(problem)) => return Err(problem),
    };
    let incidents = if taken.incidents.is_empty() { taken.incident.into_iter().collect() } else { taken.incidents };
    let handled = Handled::Remapped { by: by.to_owned(), at: now, incidents: incidents.clone() };
    app.desk.handle(id, handled, now).await?;
    let status = if incidents.is_empty() { "noted" } else { "remapped" };
    Ok(Reread { id: id.clone(), status, incidents, detail: None })
}

fn already(id: &IncidentId, handled: Handled) -> Reread {
    let (incidents, detail) = match handled {
        Handled::Remapped { by, incidents, .. } => (incidents, format!("read again before, by {by}")),
        Handled::Dropped { by, because, .. } => (Vec::new(), format!("dropped by {by}: {because}")),
    };
    Reread { id: id.clone(), status: "handled", incidents, detail: Some(detail) }
}

/// `POST /v1/quarantine/{id}/drop`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `because`")]
pub struct Drop {
    /// On what ground nothing has to come of it.
    because: String,
}

/// Puts a message away: it stays on record and waits for nobody.
pub async fn drop_kept(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path, body: Body) -> Answer<Value> {
    let caller = caller(&app, &headers, May::Act)?;
    let Drop { because } = super::read_json(&app, body, &headers).await?;
    if because.trim().is_empty() {
        return Err(crate::domain::incident::Refusal::Empty("because").into());
    }
    let (id, now) = (IncidentId::from(id.as_str()), wall_clock::now());
    let handled = Handled::Dropped { by: caller.name.clone(), at: now, because };
    let kept = app.desk.handle(&id, handled, now).await?.ok_or_else(nothing_kept)?;
    operator::settle(&app.desk, &caller.name, &app.spoken_for(), now).await?;
    Ok(axum::Json(shown(&id, &Kept { raw: None, raw_base64: None, ..kept.clone() })))
}
