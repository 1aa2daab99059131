//! `watchbell clock …`: see clocks, own them, meet them, record why nothing is owed.

mod act;
mod keep;
mod ladder;
mod list;
mod show;

pub use list::{HEADING, row};

use super::Outcome;
use super::output::Output;
use clap::{Args, Subcommand};

/// Clocks: list, show, ladder, acknowledge, hand over, silence, meet, determine, reopen, pause, resume.
#[derive(Debug, Args)]
pub struct Clock {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line per clock, the most urgent first
    List(list::List),
    /// One clock: both dates, how they were found, reasons, alerts
    Show(show::Show),
    /// Own a clock for a while: softer rungs wait for you, the clock keeps running
    Ack(act::Acknowledge),
    /// Every rung, past and future: when, whom it reaches, what would keep it from ringing
    Ladder(ladder::ShowLadder),
    /// Hand a clock you own to another person, who is alerted
    HandOver(keep::HandOver),
    /// Keep a clock from ringing for a while, with a reason; never over the last call before the limit
    Silence(keep::Silence),
    /// Record that the duty was met, with evidence
    Meet(act::Meet),
    /// Record the judgement that nothing is owed, with its ground and citation
    Determine(act::Determine),
    /// Take back that a clock was met or determined: it runs as if that had not been said
    Reopen(act::Reopen),
    /// Record a hold, such as a statement of law enforcement, as far as the duty's law allows one
    Pause(act::Pause),
    /// Record that a hold has ended
    Resume(act::Resume),
}

impl Clock {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output).await,
            Verb::Show(show) => show.run(output).await,
            Verb::Ack(ack) => ack.run(output).await,
            Verb::Ladder(ladder) => ladder.run(output).await,
            Verb::HandOver(hand_over) => hand_over.run(output).await,
            Verb::Silence(silence) => silence.run(output).await,
            Verb::Meet(meet) => meet.run(output).await,
            Verb::Determine(determine) => determine.run(output).await,
            Verb::Reopen(reopen) => reopen.run(output).await,
            Verb::Pause(pause) => pause.run(output).await,
            Verb::Resume(resume) => resume.run(output).await,
        }
    }
}
