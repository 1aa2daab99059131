//! What went wrong, as RFC 9457 `application/problem+json` with a stable code.

use crate::domain::incident::Refusal;
use crate::shell::desk::SubmitError;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::fmt;

/// A problem on its way to a client.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    more: Map<String, Value>,
    retry_after_s: Option<u32>,
    asks_for_password: bool,
}

impl Problem {
    /// A problem of a kind. `code` is stable: scripts hold on to it.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let (detail, hint) = split_hint(detail.into());
        Self { status, code, title, detail, hint, more: Map::new(), retry_after_s: None, asks_for_password: false }
    }

    /// The same with what to do next.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with a further member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// A further member.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.more.get(name)
    }

    /// What to do next.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The same, asking for a user name and a password when it is a 401: some senders wait for that.
    pub fn asking_for_password(self) -> Self {
        Self { asks_for_password: true, ..self }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// No or wrong credentials.
    pub fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "the credentials are missing or not accepted", detail)
    }

    /// Something that is not there.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "there is no such thing", detail)
    }

    /// Something that cannot be done as things stand.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "it cannot be done as things stand", detail)
    }

    /// Something in the request that cannot be.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, "the request cannot be taken as it is", detail)
    }

    /// More at once than there is room for.
    pub fn busy(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "too much at once", detail);
        Self { retry_after_s: Some(2), ..problem }.hint("nothing was taken; send it again")
    }

    /// The store does not take writes, or cannot be read.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", "the record cannot be kept now", detail);
        Self { retry_after_s: Some(5), ..problem }.hint("nothing was taken; send it again")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// Errors say `hint:` on a line of its own; a problem has a member for it.
fn split_hint(detail: String) -> (String, Option<String>) {
    match detail.split_once("\nhint: ") {
        Some((detail, hint)) => (detail.to_owned(), Some(hint.to_owned())),
        None => (detail, None),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".into(), json!(format!("urn:watchbell:problem:{}", self.code)));
        body.insert("title".into(), json!(self.title));
        body.insert("status".into(), json!(self.status.as_u16()));
        body.insert("code".into(), json!(self.code));
        body.insert("detail".into(), json!(self.detail));
        if let Some(hint) = self.hint {
            body.insert("hint".into(), json!(hint));
        }
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(if self.asks_for_password { "Basic realm=\"watchbell\"" } else { "Bearer" }),
            );
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Taken { by } => {
                let problem =
                    Self::new(StatusCode::CONFLICT, "already-known", "it is known already", format!("it belongs to {by}"));
                problem.hint("`incident` names where it is").with("incident", by.as_str())
            }
            large @ SubmitError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "it is too large for the record", large.to_string())
                    .hint("send less at once; nothing was taken")
            }
            SubmitError::Unwritten(source) => Self::unavailable(source.to_string()),
            SubmitError::Unread(source) => Self::unavailable(source.to_string()),
            SubmitError::Contended => Self::unavailable("the incident kept changing meanwhile"),
            panicked @ SubmitError::Panicked { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an error of ours", panicked.to_string())
                    .hint("the log has the place; nothing was acknowledged")
            }
            damaged @ SubmitError::Damaged { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "record-damaged", "the record is damaged", damaged.to_string())
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NoIncident => Self::not_found("no-incident", detail).hint("`GET /v1/incidents` lists them"),
            Refusal::Elsewhere(ref there) => {
                let there = there.as_str().to_owned();
                Self::conflict("merged", detail).hint("`incident` names where it goes on").with("incident", there)
            }
            Refusal::Itself => Self::invalid("same-incident", detail).hint("name two different incidents"),
            Refusal::Circular(_) => {
                Self::conflict("merged", detail).hint("`GET /v1/incidents/{id}` shows what it was merged with")
            }
            Refusal::OtherOrganisations => Self::conflict("other-organisations", detail)
                .hint("merge the one that concerns fewer into the one that concerns more; otherwise keep them apart"),
            Refusal::NotTakenIn => Self::conflict("changed-meanwhile", detail).hint("send it again"),
            Refusal::NoMessage(_) => Self::not_found("no-message", detail).hint("`GET /v1/incidents/{id}` lists its messages"),
            Refusal::AllMessages => Self::conflict("all-messages", detail)
                .hint("leave at least one; an incident of other messages is its own already"),
            Refusal::NoClock(_) => Self::not_found("no-clock", detail).hint("`GET /v1/clocks` lists them"),
            Refusal::NoAlert(_) => Self::not_found("no-alert", detail).hint("`GET /v1/clocks/{id}` lists the alerts of a clock"),
            Refusal::UnderWay(_) => Self::conflict("under-way", detail).hint("wait until the attempt has ended"),
            Refusal::Exists => Self::conflict("exists", detail).hint("`GET /v1/incidents` lists them"),
            Refusal::Closed(_) => Self::conflict("clock-closed", detail).hint("answer with facts if it ought to run again"),
            Refusal::Runs(_) => Self::conflict("clock-runs", detail).hint("only what was met or determined is taken back"),
            Refusal::EndedByFacts(_) => Self::conflict("ended-by-facts", detail)
                .hint("answer these facts anew: `POST /v1/incidents/{id}/claims`; the clock then runs again by itself"),
            Refusal::Contradicted(ref against) => {
                let against = against.clone();
                Self::conflict("contradicted", detail)
                    .with("against", against)
                    .hint("look at these facts; if it is so all the same, add `although`: why")
            }
            Refusal::LastCall => Self::conflict("last-call", detail).hint("`POST /v1/clocks/{id}/meet` or `…/determine`"),
            Refusal::Empty(_) => Self::invalid("empty-field", detail).hint("say it in a few words; it goes into the record"),
            Refusal::Future { .. } => Self::invalid("future-time", detail).hint("give the moment it happened, with its offset"),
            Refusal::NoHold { .. } => {
                Self::invalid("no-hold", detail).hint("`watchbell rules explain DUTY` lists what may delay it")
            }
            Refusal::NoOrganisation { .. } => {
                Self::invalid("no-organisation", detail).hint("leave it out, and the answer counts for each of them")
            }
            Refusal::NoGroup { .. } => {
                Self::invalid("no-group", detail).hint("name groups of people with `people.cohorts` first, or in the same answer")
            }
            Refusal::NameOfOrganisation(_) => Self::invalid("name-of-organisation", detail).hint("give the group another name"),
            Refusal::NoList(_) => Self::conflict("no-list", detail)
                .hint("name the clock by its duty and organisation, without a number; `GET /v1/clocks` lists them"),
            Refusal::NotEach(_) => Self::invalid("not-each", detail)
                .hint("each line names one of the list by number or name, once, whose clock is open"),
            Refusal::EachByItsWord(_) => Self::conflict("each-by-its-word", detail).hint(
                "answer `counsel.said.<place or regime>` for each: `nothing-owed` or `done`, with counsel's reason as the ground",
            ),
            Refusal::NoGround(_) => Self::invalid("no-ground", detail).hint("add `ground`: on what the judgement rests"),
            Refusal::WhichTeam(_) => Self::invalid("which-team", detail).hint("say `team`, or be in one of them by name"),
            Refusal::NoTeam { .. } => Self::invalid("no-team", detail).hint("`GET /v1/clocks/{id}/ladder` shows who must"),
            Refusal::NotInTeam { .. } => Self::invalid("not-in-team", detail).hint("somebody of that team must say it"),
            Refusal::NotOwner(_) => Self::conflict("not-owner", detail).hint("acknowledge it first: `POST /v1/clocks/{id}/ack`"),
            Refusal::NoPerson { .. } => {
                Self::invalid("no-person", detail).hint("give that [[person]] `reach` in the configuration")
            }
            Refusal::NotSilenced => Self::conflict("not-silenced", detail).hint("`GET /v1/clocks/{id}` shows how it stands"),
            Refusal::EndsBeforeItBegins { .. } | Refusal::HeldTooLong(_) => {
                Self::invalid("absurd-end", detail).hint("look at the year and the offset of both moments")
            }
            Refusal::Past { .. } => Self::invalid("past-time", detail).hint("give a moment to come, with its offset"),
            Refusal::NotAPerson(_) => {
                Self::invalid("not-a-person", detail).hint("a named person answers it: `POST /v1/incidents/{id}/claims`")
            }
        }
    }
}
