//! `POST /v1/incidents` and `…/{id}/notes`: what a person was told, by telephone or across a desk.
//!
//! It is kept like any message: sealed, with who took it down, who reported it and what came with it. Attachments
//! are named by size and digest; their bytes stay where they are.

use super::App;
use super::api::{Answer, Of, answers, incident_id, view_of};
use super::auth::caller;
use super::extract::Path;
use super::problem::Problem;
use super::taking::incident_key;
use super::wire::ExplicitInstant;
use crate::domain::board::IncidentView;
use crate::domain::facts::{Claim, Claimant, Value};
use crate::domain::hex::hex;
use crate::domain::ids::SourceId;
use crate::domain::incident::{Command, Lookalike, Opened, Opening, Received, Refusal};
use crate::domain::ingest::{EvidenceKind, Severity};
use crate::domain::instant::Instant;
use crate::shell::config::{May, Rules};
use crate::shell::desk::SubmitError;
use crate::shell::mint;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The source of what people report; no configured one can have this name with a space.
const SOURCE: &str = "a person";
/// How long a title or a name may be, in characters.
const LINE_MAX: usize = 200;

/// `POST /v1/incidents`
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `title`, and perhaps `id`, `severity`, `organisations`, `reporter`, `reported_at`, `note`, `facts`, `ground` and `attachments`"
)]
pub struct Reported {
    /// What happened, in a line.
    title: String,
    /// The caller's own number for it: given twice, it is one incident.
    #[serde(default)]
    id: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    #[serde(default)]
    severity: Option<String>,
    /// Whom it concerns; the only organisation there is unless said.
    #[serde(default)]
    organisations: Vec<String>,
    /// Who reported it, and how they can be reached.
    #[serde(default)]
    reporter: Option<String>,
    /// When they did; now unless said.
    #[serde(default)]
    reported_at: Option<ExplicitInstant>,
    /// What they said.
    #[serde(default)]
    note: Option<String>,
    /// Answers by fact key, under the caller's name.
    #[serde(default)]
    facts: BTreeMap<String, serde_json::Value>,
    /// On what judgements among them rest.
    #[serde(default)]
    ground: Option<String>,
    /// What came with it.
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// `POST /v1/incidents/{id}/notes`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `note`, and perhaps `attachments`")]
pub struct Noted {
    /// What is to be remembered.
    note: String,
    /// What came with it.
    #[serde(default)]
    attachments: Vec<Attachment>,
}

/// A file that is kept elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `name`, `bytes` and `sha256`")]
struct Attachment {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Opens an incident on a person's report.
pub async fn open(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Answer<IncidentView> {
    let caller = caller(&app, &headers, May::Act)?;
    let bytes = app.room.read(body, &headers, app.body_limit).await?.bytes;
    let reported: Reported = super::parse_json(&bytes)?;
    let (now, rules) = (wall_clock::now(), app.desk.rules());
    let title = line("title", &reported.title)?;
    let severity = reported.severity.as_deref().map_or(Some(Severity::Unknown), Severity::named).ok_or_else(|| {
        Problem::invalid("no-severity", format!("there is no severity `{}`", reported.severity.clone().unwrap_or_default()))
            .hint(format!("there are {}", Severity::NAMES.join(", ")))
    })?;
    let organisations = organisations(&rules, &reported.organisations)?;
    let reported_at = reported.reported_at.map_or(now, |at| at.0);
    if reported_at > now {
        let (what, at, now) = ("reported_at".to_owned(), reported_at.to_rfc3339(), now.to_rfc3339());
        return Err(Refusal::Future { what, at, now }.into());
    }
    let of = Of { concerned: organisations.keys().collect(), organisation: None };
    let mut claims = answers(&rules, &reported.facts, &of, &caller.name, reported.ground.as_deref(), now)?;
    let person = Claimant::Person(caller.name.clone());
    claims.push(Claim::of("event.received-at", Some(Value::Instant(reported_at)), person, now));
    let incident = mint::incident_id();
    let identity = reported.id.as_deref().map_or_else(|| Ok(incident.as_str().to_owned()), |id| line("id", id))?;
    let reporter = reported.reporter.as_deref().map(|reporter| line("reporter", reporter)).transpose()?;
    let mut remarks = vec![match &reporter {
        Some(reporter) => format!("reported by {reporter}, taken down by {}", caller.name),
        None => format!("reported by {}", caller.name),
    }];
    remarks.extend(reported.note.iter().map(|note| format!("note by {}: {note}", caller.name)));
    let received = received(&app, &identity, &bytes, remarks, &reported.attachments, now)?;
    let opened = Opened {
        title: app.live().payloads.redactor.text(title),
        severity: severity.name().to_owned(),
        kind: EvidenceKind::BreachReport.name().to_owned(),
        source: SOURCE.into(),
        external_id: identity.clone(),
        organisations,
    };
    let key = incident_key(&SourceId::from(SOURCE), "", &identity);
    let opening = Command::Open(Box::new(Opening { opened, received, claims }));
    let opened = match app.desk.submit_claiming(&incident, opening, vec![key], now).await {
        Ok(submitted) => submitted.incident,
        // Said before, under the same number.
        Err(SubmitError::Taken { by }) => super::api::incident(&app, by.as_str()).await?,
        Err(error) => return Err(error.into()),
    };
    Ok(axum::Json(view_of(&opened, &rules)))
}

/// Adds a note to an incident; it moves no clock.
pub async fn note(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path, body: Body) -> Answer<IncidentView> {
    let caller = caller(&app, &headers, May::Act)?;
    let bytes = app.room.read(body, &headers, app.body_limit).await?.bytes;
    let Noted { note, attachments } = super::parse_json(&bytes)?;
    if note.trim().is_empty() {
        return Err(Refusal::Empty("note").into());
    }
    let now = wall_clock::now();
    let remarks = vec![format!("note by {}: {note}", caller.name)];
    let received = received(&app, mint::incident_id().as_str(), &bytes, remarks, &attachments, now)?;
    let command = Command::Observe { received, claims: Vec::new() };
    let submitted = app.desk.submit(&incident_id(&app, &id)?, command, now).await?;
    Ok(axum::Json(view_of(&submitted.incident, &app.desk.rules())))
}

/// The message as the record keeps it.
fn received(
    app: &App,
    identity: &str,
    body: &[u8],
    remarks: Vec<String>,
    attachments: &[Attachment],
    now: Instant,
) -> Result<Received, Problem> {
    let live = app.live();
    let redactor = &live.payloads.redactor;
    let sha256 = hex(&Sha256::digest(body));
    let redacted = redactor.message(std::str::from_utf8(body).unwrap_or_default());
    let sealed = app.keys.seal(redacted.text.as_bytes(), &sha256, redacted.rules, now);
    let sealed = sealed.map_err(|error| Problem::unavailable(format!("it cannot be sealed under the key of today: {error}")))?;
    let attachment = |(nth, attachment): (usize, &Attachment)| {
        let Attachment { name, bytes, sha256 } = attachment;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest {
            return Err(Problem::invalid(
                "no-digest",
                format!("`{}` is no SHA-256", sha256.chars().take(80).collect::<String>()),
            )
            .hint("give it in 64 hex digits, as `sha256sum` prints it"));
        }
        Ok(Lookalike {
            label: "attachment".into(),
            value: format!("{}, {bytes} bytes, SHA-256 {}", redactor.text(line("name", name)?), sha256.to_ascii_lowercase()),
            pointer: format!("/attachments/{nth}"),
            about: None,
        })
    };
    let hints = attachments.iter().enumerate().map(attachment).collect::<Result<Vec<_>, _>>()?;
    Ok(Received {
        external_id: Some(identity.to_owned()),
        sha256,
        sealed: Some(Box::new(sealed)),
        hints: hints.into_iter().collect(),
        remarks: remarks.into_iter().map(|remark| redactor.text(remark)).collect(),
        ..Received::of(SOURCE, identity)
    })
}

fn organisations(rules: &Rules, named: &[String]) -> Result<super::taking::Organisations, Problem> {
    let known: Vec<&str> = rules.organisations.keys().map(|id| id.as_str()).collect();
    let hint = format!("there are {}", known.join(", "));
    let named: Vec<&str> = match (named, known.as_slice()) {
        ([], [only]) => vec![only],
        ([], _) => return Err(Problem::invalid("which-organisation", "whom it concerns is not said").hint(hint)),
        (named, _) => named.iter().map(String::as_str).collect(),
    };
    let profile = |id: &str| {
        let (id, organisation) = rules
            .organisations
            .get_key_value(id)
            .ok_or_else(|| Problem::invalid("no-organisation", format!("there is no organisation `{id}`")).hint(hint.clone()))?;
        Ok((id.clone(), organisation.profile.clone()))
    };
    named.into_iter().map(profile).collect()
}

/// A line for the record: not empty, not endless, without control characters.
fn line(what: &'static str, text: &str) -> Result<String, Problem> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(Refusal::Empty(what).into());
    }
    if text.chars().count() > LINE_MAX || text.chars().any(char::is_control) {
        return Err(Problem::invalid("no-line", format!("`{what}` is no line of at most {LINE_MAX} characters"))
            .hint("say it in a line; the rest goes into `note`"));
    }
    Ok(text)
}
