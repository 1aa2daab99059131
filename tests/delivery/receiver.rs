//! An HTTP server that keeps what it gets and gives the answer it was told to give.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

type Answer = (StatusCode, Vec<(&'static str, String)>, Vec<u8>);

/// A receiver that keeps what it gets and gives the answer it was told to give.
#[derive(Clone)]
pub struct Receiver {
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: Arc<Mutex<Answer>>,
    address: SocketAddr,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let receiver = Self {
            requests: Arc::default(),
            answer: Arc::new(Mutex::new((StatusCode::NO_CONTENT, vec![], vec![]))),
            address: listener.local_addr().expect("an address"),
        };
        let app = axum::Router::new().fallback(Self::receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    async fn receive(State(receiver): State<Self>, headers: HeaderMap, body: Bytes) -> Response {
        receiver.requests.lock().expect("no test panics in here").push((headers, body));
        let (status, extra, body) = receiver.answer.lock().expect("no test panics in here").clone();
        let mut response = (status, body).into_response();
        for (name, value) in extra {
            response.headers_mut().insert(name, value.parse().expect("a header value"));
        }
        response
    }

    pub fn answers(&self, status: u16, headers: &[(&'static str, &str)]) {
        self.answers_with(status, headers, "");
    }

    pub fn answers_with(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let answer = (StatusCode::from_u16(status).expect("a status"), headers, body.as_bytes().to_vec());
        *self.answer.lock().expect("no test panics in here") = answer;
    }

    /// The body of the last request, as JSON.
    pub fn last(&self) -> serde_json::Value {
        let (_, body) = self.requests().pop().expect("a request");
        serde_json::from_slice(&body).expect("JSON")
    }

    pub fn requests(&self) -> Vec<(HeaderMap, Bytes)> {
        self.requests.lock().expect("no test panics in here").clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}
