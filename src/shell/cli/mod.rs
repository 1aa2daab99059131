//! The command line: amtool manners, data on standard output, everything else on standard error.
//!
//! Commands that change or show what a daemon holds go through its API, never around it to the
//! store; the others need no daemon. A command gives an [`Outcome`]: an [`Exit`], or an error that
//! is told in the same form everywhere.

mod alert;
mod answer;
mod assess;
mod board;
mod border;
mod changes;
mod channel;
mod check_config;
mod client;
mod client_settings;
mod clock;
mod completions;
mod config;
mod demo;
mod doctor;
mod exit;
mod facts;
mod incident;
mod incident_log;
mod incident_message;
mod incident_open;
mod incident_relations;
mod instant_arg;
mod journal;
mod law_source;
mod map;
mod notice;
mod oncall;
mod output;
mod quarantine;
mod register;
mod rehearse;
mod replay;
mod rules;
mod serve;
mod source;
mod table;
mod table_file;
mod token;
mod words;

use clap::{Parser, Subcommand};
use exit::Exit;
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// How a command ended, or why it could not do what was asked.
type Outcome = Result<Exit, Box<dyn std::error::Error + Send + Sync>>;

/// The breach-notification deadline engine.
///
/// A SIEM posts an incident; Watchbell finds every duty to notify that the law attaches to it, runs a
/// clock for each on disk, rings louder as the clock runs down, and has the notice drafted before it is needed.
#[derive(Debug, Parser)]
#[command(name = "watchbell", version, max_term_width = 100, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    /// How results are written to standard output [default: text; of assess: json]
    #[arg(short, long, value_enum, global = true)]
    output: Option<Output>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "At three in the morning:
  watchbell board                                     what runs, how long is left
  watchbell incident show INCIDENT                    what is asked, and why
  watchbell answer INCIDENT breach.suspected=true --because \"…\"
  watchbell clock ack CLOCK                           own it; the clock keeps running
  watchbell notice show CLOCK                         the letter, drafted
  watchbell clock meet CLOCK --what \"…\" --filed-at now
  watchbell clock reopen CLOCK --because \"…\"           take back what was wrong; nothing is erased
  watchbell incident open \"…\"                         what somebody reports by telephone

Afterwards:
  watchbell incident log INCIDENT                     who said what, on which ground, what moved
  watchbell register                                  every \"not owed\" and every filing, and how late

These ask a running daemon: set WATCHBELL_URL and WATCHBELL_TOKEN, or `url` and `token_file` in
~/.config/watchbell/client.toml or /etc/watchbell/client.toml.
Exit codes: 0 done, 1 could not, 2 not understood, 3 done and faults found, or a limit has passed.";

#[derive(Debug, Subcommand)]
enum Command {
    // Each command is described where it is written.
    Serve(serve::Serve),
    Demo(demo::Demo),

    Board(board::ShowBoard),
    Incident(incident::Incident),
    Answer(answer::GiveAnswer),
    Clock(clock::Clock),
    Notice(notice::Notice),
    Alert(alert::Alert),
    Quarantine(quarantine::Quarantine),
    Oncall(oncall::Oncall),
    Register(register::ShowRegister),

    Rehearse(rehearse::Rehearse),
    Replay(replay::Replay),
    Assess(assess::Assess),
    Rules(rules::Rules),
    Facts(facts::Facts),
    Map(map::Map),
    Source(source::Source),

    Config(config::Config),
    CheckConfig(check_config::CheckConfig),
    Doctor(doctor::Doctor),
    Channel(channel::Channel),
    Journal(journal::Journal),
    Token(token::Token),
    Completions(completions::Completions),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let Cli { output: wanted, command } = Cli::parse();
    let output = wanted.unwrap_or(Output::Text);
    let outcome = match command {
        Command::Serve(serve) => Ok(serve.run()),
        Command::Demo(demo) => Ok(demo.run()),
        Command::Board(board) => ask(board.run(output)),
        Command::Incident(incident) => ask(incident.run(output)),
        Command::Answer(answer) => ask(answer.run(output)),
        Command::Clock(clock) => ask(clock.run(output)),
        Command::Alert(alert) => ask(alert.run(output)),
        Command::Notice(notice) => ask(notice.run(output)),
        Command::Oncall(oncall) => ask(oncall.run(output)),
        Command::Register(register) => ask(register.run(output)),
        Command::Quarantine(quarantine) => ask(quarantine.run(output)),
        Command::Rehearse(rehearse) => ask(rehearse.run(output)),
        Command::Replay(replay) => ask(replay.run(output)),
        Command::Assess(assess) => assess.run(wanted),
        Command::Rules(rules) => rules.run(output),
        Command::Facts(facts) => facts.run(output),
        Command::Map(map) => map.run(output),
        Command::Source(source) => ask(source.run(output)),
        Command::Config(config) => ask(config.run(output)),
        Command::CheckConfig(check) => check.run(output),
        Command::Doctor(doctor) => ask(doctor.run(output)),
        Command::Channel(channel) => ask(channel.run(output)),
        Command::Journal(journal) => journal.run(output),
        Command::Token(token) => token.run(output),
        Command::Completions(completions) => completions.run(),
    };
    outcome.unwrap_or_else(|error| complain(&*error)).into()
}

/// Runs a command that waits for others.
fn ask(command: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

/// Where the configuration is, unless told otherwise.
fn default_config() -> PathBuf {
    PathBuf::from("watchbell.toml")
}

/// Says an error and its sources on standard error, each on its own line.
fn complain(error: &dyn std::error::Error) -> Exit {
    eprint!("{}", complaint(error));
    Exit::Failed
}

/// The error, what it came of, and what to do, in that order. Faults of files come rendered and keep their form.
fn complaint(error: &dyn std::error::Error) -> String {
    let shown = error.to_string();
    let (text, hint) = shown.split_once("\nhint: ").map_or((shown.as_str(), None), |(text, hint)| (text, Some(hint)));
    let prefix = if text.starts_with("error: ") { "" } else { "error: " };
    let mut told = format!("{prefix}{text}\n");
    let mut source = error.source();
    while let Some(error) = source {
        // A message that already quotes its source does not say it twice.
        if !shown.contains(&error.to_string()) {
            told.push_str(&format!("  because: {error}\n"));
        }
        source = error.source();
    }
    hint.iter().for_each(|hint| told.push_str(&format!("hint: {hint}\n")));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_and_argument_is_declared_soundly() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_error_is_told_with_its_causes_once_and_its_hint_last() {
        #[derive(Debug, thiserror::Error)]
        #[error("the record cannot be read\nhint: look at the disk")]
        struct Unread(#[source] std::io::Error);
        let told = complaint(&Unread(std::io::Error::other("bad sector")));
        assert_eq!(told, "error: the record cannot be read\n  because: bad sector\nhint: look at the disk\n");
        let rendered: Box<dyn std::error::Error + Send + Sync> = "error: a fault\n --> watchbell.toml:3:1".into();
        assert_eq!(complaint(&*rendered), "error: a fault\n --> watchbell.toml:3:1\n");
    }
}
