//! `watchbell replay`

use super::Outcome;
use super::exit::Exit;
use super::output::{Output, print_json, print_text};
use crate::sim::replay::{Table, play, read_all};
use clap::Args;
use std::path::PathBuf;

/// Plays published cases of late notices again, and holds what the law as data says against what was found.
///
/// A case is a JSON file: the organisation, what happened and when, what an authority found. It runs on a clock of its own with the
/// built-in law; nothing is sent and nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell replay tests/fixtures/replay
  watchbell replay case.json -o json | jq '.[].verdicts[] | {duty, found, ours}'
  watchbell replay tests/fixtures/replay --markdown > docs/replay.md

Exit code 3 says that a finding differs, or that a step was refused.")]
pub struct Replay {
    /// A case, or a folder of cases
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// Write the page of docs/replay.md
    #[arg(long)]
    markdown: bool,
}

impl Replay {
    pub async fn run(self, output: Output) -> Outcome {
        let scenarios = read_all(&self.path)?;
        let mut cases = Vec::new();
        for scenario in &scenarios {
            let replayed = play(scenario).await.map_err(|fault| format!("`{}` cannot be played: {fault}", scenario.id))?;
            cases.push((scenario, replayed));
        }
        let table = Table { cases };
        match output {
            _ if self.markdown => print_text(&table.markdown())?,
            Output::Text => print_text(&table.text())?,
            Output::Json => print_json(&table.cases.iter().map(|(_, replayed)| replayed).collect::<Vec<_>>())?,
        }
        let is_well = table.cases.iter().all(|(_, replayed)| replayed.is_well());
        Ok(if is_well { Exit::Done } else { Exit::Faults })
    }
}
