//! `watchbell source list`

use super::super::exit::Exit;
use super::super::output::{Output, print_json, print_text};
use super::super::table::table;
use super::super::{Outcome, default_config};
use crate::shell::config::{Source, Way};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Sources of the configuration.
#[derive(Debug, Args)]
pub struct List {
    /// The configuration file
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

impl List {
    pub fn run(self, output: Output) -> Outcome {
        let config = super::read(&self.config)?;
        match output {
            Output::Json => print_json(&config.sources.values().map(as_json).collect::<Vec<_>>())?,
            Output::Text => {
                let heading = ["SOURCE", "MAPPING", "PROVES ITSELF BY", "FROM", "WEAK"];
                print_text(&table(&heading, config.sources.values().map(row)))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn ways(source: &Source) -> Vec<&Way> {
    source.ways.iter().filter(|way| source.counts(way)).collect()
}

fn row(source: &Source) -> Vec<String> {
    let joint = if source.require.is_empty() { " or " } else { " and " };
    let proofs: Vec<String> = ways(source).iter().map(|way| way.credential.in_words()).collect();
    let from: Vec<String> = source.addresses.iter().map(ToString::to_string).collect();
    let from = if from.is_empty() { "anywhere".to_owned() } else { from.join(", ") };
    let weak = source.weaknesses().join("; ");
    vec![source.name.to_string(), source.mapping.name().to_owned(), proofs.join(joint), from, weak]
}

fn as_json(source: &Source) -> Value {
    json!({
        "name": source.name.as_str(),
        "mapping": source.mapping.name(),
        "organisations": source.organisations.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "ways": ways(source).iter().map(|way| json!({ "way": way.credential.name(), "expects": way.credential.in_words() })).collect::<Vec<_>>(),
        "all_required": !source.require.is_empty(),
        "addresses": source.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "weaknesses": source.weaknesses(),
    })
}
