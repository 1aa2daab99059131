//! A mapping tried on a payload, told in plain text.

use super::{DeliveryMeta, EvidenceKind, Leftovers, Mapping, Report, Unreadable, read_with};
use crate::domain::facts::{Claim, Vocabulary};
use crate::domain::instant::rfc3339;
use serde::Serialize;
use std::fmt;

/// What a payload would give; nothing is stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRun {
    /// The mapping's name.
    pub source: String,
    /// The mapping's title.
    pub mapping: String,
    /// One report per event.
    pub reports: Vec<Report>,
}

/// Reads a payload as [`read`](super::read) does, keeps what it gave for showing, and names what nobody reads.
pub fn dry_run(mapping: &Mapping, vocabulary: &Vocabulary, delivery: &DeliveryMeta, body: &[u8]) -> Result<DryRun, Unreadable> {
    let reports = read_with(mapping, vocabulary, delivery, body, Leftovers::Named)?;
    Ok(DryRun { source: mapping.name().to_owned(), mapping: mapping.title().to_owned(), reports })
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "read as {}: {}", self.mapping, counted(self.reports.len(), "event"))?;
        for (nth, report) in self.reports.iter().enumerate() {
            write!(f, "\nevent {}\n{}", nth + 1, Shown(report))?;
        }
        Ok(())
    }
}

struct Shown<'r>(&'r Report);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let mut line = |name: &str, value: &str| writeln!(f, "  {name:<12} {value}");
        line("title", &report.title)?;
        match report.kind {
            EvidenceKind::TestOrSample | EvidenceKind::PassedControl => {
                line("kind", &format!("{}: noted, opens nothing", report.kind))?;
            }
            kind => line("kind", kind.name())?,
        }
        line("severity", report.severity.name())?;
        line("status", report.status.as_deref().unwrap_or("-"))?;
        line("id", report.external_id.as_deref().unwrap_or("-"))?;
        line("update id", &report.update_id)?;
        line("tenant", report.tenant.as_deref().unwrap_or("-"))?;
        if let Some(updated) = report.times.updated {
            line("updated", &rfc3339(updated))?;
        }
        if !report.organisations.is_empty() {
            let names: Vec<&str> = report.organisations.iter().map(AsRef::as_ref).collect();
            line("concerns", &names.join(", "))?;
        }
        section(f, "claims", report.claims.iter().map(claim_in_words))?;
        let hints = report.hints.iter().map(|hint| {
            let about = hint.about.as_ref().map(|key| format!("  (for `{key}`)")).unwrap_or_default();
            format!("{} = {}  [{}]{about}", hint.label, hint.value, hint.pointer)
        });
        section(f, "hints (nobody claims these)", hints)?;
        let remarks = report.remarks.iter().map(|remark| match &remark.pointer {
            Some(pointer) => format!("{}  [{pointer}]", remark.text),
            None => remark.text.clone(),
        });
        section(f, "remarks", remarks)?;
        section(f, "not used", report.ignored.iter().cloned())
    }
}

fn section(f: &mut fmt::Formatter<'_>, name: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(f, "  {name}")?;
    }
    for line in lines {
        writeln!(f, "    {line}")?;
    }
    Ok(())
}

fn claim_in_words(claim: &Claim) -> String {
    let value = claim.value.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
    let place = claim.pointer.as_deref().unwrap_or("our clock");
    match &claim.assumed {
        Some(assumed) => format!("{} = {value}  [{place}]  ({assumed})", claim.key),
        None => format!("{} = {value}  [{place}]", claim.key),
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
