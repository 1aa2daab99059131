//! `watchbell demo`

use super::complain;
use super::exit::Exit;
use crate::shell::demo::{self, Options};
use clap::Args;

/// The main job end to end on this machine, with nothing to configure.
///
/// Starts a real daemon on loopback with a store in a temporary folder and a mail sink of its own, posts a
/// ransomware alert at a hospital with patients in Germany, Ohio and India, answers as people would, shows duties,
/// deadlines, mails and drafts, kills the daemon, starts it again, and compares every clock. Nothing leaves this machine.
#[derive(Debug, Args)]
pub struct Demo {
    /// End once the story is told: status 0 only if every step was seen.
    #[arg(long)]
    exit: bool,
    /// Keep the folder with configuration, store, drafts and log.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub fn run(self) -> Exit {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return complain(&error),
        };
        match runtime.block_on(demo::run(Options { exit: self.exit, keep: self.keep })) {
            Ok(true) => Exit::Done,
            Ok(false) => Exit::Failed,
            Err(error) => complain(&error),
        }
    }
}
