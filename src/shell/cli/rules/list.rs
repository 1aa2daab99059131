//! `watchbell rules list`

use crate::domain::ids::{DutyId, PackId};
use crate::domain::instant::NaiveDate;
use crate::domain::law::marks::{in_a_line, marks};
use crate::domain::law::{Duty, Pack, Status, Verification};
use crate::shell::cli::Outcome;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::law_source::LawSource;
use crate::shell::cli::output::{Output, counted, print_json, print_text};
use crate::shell::cli::table::table;
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Every duty: its pack, its status, the days it is law, how well it was checked, the States whose law is laid over it,
/// and where it was read.
#[derive(Debug, Args)]
pub struct List {
    /// Only duties with this in their id, title or pack
    filter: Option<String>,
    #[command(flatten)]
    law: LawSource,
}

#[derive(Serialize)]
struct DutyLine<'a> {
    duty: &'a DutyId,
    title: &'a str,
    cite: &'a str,
    pack: &'a PackId,
    version: &'a str,
    enabled: bool,
    status: Status,
    from: Option<NaiveDate>,
    from_latest: Option<NaiveDate>,
    until: Option<NaiveDate>,
    verification: Verification,
    overlays: Vec<&'a str>,
    origin: &'a str,
    digest: &'a str,
}

impl List {
    pub fn run(self, output: Output) -> Outcome {
        let (_, rulebook) = self.law.read()?;
        let wanted = self.filter.unwrap_or_default().to_lowercase();
        let lines: Vec<DutyLine<'_>> =
            rulebook.duties().map(|(pack, duty)| DutyLine::of(pack, duty)).filter(|line| line.mentions(&wanted)).collect();
        match output {
            Output::Json => print_json(&lines)?,
            Output::Text => {
                let heading = ["DUTY", "PACK", "STATUS", "IN FORCE", "CHECKED", "OVERLAYS", "ORIGIN", "DIGEST"];
                print_text(&table(&heading, lines.iter().map(DutyLine::row)))?;
                eprintln!("{}", counted(lines.len(), "duty").replace("dutys", "duties"));
                let of_lines: BTreeSet<&PackId> = lines.iter().map(|line| line.pack).collect();
                let listed = rulebook.duties().map(|(pack, _)| pack).filter(|pack| of_lines.contains(&pack.head.id));
                let packs: BTreeMap<&PackId, &Pack> = listed.map(|pack| (&pack.head.id, pack)).collect();
                eprintln!("statements of these packs by how they were read: {}", in_a_line(&marks(packs.into_values())));
            }
        }
        Ok(Exit::Done)
    }
}

impl<'a> DutyLine<'a> {
    fn of(pack: &'a Pack, duty: &'a Duty) -> Self {
        let text = &duty.text;
        Self {
            duty: &text.id,
            title: &text.title,
            cite: &text.cite,
            pack: &pack.head.id,
            version: &pack.head.version,
            enabled: pack.head.enabled,
            status: text.force.status,
            from: text.force.from,
            from_latest: text.force.from_latest,
            until: text.force.until,
            verification: text.verification,
            overlays: duty.overlays.iter().map(|overlay| overlay.place.as_str()).collect(),
            origin: &pack.origin,
            digest: &pack.digest,
        }
    }

    fn mentions(&self, word: &str) -> bool {
        [self.duty.as_str(), self.title, self.pack.as_str()].iter().any(|text| text.to_lowercase().contains(word))
    }

    fn row(&self) -> Vec<String> {
        let pack = if self.enabled { self.pack.to_string() } else { format!("{} (off)", self.pack) };
        let from = match (self.from, self.from_latest) {
            (Some(from), Some(latest)) => format!("from {from} or {latest}"),
            (Some(from), None) => format!("from {from}"),
            (None, _) => "undated".to_owned(),
        };
        let days = self.until.map_or_else(|| from.clone(), |until| format!("{from} until {until}"));
        let digest: String = self.digest.chars().take(12).collect();
        let status = word(&self.status);
        vec![
            self.duty.to_string(),
            pack,
            status,
            days,
            word(&self.verification),
            self.overlays.join(" "),
            self.origin.to_owned(),
            digest,
        ]
    }
}

/// The word a pack writes for it.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
