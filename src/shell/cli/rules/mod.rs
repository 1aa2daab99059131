//! `watchbell rules …`: the law as data, looked over, proved and explained. No daemon is needed.

mod check;
mod explain;
mod list;
mod schema;
mod test;

use super::Outcome;
use super::output::Output;
use clap::{Args, Subcommand};

/// The packs: check, test, list, explain, schema.
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every fault of every file, with its line
    Check(check::Check),
    /// Run the worked cases
    Test(test::Test),
    /// Every duty: its pack, status, days in force, and where it was read
    List(list::List),
    /// A duty in plain words, with its citations and a worked example
    Explain(explain::Explain),
    /// The JSON Schema of the files of a pack, for editors
    Schema(schema::Schema),
}

impl Rules {
    pub fn run(self, output: Output) -> Outcome {
        match self.what {
            What::Check(check) => check.run(output),
            What::Test(test) => test.run(output),
            What::List(list) => list.run(output),
            What::Explain(explain) => explain.run(output),
            What::Schema(schema) => schema.run(),
        }
    }
}
