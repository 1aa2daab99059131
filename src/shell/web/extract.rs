//! What stands in the address of a request, read so that a fault is a problem like any other.

use super::problem::Problem;
use axum::extract::{self, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The query, `?limit=20`.
pub struct Query<T>(pub T);

/// The one variable part of a path, or all of them.
pub struct Path<T = String>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = extract::Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let detail = text.split_once(": ").map_or(text.as_str(), |(_, detail)| detail);
            Problem::new(StatusCode::BAD_REQUEST, "wrong-query", "the query cannot be read", detail)
                .hint("look at what follows the `?` of the address")
        })?;
        Ok(Self(query.0))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| {
            let detail = "a part of the path is not UTF-8 once its `%` are resolved";
            Problem::new(StatusCode::BAD_REQUEST, "wrong-path", "the path cannot be read", detail)
                .hint("take ids as the API gives them")
        })
    }
}
