//! The command line: amtool manners, data on standard output, everything else on standard error.

mod demo;
mod exit;
mod serve;

use clap::{Parser, Subcommand};
use exit::Exit;
use std::path::PathBuf;
use std::process::ExitCode;

/// The breach-notification deadline engine.
///
/// A SIEM posts an incident; Watchbell finds every duty to notify that the law attaches to it, runs a
/// clock for each on disk, rings louder as the clock runs down, and has the notice drafted before it is needed.
#[derive(Debug, Parser)]
#[command(name = "watchbell", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    Serve(serve::Serve),
    Demo(demo::Demo),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
    };
    outcome.into()
}

/// Where the configuration is, unless told otherwise.
fn default_config() -> PathBuf {
    PathBuf::from("watchbell.toml")
}

/// Says an error and its sources on standard error, each on its own line.
fn complain(error: &dyn std::error::Error) -> Exit {
    let shown = error.to_string();
    let (text, hint) = shown.split_once("\nhint: ").map_or((shown.as_str(), None), |(text, hint)| (text, Some(hint)));
    eprintln!("error: {text}");
    let mut source = error.source();
    while let Some(error) = source {
        // A message that already quotes its source does not say it twice.
        if !shown.contains(&error.to_string()) {
            eprintln!("  because: {error}");
        }
        source = error.source();
    }
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    Exit::Failed
}
