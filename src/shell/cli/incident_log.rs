//! `watchbell incident log|export`: what happened, from a running daemon or from a copy of its store.

use super::Outcome;
use super::client::Remote;
use super::exit::Exit;
use super::journal::must_be_there;
use super::output::{Output, print_bytes, print_json, print_text};
use crate::domain::ids::IncidentId;
use crate::domain::loaded;
use crate::domain::timeline::Timeline;
use crate::shell::record::Export;
use crate::shell::render::{Sealed, log_html};
use crate::shell::store::StoreError;
use crate::shell::store::embedded::read_streams;
use crate::shell::wall_clock;
use clap::{Args, ValueEnum};
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident log inc-7h3k9qd2w4xz8m5n
  watchbell incident log inc-7h3k9qd2w4xz8m5n --store /mnt/copy-of-the-store
  watchbell incident log inc-7h3k9qd2w4xz8m5n -o json | jq '.entries[] | select(.ground)'

Nothing is left out but the messages themselves (`incident message` shows one) and, without --full, how the law was
read at each step. From a copy no daemon and no configuration is needed; the copy is checked as it is read.")]
pub struct Log {
    /// The incident, such as inc-7h3k9qd2w4xz8m5n
    id: String,
    /// Also how the law was read each time a clock was set or moved
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident export inc-7h3k9qd2w4xz8m5n --into file-for-counsel
  watchbell incident export inc-7h3k9qd2w4xz8m5n --format html > incident.html
  watchbell incident export inc-7h3k9qd2w4xz8m5n --store /mnt/copy-of-the-store --into file-for-counsel

The page is complete in itself and made to be printed. It names the end of the incident's chain, which
`watchbell journal verify -o json` gives for the same store.")]
pub struct ExportIncident {
    /// The incident, such as inc-7h3k9qd2w4xz8m5n
    id: String,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Json, conflicts_with = "into")]
    format: Format,
    /// A folder that gets both forms as files
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    #[command(flatten)]
    from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The timeline with what stands of it, for programs
    Json,
    /// One page to print
    Html,
}

/// Where the record is read.
#[derive(Debug, Args)]
struct From {
    /// Read a copy of the store instead of asking the daemon
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

impl From {
    /// The incident, and what is damaged in the copy it was read from, if something is.
    async fn read(&self, id: &str) -> Result<(Export, Option<StoreError>), Box<dyn std::error::Error + Send + Sync>> {
        match &self.store {
            Some(store) => from_copy(store, id),
            None => Ok((self.remote.open()?.get(&["v1", "incidents", id, "export"], &[]).await?.read()?, None)),
        }
    }
}

/// Reads an incident out of a copy of the store. What stands before a damaged place is shown all the same.
fn from_copy(store: &Path, id: &str) -> Result<(Export, Option<StoreError>), Box<dyn std::error::Error + Send + Sync>> {
    must_be_there(store)?;
    let (wanted, house) = (IncidentId::from(id), loaded::stream());
    let (found, mut streams) = read_streams(store, &|stream| *stream == wanted || *stream == house)?;
    let mut take = |stream: &IncidentId| streams.remove(stream).unwrap_or_default();
    let (envelopes, house) = (take(&wanted), take(&house));
    let export = Export::of(&wanted, &envelopes, &house, wall_clock::now())?;
    let none = || {
        let known: Vec<&str> = found.heads.keys().filter(|id| id.is_incident()).map(IncidentId::as_str).take(5).collect();
        let there = if known.is_empty() { "it holds none".into() } else { format!("it holds {} …", known.join(", ")) };
        format!("no such incident in this store: `{id}`\nhint: {there}")
    };
    Ok((export.ok_or_else(none)?, found.fault))
}

/// The outcome of what was read, with a word about what could not be.
fn done(fault: Option<StoreError>) -> Outcome {
    let Some(fault) = fault else { return Ok(Exit::Done) };
    eprintln!("warning: the copy is damaged; what stands behind the damaged place was not read");
    super::complain(&fault);
    Ok(Exit::Faults)
}

impl Log {
    pub async fn run(self, output: Output) -> Outcome {
        let (export, fault) = self.from.read(&self.id).await?;
        match output {
            Output::Json => print_json(&export.timeline)?,
            Output::Text => print_text(&text(&export.timeline, self.full))?,
        }
        done(fault)
    }
}

impl ExportIncident {
    pub async fn run(self, _: Output) -> Outcome {
        let (export, fault) = self.from.read(&self.id).await?;
        let page = log_html(&export.timeline, &Sealed { made_at: export.made_at, head_sha256: &export.head_sha256 });
        match (&self.into, self.format) {
            (Some(folder), _) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| format!("cannot make the folder `{}`: {error}", folder.display()))?;
                let json = serde_json::to_vec_pretty(&export)?;
                for (ending, bytes) in [("json", json.as_slice()), ("html", page.as_bytes())] {
                    let path = folder.join(format!("{}.{ending}", export.timeline.incident));
                    std::fs::write(&path, bytes).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
                    print_text(&path.display().to_string())?;
                }
            }
            (None, Format::Json) => print_json(&export)?,
            (None, Format::Html) => print_bytes(page.as_bytes())?,
        }
        done(fault)
    }
}

/// The timeline for a terminal: a heading for each day, a line for each thing, what belongs to it below.
fn text(timeline: &Timeline, full: bool) -> String {
    let zone = timeline.zone;
    let mut text = format!("{}\n{}\n", timeline.title, timeline.incident);
    let _ = writeln!(
        text,
        "{} decisions on record, the last {}; times are those of {}",
        timeline.decisions,
        zone.in_words(timeline.last_at),
        zone.name()
    );
    let mut day = String::new();
    for entry in &timeline.entries {
        let today = zone.day_in_words(entry.at);
        if today != day {
            let _ = writeln!(text, "\n{today}");
            day = today;
        }
        let _ = writeln!(text, "  {}  {:<9} {}", zone.time_in_words(entry.at), entry.kind.word(), one_line(&entry.sentence()));
        entry.lines(full).iter().for_each(|line| _ = writeln!(text, "{:29}{}", "", one_line(line)));
    }
    text
}

fn one_line(text: &str) -> String {
    super::output::one_line(text)
}
