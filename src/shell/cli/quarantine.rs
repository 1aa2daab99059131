//! `watchbell quarantine list|show|remap|drop`

use super::client::{Api, Remote};
use super::exit::Exit;
use super::output::{Output, one_line, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::instant::Instant;
use crate::domain::quarantine::Handled;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Messages that were kept without becoming an incident.
#[derive(Debug, Args)]
pub struct Quarantine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line per message: where from, when, and why it opened nothing
    List(List),
    /// One message in full, with what it says
    Show(Show),
    /// Read messages again with today's mapping; what they report counts from when they came in
    Remap(Remap),
    /// Put a message away, with the reason; it stays on record
    Drop(Drop),
}

#[derive(Debug, Args)]
struct List {
    /// Also messages that were read again or dropped
    #[arg(long)]
    all: bool,
    /// Of this source alone
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
struct Show {
    /// The message, such as qua-7h3k9qd2w4xz8m5n
    id: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell quarantine remap qua-7h3k9qd2w4xz8m5n
  watchbell quarantine remap --all --source wazuh")]
struct Remap {
    /// The message, such as qua-7h3k9qd2w4xz8m5n
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// Every message that waits
    #[arg(long)]
    all: bool,
    /// With --all: of this source alone
    #[arg(long, requires = "all")]
    source: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
struct Drop {
    /// The message, such as qua-7h3k9qd2w4xz8m5n
    id: String,
    /// On what ground nothing has to come of it
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    remote: Remote,
}

/// What is shown of a kept message; in a list never the message itself.
#[derive(Deserialize)]
struct Kept {
    id: String,
    source: String,
    received_at: Instant,
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    code: String,
    text: String,
    sha256: String,
    raw: Option<String>,
    raw_base64: Option<String>,
    /// Why the message itself is not there any more.
    gone: Option<String>,
    #[serde(default)]
    redacted: BTreeSet<String>,
    handled: Option<Handled>,
}

/// What came of reading one message again.
#[derive(Deserialize)]
struct Reread {
    id: String,
    status: String,
    incidents: Vec<String>,
    detail: Option<String>,
}

impl Quarantine {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output).await,
            Verb::Show(show) => show.run(output).await,
            Verb::Remap(remap) => remap.run(output).await,
            Verb::Drop(drop) => drop.run(output).await,
        }
    }
}

impl List {
    async fn run(self, output: Output) -> Outcome {
        let mut query = vec![("handled", if self.all { "true" } else { "false" })];
        query.extend(self.source.as_deref().map(|source| ("source", source)));
        let answer = self.remote.open()?.get(&["v1", "quarantine"], &query).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let kept: Vec<Kept> = answer.read()?;
                if kept.is_empty() {
                    print_text("nothing is in quarantine")?;
                    return Ok(Exit::Done);
                }
                let rows = kept.iter().map(|kept| row(kept, answer.now));
                print_text(&table::table(&["MESSAGE", "FROM", "RECEIVED", "CODE", "WHY", "SINCE"], rows))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn row(kept: &Kept, now: Instant) -> Vec<String> {
    vec![
        kept.id.clone(),
        kept.source.clone(),
        words::moment_utc(kept.received_at, now),
        kept.code.clone(),
        one_line(&kept.text),
        kept.handled.as_ref().map(handled_in_words).unwrap_or_default(),
    ]
}

fn handled_in_words(handled: &Handled) -> String {
    match handled {
        Handled::Remapped { by, incidents, .. } => {
            let incidents: Vec<&str> = incidents.iter().map(|id| id.as_str()).collect();
            let became = if incidents.is_empty() { "no incident by its own word".to_owned() } else { incidents.join(", ") };
            format!("read again by {by}: {became}")
        }
        Handled::Dropped { by, because, .. } => format!("dropped by {by}: {}", one_line(because)),
    }
}

impl Show {
    async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.get(&["v1", "quarantine", &self.id], &[]).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => print_text(&text(&answer.read()?, answer.now))?,
        }
        Ok(Exit::Done)
    }
}

fn text(kept: &Kept, now: Instant) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} from {}, received {}", kept.id, kept.source, words::moment_utc(kept.received_at, now));
    let _ = writeln!(text, "{}: {}", kept.code, one_line(&kept.text));
    let _ = writeln!(text, "content type {}, SHA-256 {}", kept.content_type.as_deref().unwrap_or("none"), kept.sha256);
    kept.headers.iter().for_each(|(name, value)| _ = writeln!(text, "  {name}: {}", one_line(value)));
    kept.handled.iter().for_each(|handled| _ = writeln!(text, "{}", handled_in_words(handled)));
    let bytes = kept.raw_base64.as_ref().and_then(|base64| STANDARD.decode(base64).ok());
    if !kept.redacted.is_empty() {
        let rules: Vec<&str> = kept.redacted.iter().map(String::as_str).collect();
        let _ = writeln!(text, "redacted by the rules {}", rules.join(", "));
    }
    match (&kept.raw, bytes) {
        (Some(raw), _) => _ = write!(text, "\n{raw}\n"),
        // A terminal obeys control characters, so they are shown and not sent to it.
        (None, Some(bytes)) => _ = write!(text, "\n{}\n", bytes.escape_ascii()),
        (None, None) => {
            let why = kept.gone.as_deref().unwrap_or("it is not there any more");
            let _ = write!(text, "\nthe message itself: {}\n", one_line(why));
        }
    }
    text
}

impl Remap {
    async fn run(self, output: Output) -> Outcome {
        let api = self.remote.open()?;
        let reread: Vec<Value> = match &self.id {
            Some(id) => vec![api.post(&["v1", "quarantine", id, "remap"], &json!({})).await?.read()?],
            None => remap_all(&api, self.source.as_deref()).await?,
        };
        let mut failed = false;
        let mut text = String::new();
        for value in &reread {
            let Reread { id, status, incidents, detail } = serde_json::from_value(value.clone())?;
            failed |= status == "unread";
            let detail = detail.map(|detail| format!(": {}", one_line(&detail))).unwrap_or_default();
            let _ = match status.as_str() {
                "remapped" => writeln!(text, "{id} was read: {}", incidents.join(", ")),
                "noted" => writeln!(text, "{id} was read; by its own word it is no incident"),
                "handled" => writeln!(text, "{id} needs nothing{detail}"),
                _ => writeln!(text, "{id} still cannot be read{detail}"),
            };
        }
        match output {
            Output::Json => print_json(&reread)?,
            Output::Text if reread.is_empty() => print_text("nothing waits in quarantine")?,
            Output::Text => print_text(&text)?,
        }
        Ok(if failed { Exit::Faults } else { Exit::Done })
    }
}

async fn remap_all(api: &Api, source: Option<&str>) -> Result<Vec<Value>, Box<dyn std::error::Error + Send + Sync>> {
    let query: Vec<(&str, &str)> = source.map(|source| ("source", source)).into_iter().collect();
    Ok(api.post_with(&["v1", "quarantine", "remap"], &query, &json!({})).await?.read()?)
}

impl Drop {
    async fn run(self, output: Output) -> Outcome {
        let body = json!({ "because": self.because });
        let answer = self.remote.open()?.post(&["v1", "quarantine", &self.id, "drop"], &body).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let kept: Kept = answer.read()?;
                let became = kept.handled.as_ref().map(handled_in_words).unwrap_or_default();
                print_text(&format!("{}: {became}", kept.id))?;
            }
        }
        Ok(Exit::Done)
    }
}
