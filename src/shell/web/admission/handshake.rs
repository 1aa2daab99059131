//! The handshake of CloudEvents' HTTP webhooks: before it delivers, a sender asks with `OPTIONS` whether it may, so
//! that nobody can be made to flood a stranger. Azure Event Grid never delivers without the answer.

use crate::shell::web::App;
use crate::shell::web::extract::Path;
use crate::shell::web::intake::no_source;
use crate::shell::web::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

/// `OPTIONS /v1/events/{source}`: grants an origin of the source's `allowed_origins` leave to deliver, at any rate:
/// what is too much at once is answered with 429.
pub async fn may_deliver(State(app): State<Arc<App>>, Path(name): Path, headers: HeaderMap) -> Result<Response, Problem> {
    let live = app.live();
    let source = live.sources.get(name.as_str()).ok_or_else(|| no_source(&name))?;
    let origin = headers.get(REQUEST_ORIGIN);
    let allowed = origin
        .and_then(|origin| origin.to_str().ok())
        .and_then(|origin| source.allowed_origins.iter().find(|allowed| allowed.eq_ignore_ascii_case(origin.trim())));
    let Some(granted) = allowed.and_then(|allowed| HeaderValue::from_str(allowed).ok()) else {
        let detail = format!("source `{}` does not let this origin deliver", source.name);
        return Err(Problem::new(StatusCode::FORBIDDEN, "wrong-origin", "not for this origin", detail)
            .hint("add what the sender gives in `WebHook-Request-Origin` to `allowed_origins` of the [[source]]"));
    };
    let any_rate = HeaderValue::from_static("*");
    let allow = HeaderValue::from_static("POST, OPTIONS");
    Ok(([(ALLOWED_ORIGIN, granted), (ALLOWED_RATE, any_rate), (header::ALLOW, allow)], StatusCode::OK).into_response())
}
