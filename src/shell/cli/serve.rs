//! `watchbell serve`

use super::exit::Exit;
use super::{complain, default_config};
use crate::shell::config;
use crate::shell::daemon::Daemon;
use crate::shell::telemetry;
use crate::shell::wall_clock;
use clap::Args;
use std::path::PathBuf;

/// Run the daemon until SIGTERM or SIGINT; SIGHUP reads configuration and rules again.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG")]
    config: PathBuf,
}

impl Serve {
    pub fn run(self) -> Exit {
        let config = match config::read(&self.config, &config::environment(), wall_clock::now()) {
            Ok(config) => config,
            Err(fault) => return complain(&fault),
        };
        telemetry::start_logging(config.log_format, &config.log_level);
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return complain(&error),
        };
        runtime.block_on(async {
            let bar = super::journal::progress_bar();
            let mut progress = |done: u64, total: u64| {
                bar.set_length(total);
                bar.set_position(done);
            };
            let daemon = Daemon::start(config, &mut progress).await;
            bar.finish_and_clear();
            match daemon {
                Ok(daemon) => match daemon.run().await {
                    Ok(()) => Exit::Done,
                    Err(error) => complain(&error),
                },
                Err(fault) => complain(&fault),
            }
        })
    }
}
