//! `watchbell source …`: where events come from, and whether they get here.

mod curl;
mod list;
mod proof;
mod test;

use super::Outcome;
use super::output::Output;
use crate::shell::config::{self, Config, Source as Configured};
use crate::shell::wall_clock;
use clap::{Args, Subcommand};
use std::error::Error;
use std::path::Path;

/// Sources: list them, try one out.
#[derive(Debug, Args)]
pub struct Source {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line per source: its mapping, how it proves itself, how well
    List(list::List),
    /// Send a drill as the source would sign it; it opens nothing
    Test(test::Test),
}

impl Source {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output),
            Verb::Test(test) => test.run(output).await,
        }
    }
}

fn read(file: &Path) -> Result<Config, config::ConfigFault> {
    config::read(file, &config::environment(), wall_clock::now())
}

/// A source of the configuration.
fn named<'c>(config: &'c Config, name: &str) -> Result<&'c Configured, Box<dyn Error + Send + Sync>> {
    config.sources.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.sources.keys().map(|name| name.as_str()).collect();
        format!("there is no source `{name}`\nhint: there are {}", known.join(", ")).into()
    })
}
