//! Servers as processes of their own, with nobody's output but their warnings.

use crate::alert::{SECRET, SOURCE, TOKEN};
use crate::bare;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use watchbell::domain::ingest::TokenDigest;
use watchbell::domain::instant;
use watchbell::shell::wall_clock::{self, stopwatch};

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first "ready".
    pub ready_after: Duration,
    child: Child,
}

impl Server {
    /// The server that stores nothing.
    pub fn bare() -> Self {
        let address = free_address();
        let program = std::env::current_exe().expect("this program's own path");
        Self::start(Command::new(program).args([bare::COMMAND, &address.to_string()]), address)
    }

    /// The daemon over the store of a folder.
    pub fn daemon(folder: &Path) -> Self {
        Self::daemon_with(folder, |text| text)
    }

    /// The same with another configuration.
    pub fn daemon_with(folder: &Path, change: impl FnOnce(String) -> String) -> Self {
        let address = free_address();
        let config = write_config(folder, address);
        let text = fs::read_to_string(&config).expect("written before");
        fs::write(&config, change(text)).expect("a file in our own folder");
        Self::start(Command::new(env!("CARGO_BIN_EXE_watchbell")).args(["serve", "--config"]).arg(config), address)
    }

    fn start(command: &mut Command, address: SocketAddr) -> Self {
        let started = stopwatch();
        let mut child = command.spawn().expect("the program starts");
        while !is_ready(address) {
            if let Some(status) = child.try_wait().expect("a child of ours") {
                panic!("the server ended at its start: {status}");
            }
            pause(instant::Duration::milliseconds(2));
        }
        Self { address, ready_after: started.elapsed(), child }
    }

    /// Waits until the process has nothing left to do: what it put off during a burst is done.
    pub fn settle(&self) {
        let mut quiet = 0;
        let mut before = self.cpu_ticks();
        while quiet < 5 {
            pause(instant::Duration::milliseconds(100));
            let now = self.cpu_ticks();
            quiet = if now <= before + 1 { quiet + 1 } else { 0 };
            before = now;
        }
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process of this machine");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident size");
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number of KiB");
        kib * 1024
    }

    /// Time on a processor so far, in hundredths of a second.
    pub fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process of this machine");
        // The fields after the name, which may hold spaces and ends with the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number of ticks")).sum()
    }

    /// Asks it to stop and waits for it: the store is closed cleanly.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("the command `kill`");
        assert!(asked.success(), "the server takes a signal");
        let status = self.child.wait().expect("a child of ours");
        assert!(status.success(), "the server ends well: {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A short wait of a thread.
pub fn pause(length: instant::Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(wall_clock::sleep(length));
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound address")
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = [0; 12];
    let asked = stream.write_all(b"GET /-/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer.ends_with(b"200")
}

/// The example configuration with its store in `folder`, a known credential, and ladders of which
/// no rung falls due while this program runs.
pub fn write_config(folder: &Path, address: SocketAddr) -> PathBuf {
    let secret = folder.join("webhook-secret");
    fs::write(&secret, SECRET).expect("a file in our own folder");
    let nobodys = "0".repeat(64);
    let text = include_str!("../../config.example.toml")
        .replace("127.0.0.1:8740", &address.to_string())
        .replace("/var/lib/watchbell/drafts", &folder.join("drafts").display().to_string())
        .replace("/var/lib/watchbell", &folder.join("store").display().to_string())
        .replace(&nobodys, &TokenDigest::of(TOKEN).to_hex())
        .replace("webhook_secret_files = []", &format!("webhook_secret_files = [{:?}]", secret.display().to_string()))
        .replace("level = \"info\"", "level = \"warn\"")
        .replace("  { when = \"start\", to = [\"soc\"] },\n", "")
        .replace("  { when = \"start\", to = [\"soc\", \"privacy\"] },\n", "");
    let in_use = |words: &str| text.lines().any(|line| !line.starts_with('#') && line.contains(words));
    assert!(in_use(SOURCE) && !in_use("when = \"start\"") && !in_use(&nobodys), "the example has changed");
    let path = folder.join("watchbell.toml");
    fs::write(&path, text).expect("a file in our own folder");
    path
}
