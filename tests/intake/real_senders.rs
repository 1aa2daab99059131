//! Senders of other people's making, pointed at a real daemon, while both are killed and started again.
//!
//! Debian's Alertmanager where it is installed; and the way Grafana posts: the same body again until somebody says 2xx.

use crate::support::{ConfigText, Daemon, SOURCE_TOKEN, record_of, request, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use watchbell::domain::incident::Event;

/// Debian's name for it, and that of its makers.
const ALERTMANAGERS: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];

/// A daemon with a source of a mapping's name, on a port that it keeps when it is started again.
fn daemon_with_source(mapping: &str) -> Daemon {
    let token = watchbell::domain::ingest::TokenDigest::of(SOURCE_TOKEN).to_hex();
    let daemon = Daemon::start(|config: &mut ConfigText| {
        config.add(&format!(
            "[[source]]\nname = \"{mapping}\"\nmapping = \"{mapping}\"\norganisations = [\"mercy\"]\ntoken_sha256 = [\"{token}\"]\n"
        ));
    });
    let text = fs::read_to_string(daemon.config()).expect("the configuration");
    let fixed = text.replace("\"127.0.0.1:0\"", &format!("\"{}\"", daemon.address()));
    assert_ne!(text, fixed, "the port is in the configuration");
    fs::write(daemon.config(), fixed).expect("the configuration is written");
    daemon
}

/// The updates of each incident by title: the sender's word for its state, in the order of the record.
fn updates(daemon: &mut Daemon) -> BTreeMap<String, Vec<String>> {
    assert!(daemon.stop().success(), "the daemon ends cleanly");
    let mut updates = BTreeMap::<String, Vec<String>>::new();
    for (incident, events) in record_of(&daemon.store()) {
        let mut title = incident.to_string();
        let mut states = Vec::new();
        for (_, event) in events {
            match event {
                Event::Opened(opened) => title = opened.title,
                Event::Received(received) => states.push(received.status.unwrap_or_default()),
                _ => {}
            }
        }
        let before = updates.insert(title.clone(), states);
        assert_eq!(before, None, "a second incident for `{title}`");
    }
    updates
}

struct Alertmanager {
    address: SocketAddr,
    process: Child,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alertmanager {
    /// Starts it on a folder; `None` where it is not installed.
    fn start(folder: &Path, daemon: &Daemon) -> Option<Self> {
        let config = json!({
            "route": {
                "receiver": "watchbell", "group_by": ["alertname"],
                "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h",
            },
            "receivers": [{ "name": "watchbell", "webhook_configs": [{
                "url": format!("{}/v1/events/prometheus-alertmanager", daemon.url()),
                "send_resolved": true,
                "http_config": { "authorization": { "credentials": SOURCE_TOKEN } },
            }] }],
        });
        // JSON is YAML.
        fs::write(folder.join("alertmanager.yml"), config.to_string()).expect("its configuration is written");
        // Somebody else may take the port before it is used again: then it is tried with another.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let start = |name: &&str| {
            let mut command = Command::new(name);
            command.arg(format!("--config.file={}", folder.join("alertmanager.yml").display()));
            command.arg(format!("--storage.path={}", folder.join("alertmanager").display()));
            command.arg(format!("--web.listen-address={port}")).arg("--cluster.listen-address=");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        let alertmanager = Self { address: port, process: ALERTMANAGERS.iter().find_map(start)? };
        wait_for("Alertmanager is ready", || {
            request(port, "GET", "/-/ready", None, None).is_ok_and(|answer| answer.status == 200).then_some(())
        });
        Some(alertmanager)
    }

    /// Tells it what Prometheus tells it every few seconds: the alerts as they are.
    fn is_told(&self, alerts: &[Value]) {
        let told = request(self.address, "POST", "/api/v2/alerts", None, Some(&json!(alerts).to_string()));
        assert_eq!(told.expect("Alertmanager answers").status, 200);
    }

    fn kill_and_start(mut self, folder: &Path, daemon: &Daemon) -> Self {
        self.process.kill().expect("our own process");
        self.process.wait().expect("our own process");
        drop(self);
        Self::start(folder, daemon).expect("it is installed")
    }
}

fn alert(title: &str, ends_at: Option<&str>) -> Value {
    let mut alert = json!({
        "labels": { "alertname": "MassFileRename", "instance": title, "severity": "critical" },
        "annotations": { "summary": title },
        "startsAt": "2026-11-20T03:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph",
    });
    if let Some(at) = ends_at {
        alert["endsAt"] = at.into();
    }
    alert
}

/// Whether messages about an incident of a title have come in so often.
fn came(daemon: &Daemon, title: &str, times: u64) -> bool {
    let board = daemon.get("/v1/incidents?closed=true").json();
    let cards = board["cards"].as_array().expect("cards");
    let Some(card) = cards.iter().find(|card| card["title"] == title) else { return false };
    let view = daemon.get(&format!("/v1/incidents/{}", card["incident"].as_str().expect("an id"))).json();
    let received = view["received"].as_object().expect("counts by source");
    received.values().filter_map(Value::as_u64).sum::<u64>() >= times
}

#[test]
fn an_alertmanager_whose_receiver_is_killed_and_that_is_killed_itself_doubles_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut daemon = daemon_with_source("prometheus-alertmanager");
    let Some(alertmanager) = Alertmanager::start(folder.path(), &daemon) else {
        println!("skipped: Alertmanager is not installed (Debian's package prometheus-alertmanager)");
        return;
    };
    let (pacs, ehr) = ("pacs-01", "ehr-02");

    alertmanager.is_told(&[alert(pacs, None)]);
    wait_for("the first alert", || came(&daemon, pacs, 1).then_some(()));

    daemon.kill();
    alertmanager.is_told(&[alert(pacs, None), alert(ehr, None)]);
    daemon.restart();
    wait_for("what fired while the daemon was down", || {
        alertmanager.is_told(&[alert(pacs, None), alert(ehr, None)]);
        came(&daemon, ehr, 1).then_some(())
    });

    let alertmanager = alertmanager.kill_and_start(folder.path(), &daemon);
    alertmanager.is_told(&[alert(pacs, None), alert(ehr, None)]);
    daemon.kill();
    let ended = "2026-11-20T04:00:00Z";
    alertmanager.is_told(&[alert(pacs, Some(ended)), alert(ehr, None)]);
    daemon.restart();
    wait_for("what ended while the daemon was down", || {
        alertmanager.is_told(&[alert(pacs, Some(ended)), alert(ehr, None)]);
        came(&daemon, pacs, 2).then_some(())
    });

    let expected = BTreeMap::from([
        (pacs.to_owned(), vec!["firing".to_owned(), "resolved".to_owned()]),
        (ehr.to_owned(), vec!["firing".to_owned()]),
    ]);
    assert_eq!(updates(&mut daemon), expected);
}

#[test]
fn a_sender_that_repeats_itself_until_it_is_answered_opens_one_incident() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sources/grafana/group.json");
    let body = fs::read_to_string(path).expect("a fixture");
    let mut daemon = daemon_with_source("grafana");
    for _ in 0..5 {
        // Sent whole, and the daemon dies before or after it could answer.
        let (address, body) = (daemon.address(), body.clone());
        let sending = std::thread::spawn(move || {
            request(address, "POST", "/v1/events/grafana", Some(SOURCE_TOKEN), Some(&body)).map(|answer| answer.status)
        });
        daemon.kill();
        let answered = sending.join().expect("the sender does not panic");
        assert!(answered.as_ref().map_or(true, |status| *status == 202), "{answered:?}");
        daemon.restart();
    }
    for _ in 0..3 {
        let answer = daemon.request("POST", "/v1/events/grafana", Some(SOURCE_TOKEN), Some(&body));
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let updates = updates(&mut daemon);
    assert!(updates.values().all(|states| states.len() == 1), "{updates:?}");
}
