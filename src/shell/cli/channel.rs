//! `watchbell channel`

use super::exit::Exit;
use super::output::{Output, print_json, print_text};
use super::table::table;
use super::{Outcome, default_config};
use crate::domain::ids::ChannelId;
use crate::shell::config::{self, Config};
use crate::shell::{delivery, mint, wall_clock, wording};
use clap::{Args, Subcommand};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// See and try the ways people are reached.
#[derive(Debug, Args)]
pub struct Channel {
    /// The configuration file
    #[arg(long, global = true, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG", value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Test(Test),
}

/// List the channels, their kinds, and who is reached by each.
#[derive(Debug, Args)]
struct List {}

/// Send a drill through a channel, by the same way as an alert.
///
/// It says first that it is a drill. Nothing is recorded, and no daemon is needed. Exit code 1 says that the channel did not take it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell channel test mail
  watchbell channel test mail --to ada.keller@example.org
  watchbell channel test pagerduty")]
struct Test {
    /// The channel's id in the configuration
    id: String,
    /// The recipient in the channel's own terms, if not the only one configured
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

/// Why a drill was not sent, or not taken.
#[derive(Debug, thiserror::Error)]
enum TestFault {
    #[error("there is no channel `{id}`\nhint: there are {known}")]
    NoChannel { id: String, known: String },
    #[error("`{id}` reaches {count} addresses\nhint: choose one with --to: {known}")]
    WhichAddress { id: String, count: usize, known: String },
    #[error("`{id}` did not take the drill ({reason}): {text}")]
    NotTaken { id: ChannelId, reason: delivery::FailureReason, text: String },
}

impl Channel {
    pub async fn run(self, output: Output) -> Outcome {
        let config = config::read(&self.config, &config::environment(), wall_clock::now())?;
        match self.command {
            Command::List(List {}) => list(&config, output),
            Command::Test(test) => test.run(&config, output).await,
        }
    }
}

/// Whom each channel reaches: teams and addresses.
fn reached(config: &Config) -> BTreeMap<&ChannelId, (BTreeSet<&str>, BTreeSet<&str>)> {
    let mut reached: BTreeMap<&ChannelId, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    let house = &config.rules.house;
    for name in house.teams.keys() {
        for address in house.addresses(name) {
            let (teams, addresses) = reached.entry(&address.channel).or_default();
            teams.insert(name);
            addresses.insert(&address.to);
        }
    }
    reached
}

fn list(config: &Config, output: Output) -> Outcome {
    let reached = reached(config);
    let of = |id: &ChannelId| reached.get(id).cloned().unwrap_or_default();
    match output {
        Output::Json => {
            let channel = |(id, channel): (&ChannelId, &std::sync::Arc<dyn delivery::Channel>)| {
                let (teams, addresses) = of(id);
                json!({ "id": id, "kind": channel.kind(), "teams": teams, "addresses": addresses.len() })
            };
            print_json(&config.channels.iter().map(channel).collect::<Vec<_>>())?;
        }
        Output::Text => {
            let row = |(id, channel): (&ChannelId, &std::sync::Arc<dyn delivery::Channel>)| {
                let (teams, addresses) = of(id);
                let teams = if teams.is_empty() { "nobody".into() } else { teams.into_iter().collect::<Vec<_>>().join(", ") };
                vec![id.to_string(), channel.kind().to_owned(), teams, addresses.len().to_string()]
            };
            print_text(&table(&["CHANNEL", "KIND", "TEAMS", "ADDRESSES"], config.channels.iter().map(row)))?;
        }
    }
    Ok(Exit::Done)
}

impl Test {
    async fn run(self, config: &Config, output: Output) -> Outcome {
        let id = ChannelId::from(self.id.as_str());
        let Some(channel) = config.channels.get(&id) else {
            let known: Vec<&str> = config.channels.keys().map(ChannelId::as_str).collect();
            return Err(TestFault::NoChannel { id: self.id, known: known.join(", ") }.into());
        };
        let configured = reached(config).remove(&id).map(|(_, addresses)| addresses).unwrap_or_default();
        let to = match (&self.to, configured.len()) {
            (Some(to), _) => to.clone(),
            (None, 0 | 1) => configured.into_iter().next().unwrap_or_default().to_owned(),
            (None, count) => {
                let known = configured.into_iter().collect::<Vec<_>>().join(", ");
                return Err(TestFault::WhichAddress { id: self.id, count, known }.into());
            }
        };
        let now = wall_clock::now();
        let letter = wording::drill(mint::drill_id(), now);
        match channel.deliver(&letter, &to, now).await {
            delivery::Outcome::Delivered { receipt } => {
                match output {
                    Output::Json => print_json(&json!({ "delivered": true, "alert": letter.id, "receipt": receipt }))?,
                    Output::Text => print_text(&format!("`{id}` took the drill {}: {receipt}", letter.id))?,
                }
                Ok(Exit::Done)
            }
            delivery::Outcome::Failed { reason, text, .. } => Err(TestFault::NotTaken { id, reason, text }.into()),
        }
    }
}
