//! Whether a delivery comes from whom it claims to come from.

use super::problem::Problem;
use crate::domain::ingest::check_bearer;
use crate::domain::instant::Instant;
use crate::domain::standard_webhooks as webhooks;
use crate::shell::config::Source;
use crate::shell::wall_clock;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use secrecy::ExposeSecret;

/// The body of a delivery, once its sender has proved to be the source.
///
/// # Errors
/// A problem that says what is wrong with the credentials, or with the body.
pub async fn admit(source: &Source, headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let signed = !source.secrets.is_empty() && text(headers, webhooks::SIGNATURE_HEADER).is_some();
    // A bearer token is checked before the body is read; a signature needs the body.
    if !signed {
        check_token(source, headers)?;
    }
    let body = super::read_body(body, headers, limit).await?;
    if signed {
        check_signature(source, headers, &body, wall_clock::now())?;
    }
    Ok(body)
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
