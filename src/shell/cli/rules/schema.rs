//! `watchbell rules schema`

use crate::domain::ingest::event_schema;
use crate::domain::law::schema::PackFile;
use crate::shell::cli::Outcome;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::output::print_bytes;
use crate::shell::rulebook;
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
    /// The native event, with the built-in facts; `watchbell map --schema` prints it with the house's own
    Event,
}

impl Schema {
    pub fn run(self) -> Outcome {
        let schema = match self.file {
            File::Pack => PackFile::Pack.schema(),
            File::Duty => PackFile::Duty.schema(),
            File::Overlay => PackFile::Overlay.schema(),
            File::Cases => PackFile::Cases.schema(),
            File::Event => event_schema(&rulebook::check(&rulebook::texts(None)?)?.vocabulary),
        };
        print_bytes(schema.as_bytes())?;
        Ok(Exit::Done)
    }
}
