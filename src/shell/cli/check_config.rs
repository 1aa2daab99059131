//! `watchbell check-config`

use super::exit::Exit;
use super::output::{Output, counted, print_json, print_text};
use super::{Outcome, border, complain, default_config};
use crate::shell::config::{self, Config, ConfigFault};
use crate::shell::wall_clock;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Read a configuration and its rules, and tell every fault with file and line.
///
/// What can be run and is not in order counts as well: placeholders of the example, a door without TLS.
/// Exit code 3 says that there are faults. Nothing is opened or sent; `watchbell doctor` also tries channels and store.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell check-config
  watchbell check-config --config /etc/watchbell/watchbell.toml && systemctl reload watchbell")]
pub struct CheckConfig {
    /// The configuration file
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// The same without the word before it
    #[arg(value_name = "FILE", hide = true)]
    file: Option<PathBuf>,
}

impl CheckConfig {
    pub fn run(self, output: Output) -> Outcome {
        let file = self.file.unwrap_or(self.config);
        match config::read(&file, &config::environment(), wall_clock::now()) {
            Ok(config) => {
                let border = border::of(&config, wall_clock::now());
                let ok = config.unready.is_empty();
                match output {
                    Output::Json if ok => print_json(&json!({ "ok": true, "file": file, "border": border }))?,
                    Output::Json => {
                        let faults: Vec<&str> = config.unready.iter().map(|unready| unready.text.as_str()).collect();
                        print_json(&json!({ "ok": false, "file": file, "not_in_order": faults, "border": border }))?;
                    }
                    Output::Text => print_text(&summary(&config))?,
                }
                let lapsed = border::lapsed(&config, wall_clock::now());
                border.iter().flat_map(border::OfOrganisation::lines).chain(lapsed).for_each(|line| eprintln!("warning: {line}"));
                for source in config.sources.values() {
                    source
                        .weaknesses()
                        .iter()
                        .for_each(|why| eprintln!("warning: source `{}` proves little: {why}", source.name));
                }
                config.unready.iter().for_each(|unready| eprintln!("{}\n", unready.shown));
                if !ok {
                    eprintln!("{} not in order", counted(config.unready.len(), "thing"));
                }
                Ok(if ok { Exit::Done } else { Exit::Faults })
            }
            Err(fault @ ConfigFault::File { .. }) => Err(fault.into()),
            Err(fault) => {
                if output == Output::Json {
                    print_json(&json!({ "ok": false, "file": file, "faults": fault.to_string() }))?;
                }
                complain(&fault);
                Ok(Exit::Faults)
            }
        }
    }
}

/// `watchbell.toml is in order: 1 organisation, 2 sources, …`
pub fn summary(config: &Config) -> String {
    let rules = &config.rules;
    let parts = [
        counted(rules.organisations.len(), "organisation"),
        counted(config.sources.len(), "source"),
        if config.people.len() == 1 { "1 person".to_owned() } else { format!("{} people", config.people.len()) },
        counted(config.channels.len(), "channel"),
        counted(config.ladders_written, "ladder"),
        counted(rules.rulebook.packs.len(), "pack"),
    ];
    let state = if config.unready.is_empty() { "is in order" } else { "can be run and is not in order" };
    format!("{} {state}: {}", config.path.display(), parts.join(", "))
}
