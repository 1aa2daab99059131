//! `GET /v1/incidents/{id}/messages/{number}`: a message as it came, while it is kept.

use super::App;
use super::api::incident_id;
use super::auth::caller;
use super::extract::Path;
use super::problem::Problem;
use crate::domain::incident::{Event, Message, Received, Refusal};
use crate::domain::payload::Sealed;
use crate::shell::config::May;
use crate::shell::payload_keys::{PayloadFault, PayloadKeys};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A message, with its bytes.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    message: Message,
    /// The rules of redaction by which something in it was replaced.
    redacted: BTreeSet<String>,
    /// The message.
    payload: String,
}

/// Shows a message. Whoever may read an incident may read what it rests on: an auditor above all.
pub async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path((id, number)): Path<(String, String)>,
) -> Result<axum::Json<Shown>, Problem> {
    caller(&app, &headers, May::Read)?;
    let id = incident_id(&app, &id)?;
    let number = number.parse().unwrap_or_default();
    let incident = app.desk.incident(&id).await?.ok_or(Refusal::NoIncident)?;
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let message = index.and_then(|index| incident.messages.get(index)).ok_or(Refusal::NoMessage(number))?.clone();
    // A message that came in by a merge or a split is on record where it came from.
    let recorded_in = message.from.as_ref().unwrap_or(&id);
    let is_it = |received: &Received| {
        received.source == message.source && received.update_id == message.update_id && received.sha256 == message.sha256
    };
    let history = app.desk.history(recorded_in).await?;
    let received = history.into_iter().find_map(|(_, event)| match event {
        Event::Received(received) if is_it(&received) => Some(received),
        _ => None,
    });
    let (payload, redacted) = match received {
        Some(Received { raw: Some(raw), .. }) => (raw, BTreeSet::new()),
        Some(Received { sealed: Some(sealed), sha256, .. }) => {
            let text = open(&app.keys, &sealed, &sha256)?;
            (String::from_utf8_lossy(&text).into_owned(), sealed.redacted)
        }
        _ => {
            let detail = format!("message {number} was one of a batch, which is kept with the first of its reports");
            return Err(Problem::not_found("no-payload", detail).hint("its digest is in `sha256`; the first report has the same"));
        }
    };
    Ok(axum::Json(Shown { message, redacted, payload }))
}

/// The message that was sealed, or why it is gone.
pub fn open(keys: &PayloadKeys, sealed: &Sealed, sha256: &str) -> Result<Vec<u8>, Problem> {
    keys.open(sealed, sha256).map_err(|fault| match fault {
        PayloadFault::Destroyed { .. } => {
            Problem::new(StatusCode::GONE, "payload-destroyed", "the message is not kept any more", fault.to_string())
                .hint("its digest and what was read from it stay on record")
        }
        fault => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "payload-unread", "the message cannot be opened", fault.to_string())
        }
    })
}
