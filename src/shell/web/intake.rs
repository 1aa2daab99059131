//! `POST /v1/events/{source}`: verify, read, store durably, answer.
//!
//! Whatever an authenticated source sends is kept: as an incident, as an update of one, or in
//! quarantine with the reason, where a person can see it.

use super::App;
use super::admission::{self, Admitted, Knock};
use super::extract::Path;
use super::problem::Problem;
use crate::domain::hex::hex;
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::domain::incident::{Command, Opened, Opening, Profile, Received};
use crate::domain::ingest::{self, DeliveryMeta, EvidenceKind, Report, Unreadable};
use crate::domain::instant::Instant;
use crate::domain::quarantine::Kept;
use crate::domain::repeated::Repeated;
use crate::shell::config::Source;
use crate::shell::desk::SubmitError;
use crate::shell::mint;
use crate::shell::telemetry::IntakeLabels;
use crate::shell::wall_clock;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a delivery is looked up anew because another one of the same came first.
const RACES_MAX: u32 = 5;
/// In a batch each report keeps the whole message only up to this size; the first always does.
const RAW_PER_REPORT_MAX: usize = 64 * 1024;

/// Whom an incident concerns.
type Organisations = BTreeMap<OrganisationId, Repeated<Profile>>;

/// The answer to a delivery.
#[derive(Debug, Serialize)]
struct Taken {
    status: &'static str,
    incident: Option<IncidentId>,
    duplicate: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incidents: Vec<IncidentId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

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
    let delivery = DeliveryMeta {
        source: source.name.clone(),
        content_type: text(&headers, "content-type").map(str::to_owned),
        headers: readable_headers(&headers, source),
        received_at: now,
    };
    let rules = app.desk.rules();
    match ingest::read(&source.mapping, &rules.rulebook.vocabulary, &delivery, body) {
        Ok(mut reports) => {
            if is_drill {
                reports.iter_mut().for_each(|report| report.kind = EvidenceKind::TestOrSample);
            }
            take_reports(app, source, &delivery, reports, body, now).await
        }
        Err(unreadable) => Err(quarantine(app, source, &delivery, body, unreadable, now).await),
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

async fn take_reports(
    app: &App,
    source: &Source,
    delivery: &DeliveryMeta,
    reports: Vec<Report>,
    body: &[u8],
    now: Instant,
) -> Result<Taken, Problem> {
    let mut taken = Taken { status: "accepted", incident: None, duplicate: true, incidents: Vec::new(), remarks: Vec::new() };
    if reports.is_empty() {
        return Ok(Taken { status: "empty", duplicate: false, ..taken });
    }
    // Before anything is taken: a batch is taken whole or refused whole.
    let mut concerned = Vec::with_capacity(reports.len());
    for report in &reports {
        match organisations(app, source, report) {
            Ok(organisations) => concerned.push(organisations),
            Err(problem) => {
                let text = problem.to_string();
                return Err(set_aside(app, source, delivery, body, problem, text, now).await);
            }
        }
    }
    let sha256 = hex(&Sha256::digest(body));
    let mut noted = 0;
    let count = reports.len();
    for (nth, (report, organisations)) in reports.into_iter().zip(concerned).enumerate() {
        taken.remarks.extend(report.remarks.iter().map(|remark| remark.text.clone()));
        if matches!(report.kind, EvidenceKind::TestOrSample | EvidenceKind::PassedControl) {
            let text = format!("{} by its own word is a {}, and opens nothing", short(&report.title), report.kind);
            keep(app, source, delivery, body, ("noted", text), now).await?;
            noted += 1;
            continue;
        }
        let whole = nth == 0 || body.len() <= RAW_PER_REPORT_MAX;
        let raw = whole.then(|| std::str::from_utf8(body).ok().map(str::to_owned)).flatten();
        let (incident, duplicate) = take_report(app, source, report, organisations, &sha256, raw, now).await?;
        taken.duplicate &= duplicate;
        if count > 1 {
            taken.incidents.push(incident.clone());
        }
        taken.incident.get_or_insert(incident);
    }
    if noted == count {
        return Ok(Taken { status: "noted", duplicate: false, ..taken });
    }
    if taken.duplicate {
        taken.status = "duplicate";
    }
    Ok(taken)
}

async fn take_report(
    app: &App,
    source: &Source,
    report: Report,
    organisations: Organisations,
    sha256: &str,
    raw: Option<String>,
    now: Instant,
) -> Result<(IncidentId, bool), Problem> {
    let identity = report.external_id.clone().unwrap_or_else(|| report.update_id.clone());
    let tenant = report.tenant.clone().unwrap_or_default();
    let delivery_key = key(b'd', &[source.name.as_str(), &tenant, &identity, &report.update_id]);
    let incident_key = key(b'x', &[source.name.as_str(), &tenant, &identity]);
    let received = Received {
        external_id: Some(identity.clone()),
        version: report.times.updated,
        status: report.status.clone(),
        sha256: sha256.to_owned(),
        raw,
        hints: report.hints.iter().map(|hint| (hint.label.clone(), hint.value.clone(), hint.pointer.clone())).collect(),
        remarks: report.remarks.iter().map(|remark| remark.text.clone()).collect(),
        ..Received::of(source.name.clone(), report.update_id.clone())
    };
    let mut claims = report.claims.clone();
    claims.extend(source.claims.iter().map(|claim| crate::domain::facts::Claim { at: now, ..claim.clone() }));
    for _ in 0..RACES_MAX {
        let (id, command, unique) = match app.desk.lookup(&incident_key)? {
            // No delivery is on record without its incident.
            Some(known) => {
                if let Some(known) = app.desk.lookup(&delivery_key)? {
                    return Ok((known, true));
                }
                let command = Command::Observe { received: received.clone(), claims: claims.clone() };
                (known, command, vec![delivery_key.clone()])
            }
            None => {
                let opened = Opened {
                    title: report.title.clone(),
                    severity: report.severity.name().to_owned(),
                    kind: report.kind.name().to_owned(),
                    source: source.name.clone(),
                    external_id: identity.clone(),
                    organisations: organisations.clone(),
                };
                let opening = Opening { opened, received: received.clone(), claims: claims.clone() };
                (mint::incident_id(), Command::Open(Box::new(opening)), vec![delivery_key.clone(), incident_key.clone()])
            }
        };
        match app.desk.submit_claiming(&id, command, unique, now).await {
            Ok(_) => return Ok((id, false)),
            // Another delivery of the same came first: look again.
            Err(SubmitError::Taken { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(SubmitError::Contended.into())
}

fn organisations(app: &App, source: &Source, report: &Report) -> Result<Organisations, Problem> {
    let rules = app.desk.rules();
    let named = if report.organisations.is_empty() { &source.organisations } else { &report.organisations };
    let mut profiles = BTreeMap::new();
    for id in named {
        let known = rules.organisations.get(id).filter(|_| source.organisations.contains(id));
        let Some(organisation) = known else {
            let known: Vec<&str> = source.organisations.iter().map(|id| id.as_str()).collect();
            return Err(Problem::invalid(
                "no-organisation",
                format!("source `{}` does not speak for organisation `{}`", source.name, short(id.as_str())),
            )
            .hint(format!("it speaks for {}", known.join(", "))));
        };
        profiles.insert(id.clone(), organisation.profile.clone());
    }
    Ok(profiles)
}

/// Keeps an unreadable message and says what is wrong with it.
async fn quarantine(
    app: &App,
    source: &Source,
    delivery: &DeliveryMeta,
    body: &[u8],
    unreadable: Unreadable,
    now: Instant,
) -> Problem {
    let status = if unreadable.refusal.is_syntax() { StatusCode::BAD_REQUEST } else { StatusCode::UNPROCESSABLE_ENTITY };
    let problem = Problem::new(status, unreadable.refusal.code(), "the message cannot be read", detail(&unreadable));
    let problem = problem.hint(unreadable.refusal.hint()).with("faults", faults(&unreadable));
    if body.is_empty() {
        return problem;
    }
    set_aside(app, source, delivery, body, problem, unreadable.to_string(), now).await
}

/// Keeps a message that a problem keeps from becoming an incident, and says where.
async fn set_aside(
    app: &App,
    source: &Source,
    delivery: &DeliveryMeta,
    body: &[u8],
    problem: Problem,
    text: String,
    now: Instant,
) -> Problem {
    match keep(app, source, delivery, body, (problem.code(), text), now).await {
        Ok(id) => {
            app.metrics.quarantined_total.inc();
            tracing::warn!(source = %source.name, quarantine = %id, code = problem.code(), "a message could not be taken and is in quarantine");
            problem.with("quarantine", id.as_str())
        }
        Err(unavailable) => unavailable,
    }
}

/// What is wrong, on one line; what to do about each fault is in its own member.
fn detail(unreadable: &Unreadable) -> String {
    let at = unreadable.at.map(|at| format!(" at line {} column {}", at.line, at.column)).unwrap_or_default();
    let faults: Vec<String> = unreadable.faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.message)).collect();
    let list = if faults.is_empty() { String::new() } else { format!(": {}", faults.join("; ")) };
    format!("{}{at}{list}", unreadable.message)
}

/// The faults of a native event, one by one.
fn faults(unreadable: &Unreadable) -> serde_json::Value {
    let fault = |fault: &ingest::PayloadFault| {
        serde_json::json!({
            "pointer": fault.pointer, "code": fault.code, "detail": fault.message, "hint": fault.hint,
        })
    };
    unreadable.faults.iter().map(fault).collect()
}

/// Keeps a message outside any incident; the same message twice is kept once.
async fn keep(
    app: &App,
    source: &Source,
    delivery: &DeliveryMeta,
    body: &[u8],
    (code, text): (&str, String),
    now: Instant,
) -> Result<IncidentId, Problem> {
    let sha256 = hex(&Sha256::digest(body));
    let unique = key(b'q', &[source.name.as_str(), code, &sha256]);
    // Control characters would take six bytes each in the record.
    let is_plain = |text: &&str| !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace());
    let (raw, raw_base64) = match std::str::from_utf8(body).ok().filter(is_plain) {
        Some(text) => (Some(text.to_owned()), None),
        None => (None, Some(STANDARD.encode(body))),
    };
    let kept = Kept {
        source: source.name.to_string(),
        received_at: now,
        content_type: delivery.content_type.clone(),
        code: code.to_owned(),
        text,
        sha256,
        raw,
        raw_base64,
    };
    Ok(app.desk.keep(mint::quarantine_id(), kept, unique, now).await?)
}

/// A unique key: a kind and parts, none of which can run into the next.
fn key(kind: u8, parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut key = vec![kind];
    key.extend_from_slice(&hash.finalize());
    key
}

fn short(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    short
}
