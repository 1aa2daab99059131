//! A small webhook receiver on loopback that keeps what it is given.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The path of the address, without the query.
    pub path: String,
    /// Headers with readable values, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte: what the signature is over.
    pub body: Vec<u8>,
}

impl Call {
    /// The first header of that name, in small letters; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

type Shelf = Arc<Mutex<Vec<Call>>>;

/// The receiver. Dropping it closes the port.
#[derive(Debug)]
pub struct WebhookSink {
    address: SocketAddr,
    shelf: Shelf,
    server: JoinHandle<()>,
}

impl WebhookSink {
    /// Starts on a free port of `127.0.0.1`; every POST to any path is kept and answered with 204.
    ///
    /// # Errors
    /// Whatever the system says when it has no port to give.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shelf = Shelf::default();
        let routes = axum::Router::new().fallback(keep).with_state(Arc::clone(&shelf));
        let server = tokio::spawn(async move {
            // Accepting goes on until the task is ended; an error of one connection is its own.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, shelf, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything received so far, oldest first.
    pub fn received(&self) -> Vec<Call> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for WebhookSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn keep(State(shelf): State<Shelf>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let readable = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let call = Call { path: uri.path().to_owned(), headers: headers.iter().filter_map(readable).collect(), body: body.to_vec() };
    shelf.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    StatusCode::NO_CONTENT
}
