//! `watchbell incident open|note`: what a person was told, and what is to be remembered.

use super::answer::pair;
use super::client::Remote;
use super::exit::Exit;
use super::instant_arg::instant;
use super::output::{Output, one_line, print_json, print_text};
use super::{Outcome, board};
use crate::domain::board::IncidentView;
use crate::domain::hex::hex;
use crate::domain::instant::{Instant, rfc3339};
use clap::Args;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident open \"Laptop left on a train\" --reporter \"ward 3, extension 4410\" --note \"unlocked, ward list on it\"
  watchbell incident open \"Mail to the wrong list\" --severity high --attach mail.eml noticed.at=2026-11-21T09:14:00+01:00

It is kept as a message under your name, and opens an incident as a sender's does.")]
pub struct Open {
    /// What happened, in a line
    title: String,
    /// Answers that are known already, by fact key
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    answers: Vec<(String, Value)>,
    /// On what a judgement among them rests
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// Who reported it, and how they can be reached
    #[arg(long, value_name = "TEXT")]
    reporter: Option<String>,
    /// When they did: RFC 3339 with an offset; now unless given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    reported_at: Option<Instant>,
    /// What they said
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// low, medium, high or critical
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<String>,
    /// Whom it concerns; may be given several times, and left out where there is one organisation
    #[arg(long, value_name = "ID")]
    organisation: Vec<String>,
    /// Your own number for it: given twice, it is one incident
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// A file that came with it: name, size and digest are put on record, its bytes stay here
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident note inc-7h3k9qd2w4xz8m5n \"the vendor calls back at ten\" --attach vendor.pdf")]
pub struct Note {
    /// The incident
    id: String,
    /// What is to be remembered
    note: String,
    /// A file that goes with it: name, size and digest are put on record, its bytes stay here
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

impl Open {
    pub async fn run(self, output: Output) -> Outcome {
        let facts: Map<String, Value> = self.answers.into_iter().collect();
        let mut body = json!({ "title": self.title, "facts": facts, "organisations": self.organisation });
        let said = [
            ("ground", self.because),
            ("reporter", self.reporter),
            ("note", self.note),
            ("severity", self.severity),
            ("id", self.id),
        ];
        for (name, text) in said.into_iter().chain([("reported_at", self.reported_at.map(rfc3339))]) {
            if let Some(text) = text {
                body[name] = text.into();
            }
        }
        body["attachments"] = attachments(&self.attach)?;
        let answer = self.remote.open()?.post(&["v1", "incidents"], &body).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let view: IncidentView = answer.read()?;
                let card = &view.card;
                let asked = "`watchbell incident show` says what is asked";
                print_text(&format!(
                    "{}  {}\n{}\n{asked}",
                    card.incident,
                    one_line(&card.title),
                    board::origin(card, answer.now)
                ))?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Note {
    pub async fn run(self, output: Output) -> Outcome {
        let body = json!({ "note": self.note, "attachments": attachments(&self.attach)? });
        let answer = self.remote.open()?.post(&["v1", "incidents", &self.id, "notes"], &body).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => print_text("the note is on record; it moves no clock")?,
        }
        Ok(Exit::Done)
    }
}

/// Files by name, size and digest.
fn attachments(files: &[PathBuf]) -> Result<Value, String> {
    let one = |file: &PathBuf| {
        let bytes = std::fs::read(file).map_err(|error| format!("cannot read the file `{}`: {error}", file.display()))?;
        let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok(json!({ "name": name, "bytes": bytes.len(), "sha256": hex(&Sha256::digest(&bytes)) }))
    };
    files.iter().map(one).collect()
}
