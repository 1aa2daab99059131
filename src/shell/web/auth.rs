//! Who is asking: a person's bearer token.

use super::App;
use super::problem::Problem;
use crate::domain::ingest::check_bearer;
use crate::shell::config::May;
use axum::http::{HeaderMap, StatusCode, header};

/// Somebody the API knows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The name that goes into the record.
    pub name: String,
}

/// The person behind a request, if they may do this.
pub fn caller(app: &App, headers: &HeaderMap, may: May) -> Result<Caller, Problem> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if authorization.is_none() {
        return Err(Problem::unauthorised("no bearer token")
            .hint("send `Authorization: Bearer <token>` of a [[person]] of the configuration"));
    }
    let live = app.live();
    // Every person is tried, so that the time taken does not tell who exists.
    let mut known = None;
    for person in &live.people {
        if check_bearer(authorization, &person.tokens).is_ok() {
            known = Some(person);
        }
    }
    let Some(person) = known else {
        return Err(Problem::unauthorised("the bearer token is nobody's")
            .hint("`watchbell token` makes one; put its SHA-256 into a [[person]]"));
    };
    if !person.may.contains(&may) {
        let detail = format!("{} may not do this", person.name);
        let hint = format!("add `{}` to `may` of that [[person]]", format!("{may:?}").to_lowercase());
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "not allowed", detail).hint(hint));
    }
    Ok(Caller { name: person.name.clone() })
}
