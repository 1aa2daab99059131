//! The load: connections that each send a request, wait for its answer, and send the next.

use crate::alert::{Alerts, Proof, SECRET};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use watchbell::domain::standard_webhooks::read_secret;
use watchbell::shell::wall_clock::stopwatch;

/// Connections at once, where nothing else is said.
pub const CONNECTIONS: usize = 64;

/// What came of it.
pub struct Outcome {
    /// Requests answered 202.
    pub requests: usize,
    /// How many in a second.
    pub per_second: f64,
    /// Every request's time from its first byte sent to its last byte answered, in microseconds, sorted.
    pub latencies_us: Vec<u32>,
}

/// Who posts.
#[derive(Clone, Copy)]
pub struct Crowd {
    /// Connections at once.
    pub connections: usize,
    /// How each shows who it is.
    pub proof: Proof,
}

impl Crowd {
    /// The usual number of connections, each of which must be served.
    pub fn usual(proof: Proof) -> Self {
        Self { connections: CONNECTIONS, proof }
    }
}

impl Outcome {
    /// The latency that this share of requests did not exceed, in milliseconds.
    pub fn latency_ms(&self, share: f64) -> f64 {
        let place = (self.latencies_us.len() as f64 * share) as usize;
        f64::from(self.latencies_us[place.min(self.latencies_us.len() - 1)]) / 1000.0
    }
}

/// Posts alerts for a while, each with the next number.
///
/// # Panics
/// When an answer is anything but 202 for something new: such a figure would mean nothing.
pub fn post(address: SocketAddr, alerts: &Arc<Alerts>, next: &Arc<AtomicU64>, crowd: Crowd, length: Duration) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let started = stopwatch();
    let served = runtime.block_on(async {
        let mut connections = JoinSet::new();
        for _ in 0..crowd.connections {
            let (alerts, next) = (Arc::clone(alerts), Arc::clone(next));
            connections.spawn(async move { connection(address, &alerts, &next, crowd, length).await });
        }
        connections.join_all().await
    });
    let elapsed_s = started.elapsed().as_secs_f64();
    let mut latencies_us = served.concat();
    latencies_us.sort_unstable();
    let requests = latencies_us.len();
    Outcome { requests, per_second: requests as f64 / elapsed_s, latencies_us }
}

async fn connection(address: SocketAddr, alerts: &Alerts, next: &AtomicU64, crowd: Crowd, length: Duration) -> Vec<u32> {
    let secret = read_secret(SECRET).expect("a sound secret");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket option");
    let mut answer = Vec::with_capacity(4096);
    let mut latencies_us = Vec::new();
    let started = stopwatch();
    while started.elapsed() < length {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let request = alerts.request(number, crowd.proof, secret.expose_secret());
        let sent = stopwatch();
        stream.write_all(&request).await.expect("the server reads");
        read_answer(&mut stream, &mut answer).await;
        latencies_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    latencies_us
}

/// Reads one answer with a length, and looks whether it is the one that counts.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    let whole = loop {
        let read = stream.read_buf(answer).await.expect("the server answers");
        assert!(read > 0, "the server hung up");
        if let Some(len) = length_of(answer)
            && answer.len() >= len
        {
            break len;
        }
    };
    let text = String::from_utf8_lossy(&answer[..whole]);
    assert!(text.starts_with("HTTP/1.1 202 ") && text.contains("\"duplicate\":false"), "an answer that does not count: {text}");
}

/// The length of an answer, once its head is there.
fn length_of(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).expect("a head in ASCII");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(head + length.trim().parse::<usize>().expect("a length"))
}
