//! `watchbell clock list`

use crate::domain::board::ClockLine;
use crate::domain::instant::Instant;
use crate::shell::cli::client::Remote;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::output::{Output, print_json, print_text};
use crate::shell::cli::{Outcome, board, table, words};
use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock list
  watchbell clock list --duty us.hipaa.
  watchbell clock list -o json | jq -r '.[] | select(.acknowledged == null) | .id'")]
pub struct List {
    /// Also clocks that are closed
    #[arg(long)]
    all: bool,
    /// Only clocks of this incident
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Only clocks of this duty, or of duties that begin so
    #[arg(long, value_name = "DUTY")]
    duty: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

impl List {
    pub async fn run(self, output: Output) -> Outcome {
        let (found, now) = self.remote.open()?.board(self.all).await?;
        let cards = found.cards.iter().filter(|card| self.incident.as_ref().is_none_or(|id| card.incident.as_str() == id));
        let mut clocks: Vec<&ClockLine> = cards.flat_map(|card| &card.clocks).filter(|clock| self.wants(clock)).collect();
        clocks.sort_by_key(|clock| {
            let until = clock.due.or(clock.target).unwrap_or(Instant::MAX_UTC);
            (!clock.standing.is_open(), until, clock.id.as_str())
        });
        match output {
            Output::Json => print_json(&clocks)?,
            Output::Text => {
                board::warn(&found, now);
                let rows = clocks.into_iter().map(|clock| row(clock, now));
                print_text(&table::table(&HEADING, rows))?;
            }
        }
        Ok(Exit::Done)
    }

    fn wants(&self, clock: &ClockLine) -> bool {
        (self.all || clock.standing.is_open()) && self.duty.as_ref().is_none_or(|duty| clock.duty.starts_with(duty.as_str()))
    }
}

/// What stands above a [`row`].
pub const HEADING: [&str; 6] = ["LEFT", "DUE", "WHAT", "STANDING", "OWNED BY", "CLOCK"];

/// A clock in a row.
pub fn row(clock: &ClockLine, now: Instant) -> Vec<String> {
    vec![
        words::left(clock, now),
        words::due(clock),
        words::what(clock),
        words::standing(clock, now),
        words::owner(clock, now),
        clock.id.clone(),
    ]
}
