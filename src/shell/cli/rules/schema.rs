//! `watchbell rules schema`

use crate::domain::law::schema::PackFile;
use crate::shell::cli::Outcome;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::output::print_bytes;
use clap::{Args, ValueEnum};

/// The JSON Schema of a kind of file, for editors that complete and check TOML.
#[derive(Debug, Args)]
#[command(after_help = "Put this first in a duty file, and the editor knows its keys:
  #:schema ../.schema/duty.json")]
pub struct Schema {
    /// The kind of file
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// pack.toml
    Pack,
    /// One duty
    Duty,
    /// The law of one State over the duties of a pack
    Overlay,
    /// cases.toml
    Cases,
}

impl Schema {
    pub fn run(self) -> Outcome {
        let file = match self.file {
            File::Pack => PackFile::Pack,
            File::Duty => PackFile::Duty,
            File::Overlay => PackFile::Overlay,
            File::Cases => PackFile::Cases,
        };
        print_bytes(file.schema().as_bytes())?;
        Ok(Exit::Done)
    }
}
