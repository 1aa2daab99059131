//! `watchbell facts`

use super::Outcome;
use super::exit::Exit;
use super::law_source::LawSource;
use super::output::{Output, counted, print_json, print_text};
use crate::domain::facts::FactEntry;
use clap::Args;
use std::fmt::Write;

/// The vocabulary: every fact the law may ask for, its type and its question.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell facts                 all of them
  watchbell facts encrypt         those that have the word in key, question or help
  watchbell facts contact. -o json | jq -r '.[].key'")]
pub struct Facts {
    /// Only facts with this in their key, question or help; upper and lower case are alike
    filter: Option<String>,
    #[command(flatten)]
    law: LawSource,
}

impl Facts {
    pub fn run(self, output: Output) -> Outcome {
        let (_, book) = self.law.read()?;
        let wanted = self.filter.as_deref().unwrap_or_default().to_lowercase();
        let found: Vec<&FactEntry> = book.vocabulary.iter().filter(|entry| mentions(entry, &wanted)).collect();
        if found.is_empty() {
            let hint = match book.vocabulary.nearest(&wanted) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`watchbell facts` without a word lists them all".to_owned(),
            };
            return Err(format!("no fact has `{wanted}` in its key, question or help\nhint: {hint}").into());
        }
        match output {
            Output::Json => print_json(&found)?,
            Output::Text => {
                let mut text = String::new();
                found.iter().for_each(|entry| describe(entry, &mut text));
                print_text(&text)?;
                eprintln!("{}", counted(found.len(), "fact"));
            }
        }
        Ok(Exit::Done)
    }
}

fn mentions(entry: &FactEntry, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    has(entry.key.as_str()) || has(&entry.question) || entry.help.as_deref().is_some_and(has)
}

fn describe(entry: &FactEntry, text: &mut String) {
    let _ = writeln!(text, "{}", entry.key);
    let _ = writeln!(text, "  {}", entry.question);
    if let Some(help) = &entry.help {
        let _ = writeln!(text, "  {help}");
    }
    let _ = writeln!(text, "  takes {}; for example {}", entry.kind.in_words(), entry.kind.example());
    if entry.judgement {
        text.push_str("  a judgement: a named person states it, with a ground\n");
    }
    if entry.of_organisation {
        text.push_str("  of the organisation: usually set in the configuration\n");
    }
    if let Some(parts) = &entry.at_least_sum_of {
        let _ = writeln!(text, "  while nobody says it, at least the sum of {parts}");
    }
    text.push('\n');
}
