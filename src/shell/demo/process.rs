//! The demo's daemon: the same program, started as a process of its own, and ended without a word.

use super::house::House;
use crate::domain::instant::Duration;
use crate::shell::wall_clock;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// Lines of the log that are shown when something went wrong.
const TAIL_LINES: usize = 15;

/// A running `watchbell serve`. Dropping it ends it.
pub struct Process {
    child: Child,
    /// Its process id.
    pub id: u32,
}

impl Process {
    /// Starts the daemon of a house. It is not ready yet.
    ///
    /// # Errors
    /// Whatever the system says of the log file or of the program.
    pub fn start(house: &House) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(house.log())?;
        let mut command = Command::new(program()?);
        // Nothing of this shell's own Watchbell may reach the demo's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WATCHBELL") {
                command.env_remove(name);
            }
        }
        command
            .arg0("watchbell")
            .arg("serve")
            .arg("--config")
            .arg(house.config())
            .stdin(Stdio::null())
            .stdout(Stdio::from(File::try_clone(&log)?))
            .stderr(Stdio::from(log))
            // Ctrl-C is for the demo, which then ends its daemon by its id.
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the daemon ended at once"))?;
        Ok(Self { child, id })
    }

    /// Waits until the daemon says that it is ready; gives how long that took.
    ///
    /// # Errors
    /// What went wrong instead, in words.
    pub async fn ready(&mut self, http: &reqwest::Client, url: &str, patience: Duration) -> Result<Duration, String> {
        let (watch, patience) = (wall_clock::stopwatch(), patience.to_std().unwrap_or_default());
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the daemon ended by itself ({status})"));
            }
            let answer = http.get(format!("{url}/-/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(Duration::from_std(watch.elapsed()).unwrap_or_default());
            }
            if watch.elapsed() > patience {
                return Err(format!("the daemon was not ready within {} s", patience.as_secs()));
            }
            wall_clock::sleep(Duration::milliseconds(20)).await;
        }
    }

    /// Ends it with SIGKILL, which it can neither see nor refuse; gives the signal it ended by.
    ///
    /// # Errors
    /// Whatever the system says of the process.
    pub async fn kill(&mut self) -> io::Result<Option<i32>> {
        self.child.start_kill()?;
        Ok(self.child.wait().await?.signal())
    }
}

/// This very program. Linux keeps it at hand even where a build has put another in its place since.
fn program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// The last lines of a log.
pub fn tail(log: &Path) -> Vec<String> {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].iter().map(ToString::to_string).collect()
}
