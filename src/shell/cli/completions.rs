//! `watchbell completions`

use super::exit::Exit;
use super::output::print_bytes;
use super::{Cli, Outcome};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell completions bash > /usr/share/bash-completion/completions/watchbell
  watchbell completions zsh > ~/.zfunc/_watchbell
  watchbell completions fish > ~/.config/fish/completions/watchbell.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "watchbell", &mut script);
        print_bytes(&script)?;
        Ok(Exit::Done)
    }
}
