//! `watchbell config history`

use super::Outcome;
use super::client::Remote;
use super::exit::Exit;
use super::journal::must_be_there;
use super::output::{Output, one_line, print_json, print_text};
use super::words;
use crate::domain::instant::Instant;
use crate::domain::loaded::{self, LoadedAt};
use crate::shell::record;
use crate::shell::store::embedded::read_streams;
use crate::shell::wall_clock;
use clap::{Args, Subcommand};
use std::fmt::Write;
use std::path::PathBuf;

/// The configurations and rules that were loaded, as they are on record.
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every configuration and rule set that was loaded, by digest, with who could then do what
    History(History),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell config history
  watchbell config history --store /mnt/copy-of-the-store -o json

An entry is made at each start and reload that brings something else than before. It names people, what they
may do, organisations and packs; never a token or an address. The digest is that of the file: `sha256sum` gives it.")]
struct History {
    /// Read a copy of the store instead of asking the daemon
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

impl Config {
    pub async fn run(self, output: Output) -> Outcome {
        let Verb::History(history) = self.verb;
        history.run(output).await
    }
}

impl History {
    async fn run(self, output: Output) -> Outcome {
        let (history, now, fault): (Vec<LoadedAt>, _, _) = match &self.store {
            Some(store) => {
                must_be_there(store)?;
                let (found, mut streams) = read_streams(store, &|stream| *stream == loaded::stream())?;
                let envelopes = streams.remove(&loaded::stream()).unwrap_or_default();
                (record::loaded(&envelopes)?, wall_clock::now(), found.fault)
            }
            None => {
                let answer = self.remote.open()?.get(&["v1", "config", "history"], &[]).await?;
                (answer.read()?, answer.now, None)
            }
        };
        match output {
            Output::Json => print_json(&history)?,
            Output::Text => print_text(&text(&history, now))?,
        }
        let Some(fault) = fault else { return Ok(Exit::Done) };
        super::complain(&fault);
        Ok(Exit::Faults)
    }
}

/// The first whole, then what each brought.
fn text(history: &[LoadedAt], now: Instant) -> String {
    let Some((first, rest)) = history.split_first() else { return "no configuration is on record\n".to_owned() };
    let mut text = format!("{}: first on record\n", words::moment_utc(first.at, now));
    first.loaded.in_lines().iter().for_each(|line| _ = writeln!(text, "  {}", one_line(line)));
    let mut before = &first.loaded;
    for LoadedAt { at, loaded } in rest {
        let _ = writeln!(text, "\n{}", words::moment_utc(*at, now));
        loaded.changes_since(before).iter().for_each(|line| _ = writeln!(text, "  {}", one_line(line)));
        before = loaded;
    }
    text
}
