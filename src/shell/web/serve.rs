//! Accepting connections: bounded in number, in the time a handshake and a request's head may take, in the time a
//! request may take as a whole, and in the time a client may leave an answer untaken.

use super::admission::Peer;
use super::patience::Patient;
use super::{App, Problem, routes};
use crate::domain::instant::Duration;
use crate::shell::config::Door;
use crate::shell::telemetry::Metrics;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration as StdDuration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// How long the head of a request may take to come in, a handshake to be done, and a client to take nothing of an
/// answer; never longer than a whole request.
const PATIENCE: Duration = Duration::seconds(10);
/// How long open connections are waited for at the end.
const GOODBYE: StdDuration = StdDuration::from_secs(10);
/// What a client is told whose head did not come in time.
const TOO_SLOW: &str = r#"{"code":"too-slow","detail":"the head of the request came in too slowly","hint":"send the whole head at once; nothing was taken","status":408,"title":"the request took too long","type":"urn:watchbell:problem:too-slow"}"#;

/// How connections are kept.
#[derive(Clone)]
pub struct Keeping {
    /// How long one request may take as a whole.
    pub request_timeout: Duration,
    /// How many connections are served at once.
    pub connections_max: usize,
    /// TLS for new connections; it may be swapped for another.
    pub tls: watch::Receiver<Option<Arc<ServerConfig>>>,
}

impl Keeping {
    /// As the configuration has it.
    pub fn of(door: &Door, tls: watch::Receiver<Option<Arc<ServerConfig>>>) -> Self {
        Self { request_timeout: door.request_timeout, connections_max: door.connections_max, tls }
    }
}

/// Serves until told to stop, then lets requests under way finish.
pub async fn serve(listener: TcpListener, app: Arc<App>, keeping: Keeping, stop: watch::Receiver<bool>) {
    let metrics = Arc::clone(&app.metrics);
    accept_all(listener, routes(app), keeping, metrics, stop).await;
}

/// The same for any router, in the clear: everything of the server but what it answers.
pub async fn serve_router(
    listener: TcpListener,
    router: Router,
    request_timeout: Duration,
    connections_max: usize,
    stop: watch::Receiver<bool>,
) {
    let (_, tls) = watch::channel(None);
    accept_all(listener, router, Keeping { request_timeout, connections_max, tls }, Metrics::new(), stop).await;
}

async fn accept_all(
    listener: TcpListener,
    router: Router,
    keeping: Keeping,
    metrics: Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let patience = keeping.request_timeout.min(PATIENCE);
    let timeout = keeping.request_timeout.to_std().unwrap_or(StdDuration::from_secs(30));
    let counted = Arc::clone(&metrics);
    let router = router.layer(from_fn(move |request, next| within(timeout, Arc::clone(&counted), request, next)));
    let room = Arc::new(Semaphore::new(keeping.connections_max));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            _ = stop.changed() => break,
        };
        let Some((stream, address, permit)) = accepted else { continue };
        let tls = keeping.tls.borrow().clone();
        let connection = Connection { router: router.clone(), metrics: Arc::clone(&metrics), patience, stop: stop.clone() };
        // The handshake happens here too, so that a slow client keeps nobody else waiting.
        connections.spawn(async move {
            connection.keep(Patient::new(stream, patience), address.ip(), tls).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GOODBYE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, address, permit))
        }
        Err(error) => {
            // Out of file descriptors, most likely: let some connections end first.
            tracing::warn!(%error, "a connection could not be accepted");
            crate::shell::wall_clock::sleep(Duration::milliseconds(50)).await;
            None
        }
    }
}

struct Connection {
    router: Router,
    metrics: Arc<Metrics>,
    patience: Duration,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn keep(self, stream: Patient, address: IpAddr, tls: Option<Arc<ServerConfig>>) {
        let Some(config) = tls else { return self.serve(stream, Peer { address, certificate: None }).await };
        let patience = self.patience.to_std().unwrap_or_default();
        match tokio::time::timeout(patience, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = shown.map(|certificate| Arc::new(certificate.clone().into_owned()));
                self.serve(stream, Peer { address, certificate }).await;
            }
            failed => {
                self.metrics.tls_handshakes_failed_total.inc();
                let why = failed.map_or_else(
                    |_| "it took too long".to_owned(),
                    |failed| failed.err().map(|e| e.to_string()).unwrap_or_default(),
                );
                tracing::debug!(%address, %why, "a TLS handshake failed");
            }
        }
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let router = self.router;
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            Box::pin(router.clone().oneshot(request))
        });
        let mut connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience.to_std().unwrap_or_default())
            .max_headers(100)
            .serve_connection(TokioIo::new(stream), service);
        // A client that goes away or talks nonsense is its own affair.
        let ended = tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => ended,
            _ = self.stop.changed() => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|context| connection.poll_without_shutdown(context)).await
            }
        };
        let parts = connection.into_parts();
        let mut stream = parts.io.into_inner();
        // A connection that merely idled is closed without a word.
        if ended.is_err_and(|error| error.is_timeout()) && !parts.read_buf.is_empty() {
            self.metrics.turn_away("slow-head");
            let head = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/problem+json";
            let _ = stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{TOO_SLOW}", TOO_SLOW.len()).as_bytes()).await;
        }
        let _ = stream.shutdown().await;
    }
}

async fn within(timeout: StdDuration, metrics: Arc<Metrics>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            metrics.turn_away("slow-request");
            let detail = format!("a request may take {} s", timeout.as_secs());
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the request took too long", detail)
                .hint("it may or may not have been taken; send it again, a second delivery changes nothing")
                .into_response()
        }
    }
}
