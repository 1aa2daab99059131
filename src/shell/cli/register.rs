//! `watchbell register`: decisions and filings across incidents, from a running daemon or from a copy of its store.

use super::client::Remote;
use super::exit::Exit;
use super::instant_arg::instant;
use super::journal::must_be_there;
use super::output::{Output, counted, one_line, print_bytes, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::ids::IncidentId;
use crate::domain::instant::{Instant, length_in_words, rfc3339};
use crate::domain::register::{Entry, Kind, Line, Stated};
use crate::shell::record::{self, Register, Wanted};
use crate::shell::store::StoreError;
use crate::shell::store::embedded::read_streams;
use clap::Args;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Incidents asked for at once.
const PAGE: &str = "200";

/// The register of breaches: facts, every "not owed" with ground, name and time, counsel's words, filings and how late.
///
/// It leaves nothing out that was taken back or overtaken, and says so. Exit code 3 says that a record is damaged.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell register
  watchbell register --organisation mercy --since 2026-01-01T00:00:00Z --csv > register-2026.csv
  watchbell register --not-owed
  watchbell register --store /mnt/copy-of-the-store -o json | jq '.entries[].lines[] | select(.late_s)'

It is what GDPR Art. 33(5) asks to be documented, for every incident and organisation. In the CSV a cell that a
spreadsheet would run as a formula begins with an apostrophe. From a copy no daemon and no configuration is needed.")]
pub struct ShowRegister {
    /// What this organisation has to document
    #[arg(long, value_name = "ID")]
    organisation: Vec<String>,
    /// Only incidents opened then or later: RFC 3339 with an offset
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Instant>,
    /// Only incidents opened before
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Instant>,
    /// Only decisions that something is not owed, counsel's among them
    #[arg(long)]
    not_owed: bool,
    /// As CSV for a spreadsheet: a row for each fact, decision and filing
    #[arg(long)]
    csv: bool,
    /// Read a copy of the store instead of asking the daemon
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

impl ShowRegister {
    pub async fn run(self, output: Output) -> Outcome {
        let wanted = Wanted {
            organisations: self.organisation.iter().map(|id| id.as_str().into()).collect(),
            since: self.since,
            until: self.until,
        };
        let (mut register, fault) = match &self.store {
            Some(store) => from_copy(store, &wanted)?,
            None => (self.ask(&wanted).await?, None),
        };
        if self.not_owed {
            for entry in &mut register.entries {
                entry.facts.clear();
                entry.lines.retain(|line| matches!(line.kind, Kind::Determined | Kind::NotOwed | Kind::Counsel));
            }
            register.entries.retain(|entry| !entry.lines.is_empty());
        }
        match (self.csv, output) {
            (true, _) => print_bytes(&csv(&register.entries)?)?,
            (false, Output::Json) => print_json(&register)?,
            (false, Output::Text) => print_text(&text(&register.entries))?,
        }
        let nothing_of = |id: &&String| !register.entries.iter().any(|entry| entry.organisation.as_str() == id.as_str());
        for id in self.organisation.iter().filter(nothing_of) {
            eprintln!("note: nothing of `{id}` is in this part of the register");
        }
        for incident in &register.damaged {
            eprintln!("warning: the record of {incident} is damaged; it is not in the register");
        }
        if let Some(fault) = &fault {
            eprintln!("warning: the copy is damaged; what stands behind the damaged place was not read");
            super::complain(fault);
        }
        Ok(if fault.is_some() || !register.damaged.is_empty() { Exit::Faults } else { Exit::Done })
    }

    /// The whole register of the daemon, page by page.
    async fn ask(&self, wanted: &Wanted) -> Result<Register, super::client::ApiFault> {
        let api = self.remote.open()?;
        let (since, until) = (wanted.since.map(rfc3339), wanted.until.map(rfc3339));
        let mut register = Register::default();
        loop {
            let after = register.next.take();
            let mut query = vec![("limit", PAGE)];
            query.extend(since.as_deref().map(|since| ("since", since)));
            query.extend(until.as_deref().map(|until| ("until", until)));
            query.extend(after.as_ref().map(|after| ("after", after.as_str())));
            let page: Register = api.get(&["v1", "register"], &query).await?.read()?;
            register.take(page.entries, wanted);
            register.damaged.extend(page.damaged);
            register.next = page.next;
            if register.next.is_none() {
                return Ok(register);
            }
        }
    }
}

/// The register out of a copy of the store, and what is damaged in the copy. What stands before that is shown all the same.
fn from_copy(store: &Path, wanted: &Wanted) -> Result<(Register, Option<StoreError>), Box<dyn std::error::Error + Send + Sync>> {
    must_be_there(store)?;
    let (found, streams) = read_streams(store, &IncidentId::is_incident)?;
    let mut register = Register::default();
    for (id, envelopes) in &streams {
        register.take(record::register(id, envelopes)?, wanted);
    }
    Ok((register, found.fault))
}

/// The register for a terminal: an incident and organisation, what is documented of it, then a block for each decision.
fn text(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{}  {}", entry.incident, one_line(&entry.title));
        let opened = entry.zone.in_words(entry.opened_at);
        let _ = writeln!(text, "  {} ({}), from {}, opened {opened}", entry.name, entry.organisation, entry.source);
        entry.goes_on_in.iter().for_each(|other| _ = writeln!(text, "  goes on in {other}"));
        if !entry.facts.is_empty() {
            let rows = entry.facts.iter().map(|fact| {
                let by = fact.by.clone().unwrap_or_default();
                let at = fact.at.map(|at| entry.zone.in_words(at)).unwrap_or_default();
                vec![fact.key.clone(), one_line(&fact.words), by, at, fact.ground.as_deref().map(one_line).unwrap_or_default()]
            });
            text.push_str(&table::indented(2, &["FACT", "VALUE", "SAID BY", "SAID AT", "GROUND"], rows));
        }
        if !entry.lines.is_empty() {
            let rows = entry.lines.iter().map(|line| {
                let at = line.at.map(|at| entry.zone.in_words(at)).unwrap_or_default();
                vec![line.kind.words().to_owned(), what(line), line.by.join(", "), at, particulars(line, entry)]
            });
            text.push_str(&table::indented(2, &["DECISION", "WHAT", "BY", "RECORDED", "GROUND, FILING"], rows));
        }
        text.push('\n');
    }
    let incidents: std::collections::BTreeSet<_> = entries.iter().map(|entry| &entry.incident).collect();
    let lines = || entries.iter().flat_map(|entry| &entry.lines);
    let not_owed = lines().filter(|line| matches!(line.kind, Kind::Determined | Kind::NotOwed)).count();
    let filed = lines().filter(|line| line.filed.is_some()).count();
    let late = lines().filter(|line| line.late_s.is_some()).count();
    let _ = writeln!(
        text,
        "{}, {not_owed} not owed, {}, {late} of them late",
        counted(incidents.len(), "incident"),
        counted(filed, "filing")
    );
    text
}

/// `Notify the authority, DE-BY (GDPR Art. 33(1))`
fn what(line: &Line) -> String {
    let towards = line.towards.as_ref().map(|towards| format!(", {towards}")).unwrap_or_default();
    let cite = if line.cite.is_empty() { String::new() } else { format!(" ({})", line.cite) };
    format!("{}{towards}{cite}", one_line(&line.what))
}

/// Everything else of a line in one.
fn particulars(line: &Line, entry: &Entry) -> String {
    let zone = entry.zone;
    let mut parts: Vec<String> = line.ground.iter().cloned().collect();
    parts.extend(own_words(line));
    parts.extend(line.although.iter().map(|although| format!("although the record spoke against it: {although}")));
    if let Some(filed) = &line.filed {
        let reference = filed.reference.as_ref().map(|reference| format!(", reference {reference}")).unwrap_or_default();
        parts.push(format!("{}{reference}, filed {}", filed.what, zone.in_words(filed.filed_at)));
        parts.extend(filed.told.map(|told| format!("{told} people told")));
    }
    match (line.kind, line.limit, line.late_s) {
        (_, Some(limit), Some(_)) => {
            let late = line.late_in_words().unwrap_or_default();
            parts.push(format!("{late} LATE, the limit was {}", zone.in_words(limit)));
        }
        (Kind::Met | Kind::Filed, Some(limit), None) => {
            let early = line.filed.as_ref().map(|filed| length_in_words(limit - filed.filed_at)).unwrap_or_default();
            parts.push(format!("{early} before the limit"));
        }
        (Kind::Open | Kind::Missed, Some(limit), None) => parts.push(format!("due {}", zone.in_words(limit))),
        (Kind::Open | Kind::Missed | Kind::Met, None, _) => parts.push("without delay; the law gives no number".into()),
        _ => {}
    }
    parts.extend(line.mode.and_then(words::mode_explained).map(str::to_owned));
    parts.extend(overtaken(line, zone));
    one_line(&parts.join("; "))
}

/// `Ada said risk.level: unlikely, on the ground: encrypted`
fn own_words(line: &Line) -> Vec<String> {
    let word = |word: &Stated| {
        let by = word.by.as_deref().unwrap_or("somebody");
        let ground = word.ground.as_ref().map(|ground| format!(", on the ground: {ground}")).unwrap_or_default();
        format!("{by} said {}: {}{ground}", word.key, word.words)
    };
    line.own_words.iter().map(word).collect()
}

fn overtaken(line: &Line, zone: crate::domain::instant::Zone) -> Option<String> {
    let gone = line.overtaken.as_ref()?;
    let at = zone.in_words(gone.at);
    Some(match &gone.by {
        Some(by) => format!("TAKEN BACK by {by}, {at}: {}", gone.because),
        None => format!("NO LONGER COUNTS since {at}: {}", gone.because),
    })
}

const COLUMNS: [&str; 24] = [
    "incident",
    "title",
    "source",
    "opened_at",
    "organisation",
    "organisation_name",
    "kind",
    "duty_or_fact",
    "what",
    "towards",
    "cite",
    "mode",
    "by",
    "recorded_at",
    "ground",
    "own_words",
    "although",
    "filed",
    "filed_at",
    "reference",
    "people_told",
    "limit",
    "late_seconds",
    "no_longer_counts",
];

/// The register for a spreadsheet; all times are RFC 3339 in UTC.
fn csv(entries: &[Entry]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for entry in entries {
        let head = [
            entry.incident.to_string(),
            entry.title.clone(),
            entry.source.clone(),
            rfc3339(entry.opened_at),
            entry.organisation.to_string(),
            entry.name.clone(),
        ];
        let rows = entry.facts.iter().map(fact_cells).chain(entry.lines.iter().map(|line| line_cells(line, entry)));
        for cells in rows {
            writer.write_record(head.iter().chain(&cells).map(|cell| harmless(cell)))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn fact_cells(fact: &Stated) -> [String; 18] {
    let mut cells: [String; 18] = std::array::from_fn(|_| String::new());
    cells[0] = "fact".into();
    cells[1].clone_from(&fact.key);
    cells[2].clone_from(&fact.words);
    cells[6] = fact.by.clone().unwrap_or_default();
    cells[7] = fact.at.map(rfc3339).unwrap_or_default();
    cells[8] = fact.ground.clone().unwrap_or_default();
    cells
}

fn line_cells(line: &Line, entry: &Entry) -> [String; 18] {
    let filed = line.filed.as_ref();
    [
        line.kind.words().to_owned(),
        line.duty.clone(),
        line.what.clone(),
        line.towards.clone().unwrap_or_default(),
        line.cite.clone(),
        line.mode.map(|mode| mode.word().to_owned()).unwrap_or_default(),
        line.by.join(", "),
        line.at.map(rfc3339).unwrap_or_default(),
        line.ground.clone().unwrap_or_default(),
        own_words(line).join("; "),
        line.although.clone().unwrap_or_default(),
        filed.map(|filed| filed.what.clone()).unwrap_or_default(),
        filed.map(|filed| rfc3339(filed.filed_at)).unwrap_or_default(),
        filed.and_then(|filed| filed.reference.clone()).unwrap_or_default(),
        filed.and_then(|filed| filed.told).map(|told| told.to_string()).unwrap_or_default(),
        line.limit.map(rfc3339).unwrap_or_default(),
        line.late_s.map(|late_s| late_s.to_string()).unwrap_or_default(),
        overtaken(line, entry.zone).unwrap_or_default(),
    ]
}

/// A cell that no spreadsheet takes for a formula: titles and grounds come from strangers.
fn harmless(cell: &str) -> String {
    let runs = cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || cell.starts_with(['\t', '\r', '\n']);
    if runs { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() {
        for cell in ["=1+1", "+41 44", "-2", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\u{ff1d}1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        for cell in ["", "a=b", "Art. 33(1)", "2026-11-21T00:00:00Z", "x@y"] {
            assert_eq!(harmless(cell), cell);
        }
    }
}
