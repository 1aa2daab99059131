//! What a real daemon tells whoever watches it from outside: a heartbeat by HTTP, systemd by its socket.

use super::support::{Daemon, wait_for};
use std::os::unix::net::UnixDatagram;
use tokio::runtime::Runtime;
use watchbell::domain::instant::parse_rfc3339;
use watchbell::shell::delivery::{Beacon, HttpSettings};
use watchbell::sim::webhook_sink::WebhookSink;

/// A service that waits for heartbeats, and the runtime it lives in.
fn service() -> (Runtime, WebhookSink) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let sink = runtime.block_on(WebhookSink::start()).expect("a receiver");
    (runtime, sink)
}

#[test]
fn a_daemon_that_works_sends_its_heartbeat_again_and_again_and_counts_it() {
    let (_runtime, sink) = service();
    let daemon = Daemon::start(|config| {
        let address = sink.address();
        config.add(&format!("[heartbeat]\nurl = \"http://{address}/ping/t0ken\"\nevery = \"1s\"\nallow_private = true\n"));
    });
    // Each incident makes the scheduler look, which it does by itself only every half minute.
    let mut number = 0;
    wait_for("three heartbeats", || {
        number += 1;
        daemon.post("native", &serde_json::json!({ "id": number.to_string(), "title": "A laptop is gone" }));
        (sink.received().len() >= 3).then_some(())
    });
    assert!(sink.received().iter().all(|call| call.path == "/ping/t0ken" && call.body.is_empty()));
    let answer = daemon.get("/metrics");
    let metrics = answer.text();
    assert!(metrics.contains("watchbell_heartbeats_total{outcome=\"well\"}"), "{metrics}");
    assert!(!daemon.log().contains("t0ken"), "the address is a secret");
}

#[test]
fn trouble_is_told_one_step_below_with_its_reason() {
    let (runtime, sink) = service();
    let url = format!("http://{}/ping/t0ken", sink.address()).into();
    let timeout = std::time::Duration::from_secs(5);
    let beacon = Beacon::new(&HttpSettings { url, allow_private: true, timeout }).expect("good settings");
    let now = parse_rfc3339("2026-11-20T08:00:00Z").expect("an instant");
    runtime.block_on(beacon.ping(Some("the record takes no writes"), now)).expect("it arrives");
    let calls = sink.received();
    assert_eq!(calls[0].path, "/ping/t0ken/fail");
    assert_eq!(calls[0].body, b"the record takes no writes");
    let address = sink.address();
    drop(sink);
    let beacon = Beacon::new(&HttpSettings { url: format!("http://{address}/t0ken").into(), allow_private: true, timeout });
    let failed = runtime.block_on(beacon.expect("good settings").ping(None, now)).expect_err("nobody listens");
    assert!(!failed.contains("t0ken"), "{failed}");
}

#[test]
fn systemd_hears_ready_alive_reloading_and_stopping() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    let mut heard = String::new();
    let mut hear = |word: &str| {
        wait_for(word, || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
                heard.push('\n');
            }
            let found = heard.find(word)?;
            heard.drain(..found + word.len());
            Some(())
        });
    };
    let mut daemon = Daemon::start_in(|_| (), |_| vec![("NOTIFY_SOCKET".to_owned(), path.display().to_string())]);
    hear("READY=1");
    daemon.post("native", &serde_json::json!({ "id": "one", "title": "A laptop is gone" }));
    hear("WATCHDOG=1");
    daemon.signal("HUP");
    hear("RELOADING=1");
    hear("READY=1");
    assert!(daemon.stop().success());
    hear("STOPPING=1");
}
