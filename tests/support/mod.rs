//! A real daemon for tests: the binary, a store in a temporary folder, a free port, a mail sink.
//!
//! [`Daemon::start`] runs `watchbell serve` with `config.example.toml` made to fit this machine, and
//! returns once the daemon is ready. Dropping it kills the process. Everything here blocks; it may be
//! used in plain tests and from `spawn_blocking` in async ones.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod config_text;
mod http;
mod record;

pub use config_text::ConfigText;
pub use http::{Answer, exchange, read_answer, request};
pub use record::{Record, events_of, record_of};

use serde_json::Value;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use watchbell::sim::smtp_sink::{Received, SmtpSink};

/// The bearer token of both sources, `native` and `wazuh`.
pub const SOURCE_TOKEN: &str = "wbt_the-token-of-the-sources";
/// The bearer token of Dr. Ada Keller, who may read, act and operate.
pub const PERSON_TOKEN: &str = "wbt_the-token-of-ada-keller";

/// How long any one thing is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `watchbell serve`.
pub struct Daemon {
    folder: TempDir,
    address: SocketAddr,
    process: Option<Child>,
    env: Vec<(String, String)>,
    /// The house's mail server; it may be made to misbehave.
    pub mail: SmtpSink,
    runtime: Option<Runtime>,
}

impl Daemon {
    /// Starts a daemon with the example configuration as `configure` changes it.
    pub fn start(configure: impl FnOnce(&mut ConfigText)) -> Self {
        Self::start_in(configure, |_| Vec::new())
    }

    /// The same with environment variables, which may name the daemon's folder.
    pub fn start_in(configure: impl FnOnce(&mut ConfigText), env: impl FnOnce(&Path) -> Vec<(String, String)>) -> Self {
        Self::start_with(configure, env, ready_in_the_clear)
    }

    /// Starts a daemon that is asked in a way of its own whether it is ready.
    pub fn start_asking(configure: impl FnOnce(&mut ConfigText), ready: impl Fn(SocketAddr) -> bool) -> Self {
        Self::start_with(configure, |_| Vec::new(), ready)
    }

    fn start_with(
        configure: impl FnOnce(&mut ConfigText),
        env: impl FnOnce(&Path) -> Vec<(String, String)>,
        ready: impl Fn(SocketAddr) -> bool,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let mail = runtime.block_on(SmtpSink::start()).expect("a mail sink");
        let mut config = ConfigText::example(folder.path(), mail.address());
        configure(&mut config);
        fs::write(folder.path().join("watchbell.toml"), config.text()).expect("a configuration is written");
        let env = env(folder.path());
        let (process, address) = launch(folder.path(), &env, &ready);
        Self { folder, address, process: Some(process), env, mail, runtime: Some(runtime) }
    }

    /// Where the API is, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same as an address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The temporary folder that holds everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder().join("watchbell.toml")
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.folder().join("store")
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the daemon runs").id()
    }

    /// What the daemon logged so far, over all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(log_path(self.folder())).unwrap_or_default()
    }

    /// One request.
    pub fn request(&self, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Answer {
        http::request(self.address, method, path, token, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}; the daemon said:\n{}", self.log()))
    }

    /// Posts an event of a source.
    pub fn post(&self, source: &str, event: &Value) -> Answer {
        self.request("POST", &format!("/v1/events/{source}"), Some(SOURCE_TOKEN), Some(&event.to_string()))
    }

    /// Asks for something as Dr. Keller.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, Some(PERSON_TOKEN), None)
    }

    /// Does something as Dr. Keller.
    pub fn act(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some(PERSON_TOKEN), Some(&body.to_string()))
    }

    /// Ends the process without warning, as a power cut does to it.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("our own process can be killed");
            process.wait().expect("our own process can be waited for");
        }
    }

    /// Sends the process a signal, such as `STOP` or `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().expect("kill runs");
        assert!(sent.success(), "kill -{name} {}", self.pid());
    }

    /// Asks the process to end, waits until it has, and gives how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        let mut process = self.process.take().expect("the daemon runs");
        wait_for("the daemon ends", || process.try_wait().expect("our own process can be waited for"))
    }

    /// Kills the process if it still runs, and starts it anew on the same store. The port is another.
    pub fn restart(&mut self) {
        self.kill();
        let (process, address) = launch(self.folder.path(), &self.env, &ready_in_the_clear);
        (self.process, self.address) = (Some(process), address);
    }

    /// Stops the mail server: connections to its port are refused from now on.
    pub fn mail_goes_down(&mut self) {
        let runtime = self.runtime.as_ref().expect("held until dropped");
        runtime.block_on(self.mail.go_down()).expect("the mail sink goes down");
    }

    /// The mails received so far, once there are at least so many.
    pub fn mails(&self, at_least: usize) -> Vec<Received> {
        wait_for(&format!("{at_least} mails"), || Some(self.mail.received()).filter(|mails| mails.len() >= at_least))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The binary under test, out of reach of the environment's settings.
pub fn watchbell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchbell"));
    command.env("XDG_CONFIG_HOME", "/nowhere");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WATCHBELL")) {
        command.env_remove(name);
    }
    command
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("daemon.log")
}

/// Starts the process and waits until it is ready.
fn launch(folder: &Path, env: &[(String, String)], ready: &impl Fn(SocketAddr) -> bool) -> (Child, SocketAddr) {
    let path = log_path(folder);
    let before = fs::metadata(&path).map_or(0, |log| usize::try_from(log.len()).expect("a log that fits into memory"));
    let log = File::options().create(true).append(true).open(&path).expect("a log");
    let mut command = watchbell();
    command.arg("serve").arg("--config").arg(folder.join("watchbell.toml")).envs(env.iter().cloned());
    let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    // Held in a guard, so that a failed wait leaves no process behind.
    let mut process = Guard(Some(process.expect("the daemon starts")));
    let said = || fs::read_to_string(&path).unwrap_or_default().split_off(before);
    let address = wait_for("the daemon listens", || {
        if let Some(status) = process.0.as_mut().expect("held until ready").try_wait().expect("our own process") {
            panic!("the daemon ended with {status} and said:\n{}", said());
        }
        said().lines().find_map(address_in)
    });
    wait_for("the daemon is ready", || ready(address).then_some(()));
    (process.0.take().expect("held until ready"), address)
}

fn ready_in_the_clear(address: SocketAddr) -> bool {
    http::request(address, "GET", "/-/ready", None, None).is_ok_and(|answer| answer.status == 200)
}

struct Guard(Option<Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut process) = self.0.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The address in the log line of a daemon that has begun to listen.
fn address_in(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    (fields.get("message")? == "watchbell is on watch").then(|| fields.get("address")?.as_str()?.parse().ok())?
}

/// Looks again and again until there is something; panics when that takes too long.
#[expect(clippy::disallowed_methods, reason = "the one place where tests wait for another process")]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
