//! Accepting connections: bounded in number, in the time a request's head may take, in the time a
//! request may take as a whole, and in the time a client may leave an answer untaken.

use super::patience::Patient;
use super::{App, Problem, routes};
use crate::domain::instant::Duration;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use std::time::Duration as StdDuration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How long the head of a request may take to come in, and how long a client may take nothing of an
/// answer; never longer than a whole request.
const PATIENCE: Duration = Duration::seconds(10);
/// How long open connections are waited for at the end.
const GOODBYE: StdDuration = StdDuration::from_secs(10);

/// Serves until told to stop, then lets requests under way finish.
pub async fn serve(listener: TcpListener, app: Arc<App>, timeout: Duration, connections_max: usize, stop: watch::Receiver<bool>) {
    serve_router(listener, routes(app), timeout, connections_max, stop).await;
}

/// The same for any router: everything of the server but what it answers.
pub async fn serve_router(
    listener: TcpListener,
    router: Router,
    timeout: Duration,
    connections_max: usize,
    mut stop: watch::Receiver<bool>,
) {
    let patience = timeout.min(PATIENCE);
    let timeout = timeout.to_std().unwrap_or(StdDuration::from_secs(30));
    let router = router.layer(from_fn(move |request, next| within(timeout, request, next)));
    let room = Arc::new(Semaphore::new(connections_max));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            _ = stop.changed() => break,
        };
        let Some((stream, permit)) = accepted else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        let stream = Patient::new(stream, patience);
        connections.spawn(async move {
            connection(stream, router, patience, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GOODBYE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            // Out of file descriptors, most likely: let some connections end first.
            tracing::warn!(%error, "a connection could not be accepted");
            crate::shell::wall_clock::sleep(Duration::milliseconds(50)).await;
            None
        }
    }
}

async fn connection(stream: Patient, router: Router, patience: Duration, mut stop: watch::Receiver<bool>) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.to_std().unwrap_or_default())
        .max_headers(100)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that goes away or talks nonsense is its own affair.
        _ = connection.as_mut() => {}
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn within(timeout: StdDuration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "the request took too long",
            format!("a request may take {} s", timeout.as_secs()),
        )
        .hint("it may or may not have been taken; send it again, a second delivery changes nothing")
        .into_response(),
    }
}
