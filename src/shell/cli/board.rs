//! `watchbell board`

use super::client::{Board, Remote};
use super::exit::Exit;
use super::output::{Output, counted, one_line, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::board::Card;
use crate::domain::instant::{Instant, parse_rfc3339};
use clap::Args;
use std::fmt::Write;

/// Every open incident with its clocks, the most urgent first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell board
  watchbell board --url https://watchbell.example.org --token-file ~/.watchbell-token
  watchbell board -o json | jq '.cards[].clocks[] | select(.standing == \"missed\")'")]
pub struct ShowBoard {
    /// Also incidents that ask for nothing any more, and clocks that are closed
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    remote: Remote,
}

impl ShowBoard {
    pub async fn run(self, output: Output) -> Outcome {
        let (board, now) = self.remote.open()?.board(self.all).await?;
        match output {
            Output::Json => print_json(&board)?,
            Output::Text => {
                warn(&board, now);
                print_text(&text(&board, self.all, now))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// What stands in the way of a ringing clock is said first, and beside the data.
pub fn warn(board: &Board, now: Instant) {
    for (channel, failing) in &board.channels {
        let why = failing.last_failure.split("\nhint:").next().map(one_line).unwrap_or_default();
        let since = parse_rfc3339(&failing.failing_since).map(|at| words::moment_utc(at, now));
        let since = since.unwrap_or_else(|| failing.failing_since.clone());
        eprintln!("warning: channel `{channel}` fails since {since}; alerts over it do not arrive: {why}");
    }
    for incident in &board.damaged {
        eprintln!(
            "warning: the record of {incident} is damaged, and its clocks are not shown; `watchbell journal verify` names the place"
        );
    }
    if board.quarantined > 0 {
        eprintln!("warning: {} in quarantine; see `watchbell quarantine list`", counted(board.quarantined, "message"));
    }
}

/// The cards, those with the most urgent limit first.
pub fn by_urgency(cards: &[Card]) -> Vec<&Card> {
    let mut cards: Vec<&Card> = cards.iter().collect();
    cards.sort_by_key(|card| {
        let limits = card.clocks.iter().filter(|clock| clock.standing.is_open()).filter_map(|clock| clock.due.or(clock.target));
        (limits.min().unwrap_or(Instant::MAX_UTC), card.opened_at)
    });
    cards
}

fn text(board: &Board, all: bool, now: Instant) -> String {
    if board.cards.is_empty() {
        return "no open incident\n".into();
    }
    let mut text = String::new();
    for card in by_urgency(&board.cards) {
        let _ = writeln!(text, "{}  {}", card.incident, one_line(&card.title));
        let _ = writeln!(text, "  {}", origin(card, now));
        let related = card.related.iter().map(|(what, other)| format!("{} {other}", what.words())).collect::<Vec<_>>();
        if !related.is_empty() {
            let _ = writeln!(text, "  {}", related.join(", "));
        }
        let shown = card.clocks.iter().filter(|clock| all || clock.standing.is_open());
        let rows = shown.map(|clock| {
            vec![
                words::left(clock, now),
                words::due(clock),
                words::what(clock),
                words::standing(clock, now),
                words::owner(clock, now),
            ]
        });
        text.push_str(&table::indented(2, &["LEFT", "DUE", "WHAT", "STANDING", "OWNED BY"], rows));
        text.push('\n');
    }
    let open = board.cards.iter().flat_map(|card| &card.clocks).filter(|clock| clock.standing.is_open());
    let _ = writeln!(text, "{}, {}", counted(board.cards.len(), "incident"), counted(open.count(), "open clock"));
    text
}

/// Where an incident came from: `high, from wazuh, opened Fri 20 Nov 2026 14:20 UTC, 5 min ago`.
pub fn origin(card: &Card, now: Instant) -> String {
    let severity = if card.severity == "unknown" { String::new() } else { format!("{}, ", card.severity) };
    format!("{severity}from {}, opened {}", card.source, words::moment_utc(card.opened_at, now))
}
