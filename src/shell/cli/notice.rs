//! `watchbell notice show`

use super::Outcome;
use super::client::Remote;
use super::exit::Exit;
use super::output::{Output, print_bytes, print_text};
use clap::{Args, Subcommand, ValueEnum};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Notices: the drafted letter of a clock.
#[derive(Debug, Args)]
pub struct Notice {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Draft the notice of a clock from the facts as they are now; what is missing is marked
    Show(Show),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell notice show inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy
  watchbell notice show inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --format html \\
      --out notice.html

Nothing is filed or sent. A draft holds facts of the incident: --out makes a file that only you can read.")]
struct Show {
    /// The clock, as `watchbell clock list` names it
    clock: String,
    /// In which form; text, or json with -o json, unless given
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file, which must not be there yet, rather than to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Plain text
    Text,
    /// A page to print
    Html,
    /// The draft's parts, with its gaps and digest
    Json,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

impl Notice {
    pub async fn run(self, output: Output) -> Outcome {
        let Verb::Show(show) = self.verb;
        show.run(output).await
    }
}

impl Show {
    async fn run(self, output: Output) -> Outcome {
        let usual = if output == Output::Json { Format::Json } else { Format::Text };
        let format = self.format.unwrap_or(usual);
        let path = ["v1", "clocks", self.clock.as_str(), "notice"];
        let answer = self.remote.open()?.get(&path, &[("format", format.name())]).await?;
        match (&self.out, format) {
            (Some(file), _) => {
                write_new(file, answer.bytes()).map_err(|error| unwritten(file, &error))?;
                eprintln!("written to {}", file.display());
            }
            (None, Format::Text) => print_text(&String::from_utf8_lossy(answer.bytes()))?,
            (None, Format::Html | Format::Json) => print_bytes(answer.bytes())?,
        }
        Ok(Exit::Done)
    }
}

/// A file of its owner's alone; one that is there, perhaps edited by counsel, stays as it is.
fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn unwritten(file: &Path, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::AlreadyExists => "\nhint: it may have been edited; give another name, or remove it first",
        _ => "",
    };
    format!("cannot write `{}`: {error}{hint}", file.display())
}
