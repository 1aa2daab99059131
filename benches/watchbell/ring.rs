//! Clocks that all fall due within one minute: how late the letter of each reaches its receiver.
//!
//! The store is filled beforehand with clocks whose half will be over within the same minute, so that a daemon
//! which had nothing to do must ring for all of them at once. Lateness is counted where it matters, at the
//! receiver: from the instant the rung was due, which stands in the letter, to the letter's arrival.

use crate::Plan;
use crate::process::{Server, pause};
use crate::report::{Report, grouped};
use crate::start::fill;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::shell::wall_clock;

/// Half of the clock that asks whether it may be a breach.
const HALF: Duration = Duration::minutes(30);
/// Who has not received everything by then never will.
const PATIENCE: Duration = Duration::minutes(20);

/// Measures 100,000 clocks due within one minute.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let count: u64 = if plan.quick { 5_000 } else { 100_000 };
    let folder = folder.join("ring");
    std::fs::create_dir(&folder).expect("a folder of our own");
    let begins = wall_clock::now() + Duration::seconds(45) + Duration::milliseconds(3 * i64::try_from(count).unwrap_or(i64::MAX));
    let spread = move |nth: u64| Duration::milliseconds(i64::try_from(nth * 60_000 / count).unwrap_or(0));
    fill(&folder, count, move |nth| begins + spread(nth) - HALF);
    let receiver = Receiver::start();
    let server = Server::daemon_with(&folder, |text| to_receiver(&text, receiver.address));
    server.settle();
    assert!(wall_clock::now() < begins, "filling the store took longer than expected; the machine is busy");
    let began_ticks = server.cpu_ticks();
    while receiver.received() < usize::try_from(count).unwrap_or(usize::MAX) {
        pause(Duration::milliseconds(200));
        assert!(wall_clock::now() < begins + PATIENCE, "only {} of {count} letters came", receiver.received());
    }
    let cpu_s = (server.cpu_ticks() - began_ticks) as f64 / 100.0;
    let late_ms = receiver.late_ms();
    assert!(late_ms.first().is_some_and(|least| *least >= 0), "a letter came before its rung was due");
    let at = |share: f64| late_ms[((late_ms.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    report.row(
        &format!("{} clocks due within one minute, each letter at its receiver", grouped(count as f64)),
        format!("p50 {:.2} s, p99 {:.2} s late", at(0.5), at(0.99)),
        format!(
            "at most {:.2} s; signed webhooks on loopback; {:.0} µs of a processor each",
            at(1.0),
            cpu_s * 1e6 / count as f64
        ),
    );
    server.stop();
}

/// The configuration with a receiver of signed webhooks in the place of everybody.
fn to_receiver(text: &str, address: SocketAddr) -> String {
    let one_team =
        text.replacen("{ when = \"50% left\", to = [\"soc\", \"privacy\"] }", "{ when = \"50% left\", to = [\"soc\"] }", 1);
    let text = one_team
        .replace(r#"members = [{ channel = "mail", to = "soc@example.org" }]"#, r#"members = [{ channel = "receiver" }]"#);
    assert!(text.contains("channel = \"receiver\""), "the example has changed");
    format!(
        "{text}\n[[channel]]\nid = \"receiver\"\n[channel.webhook]\nurl = \"http://{address}/\"\nsecret_files = [\"webhook-secret\"]\nallow_private = true\n"
    )
}

/// Takes letters and notes how late each came.
struct Receiver {
    address: SocketAddr,
    late_ms: Arc<Mutex<Vec<i64>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Receiver {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let late_ms = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&late_ms);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let notes = Arc::clone(&notes);
                tokio::spawn(async move {
                    if let Some(late) = take(stream).await {
                        notes.lock().unwrap_or_else(PoisonError::into_inner).push(late.num_milliseconds());
                    }
                });
            }
        });
        Self { address, late_ms, _runtime: runtime }
    }

    fn received(&self) -> usize {
        self.late_ms.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How late each letter came, in milliseconds, sorted.
    fn late_ms(&self) -> Vec<i64> {
        let mut late_ms = self.late_ms.lock().unwrap_or_else(PoisonError::into_inner).clone();
        late_ms.sort_unstable();
        late_ms
    }
}

/// Reads one letter, says that it was taken, and gives how late it was.
async fn take(mut stream: TcpStream) -> Option<Duration> {
    let mut request = Vec::with_capacity(4096);
    let length = loop {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        if let Some(length) = length_of(&request).filter(|length| request.len() >= *length) {
            break length;
        }
    };
    let now = wall_clock::now();
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.ok()?;
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    let due_at: Instant = text.split("\"rung_due_at\":\"").nth(1)?.split('"').next().and_then(parse_rfc3339)?;
    Some(now - due_at)
}

/// The length of a request, once its head is there.
fn length_of(request: &[u8]) -> Option<usize> {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&request[..head]).ok()?.to_lowercase();
    let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length: "))?.trim().parse().ok()?;
    Some(head + length)
}
