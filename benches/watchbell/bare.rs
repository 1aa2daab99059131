//! The ceiling: the daemon's own server with a handler that reads the body, parses it as JSON,
//! and answers what the daemon answers. Nothing is weighed, nothing is stored.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use watchbell::domain::instant::Duration;
use watchbell::shell::web;

/// The word by which this program serves instead of measuring; an address follows.
pub const COMMAND: &str = "serve-bare";

const BODY_LIMIT: usize = 1 << 20;

/// Serves until killed.
pub fn serve(address: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("a free address");
        let router = Router::new()
            .route("/v1/events/{source}", post(answer))
            .route("/-/ready", axum::routing::get(|| async { "ready\n" }))
            .layer(CatchPanicLayer::new());
        let (_stop, stopped) = watch::channel(false);
        web::serve_router(listener, router, Duration::seconds(30), 2048, stopped).await;
    });
}

async fn answer(Path(_source): Path<String>, _headers: HeaderMap, body: Body) -> (StatusCode, axum::Json<serde_json::Value>) {
    let bytes = axum::body::to_bytes(body, BODY_LIMIT).await.expect("a whole body");
    let event: serde_json::Value = serde_json::from_slice(&bytes).expect("sound JSON");
    let status = if event.is_object() { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST };
    (status, axum::Json(serde_json::json!({ "status": "accepted", "incident": "inc-0000000000000000", "duplicate": false })))
}
