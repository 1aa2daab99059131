//! `watchbell quarantine list`

use super::client::Remote;
use super::exit::Exit;
use super::output::{Output, one_line, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::instant::Instant;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

/// Messages that were kept without becoming an incident.
#[derive(Debug, Args)]
pub struct Quarantine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line per message: where from, when, and why it opened nothing
    List(List),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
}

/// What is shown of a kept message; never the message itself.
#[derive(Deserialize)]
struct Kept {
    id: String,
    source: String,
    received_at: Instant,
    code: String,
    text: String,
}

impl Quarantine {
    pub async fn run(self, output: Output) -> Outcome {
        let Verb::List(List { remote }) = self.verb;
        let answer = remote.open()?.get(&["v1", "quarantine"], &[]).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let kept: Vec<Kept> = answer.read()?;
                if kept.is_empty() {
                    print_text("nothing is in quarantine")?;
                    return Ok(Exit::Done);
                }
                let rows = kept.into_iter().map(|kept| {
                    vec![kept.id, kept.source, words::moment_utc(kept.received_at, answer.now), kept.code, one_line(&kept.text)]
                });
                print_text(&table::table(&["MESSAGE", "FROM", "RECEIVED", "CODE", "WHY"], rows))?;
            }
        }
        Ok(Exit::Done)
    }
}
