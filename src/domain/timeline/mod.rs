//! One incident told in order: who said what, when, on which ground, what moved, who was told, what was filed.
//!
//! A view of the record for whoever was not there. It is folded from the events and the moments of their
//! envelopes alone, so that a copy of the journal gives the same as the daemon. It holds no message's bytes
//! and no whole address, and knows neither rules nor policy: what the law said then stands in the events.

mod deliveries;
mod said;
mod telling;

pub use said::Said;

use super::board::{ClockLine, FactView, NotOwedView};
use super::ids::IncidentId;
use super::incident::{Event, Evidence, Incident};
use super::instant::{Instant, Zone};
use super::loaded::LoadedAt;
use deliveries::Deliveries;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use telling::Teller;

/// One event as it stands in the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The number of the decision it is part of, from 1.
    pub decision: u64,
    /// When that was recorded.
    pub at: Instant,
    /// What happened.
    pub event: Event,
}

/// An incident from its first message to what stands of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Which.
    pub incident: IncidentId,
    /// What it is called.
    pub title: String,
    /// How bad the sender thought it was.
    pub severity: String,
    /// Where it came from.
    pub source: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// The organisations concerned, by id.
    pub organisations: BTreeMap<String, String>,
    /// The zone its moments are told in: the organisations', or UTC where they have several.
    pub zone: Zone,
    /// How many decisions are on record.
    pub decisions: u64,
    /// When the last of them was recorded.
    pub last_at: Instant,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// Where its clocks stand, the most urgent open ones first.
    pub clocks: Vec<ClockLine>,
    /// What was filed, in the order in which it was recorded.
    pub filings: Vec<Filing>,
    /// Duties that are not owed: ground, citation, names and time.
    pub not_owed: Vec<NotOwedView>,
    /// What stands of every fact somebody spoke of.
    pub facts: Vec<FactView>,
}

/// What was filed for a clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filing {
    /// The clock.
    pub clock: String,
    /// What was to be done, and where the law says it.
    pub duty: String,
    /// When it was recorded.
    pub at: Instant,
    /// What was filed, when, by whom.
    pub evidence: Evidence,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was recorded.
    pub at: Instant,
    /// The decision it is part of, by its number in the incident's chain; 0 for what is on record elsewhere.
    pub decision: u64,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Who did or said it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What happened, in a few words; [`Entry::sentence`] says it whole.
    pub what: String,
    /// The duties it is about: what is to be done, towards whom, and where the law says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The clocks of these, by their public names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<String>,
    /// On what ground, in the words of whoever gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// A limit that was set or moved: where it was before, and where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Facts that were said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Said>,
    /// What belongs to it, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// How the law was read, a line each; long, and only for whoever asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Where a limit was, and where it is; none for "without delay".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Before; none the first time as well.
    pub from: Option<Instant>,
    /// Since then.
    pub to: Option<Instant>,
}

/// What kind of thing an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The incident was opened.
    Opened,
    /// A message came in.
    Message,
    /// Somebody said something.
    Said,
    /// A score or a product suggested something; it decides nothing.
    Suggested,
    /// Which law it is held against.
    Law,
    /// Configuration or rules were loaded, or people may do something else.
    House,
    /// A clock was set or moved.
    Clock,
    /// A clock ended, or never began, because nothing is owed.
    NotOwed,
    /// Something was filed.
    Filed,
    /// A limit passed.
    Late,
    /// A statement delays a clock, or no longer does.
    Hold,
    /// A rung of the ladder rang, or did not.
    Rang,
    /// An alert arrived, or did not.
    Told,
    /// Somebody owns a clock, hands it over, keeps it quiet.
    Owned,
    /// A notice was drafted.
    Drafted,
    /// The incident was merged or split.
    Reunited,
}

impl Kind {
    /// The word at the head of its line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Message => "message",
            Self::Said => "said",
            Self::Suggested => "suggests",
            Self::Law => "law",
            Self::House => "house",
            Self::Clock => "clock",
            Self::NotOwed => "not owed",
            Self::Filed => "filed",
            Self::Late => "LATE",
            Self::Hold => "hold",
            Self::Rang => "rang",
            Self::Told => "told",
            Self::Owned => "owned",
            Self::Drafted => "drafted",
            Self::Reunited => "incident",
        }
    }
}

impl Entry {
    fn new(at: Instant, kind: Kind, what: impl Into<String>) -> Self {
        Self {
            at,
            decision: 0,
            kind,
            by: None,
            what: what.into(),
            ground: None,
            about: Vec::new(),
            clocks: Vec::new(),
            limit: None,
            facts: Vec::new(),
            details: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

impl Entry {
    /// Who did what, about which duty, in one line.
    pub fn sentence(&self) -> String {
        let said_so = |by: &&String| !self.what.starts_with(by.as_str());
        let by = self.by.iter().filter(said_so).map(|by| format!("{by}: ")).collect::<String>();
        match self.about.as_slice() {
            [] => format!("{by}{}", self.what),
            [one] => format!("{by}{}: {one}", self.what),
            several => format!("{by}{}, of {} clocks", self.what, several.len()),
        }
    }

    /// What stands below its sentence, a line each: the ground, facts, details; with `full` also how the law was read.
    pub fn lines(&self, full: bool) -> Vec<String> {
        let about = self.about.iter().filter(|_| self.about.len() > 1).cloned();
        let ground = self.ground.iter().map(|ground| format!("ground: {ground}"));
        let facts = self.facts.iter().map(Said::in_words);
        let reasons = self.reasons.iter().filter(|_| full).map(|reason| format!("read so: {reason}"));
        ground.chain(facts).chain(about).chain(self.details.iter().cloned()).chain(reasons).collect()
    }

    /// Takes in the next entry, if both say the same of different clocks in one decision.
    fn takes_in(&mut self, next: &Self) -> bool {
        let alike = (&self.by, &self.what, &self.ground, &self.details) == (&next.by, &next.what, &next.ground, &next.details);
        let alone =
            |entry: &Self| !entry.about.is_empty() && entry.limit.is_none() && entry.facts.is_empty() && entry.reasons.is_empty();
        let folds = self.decision == next.decision && self.kind == next.kind && alike && alone(self) && alone(next);
        if !folds || next.about.iter().any(|about| self.about.contains(about)) {
            return false;
        }
        self.about.extend(next.about.iter().cloned());
        self.clocks.extend(next.clocks.iter().cloned());
        true
    }
}

impl Timeline {
    /// Tells an incident from its record, with the configurations that were loaded, the oldest first; `None` if
    /// the record opens none.
    pub fn of(id: &IncidentId, record: &[Recorded], loaded: &[LoadedAt]) -> Option<Self> {
        let (first, rest) = record.split_first()?;
        let mut incident = Incident::open(id.clone(), &first.event, first.at)?;
        let zone = zone_of(&incident);
        let mut entries = vec![Entry { decision: first.decision, ..telling::opened(&incident) }];
        let mut deliveries = Deliveries::default();
        let mut filings = Vec::new();
        for Recorded { decision, at, event } in rest {
            let teller = Teller { incident: &incident, zone, at: *at };
            let from = entries.len();
            if !deliveries.fold(&teller, event, &mut entries) {
                entries.extend(teller.tell(event));
            }
            filings.extend(teller.filing(event));
            incident.apply(event, *at);
            for entry in entries.iter_mut().skip(from) {
                entry.decision = *decision;
                entry.facts.iter_mut().for_each(|said| said.settle(&incident.book, zone));
            }
        }
        let last = record.last()?;
        let until = (!incident.is_open()).then_some(last.at);
        entries = with_house(entries, loaded, (incident.opened_at, until));
        Some(Self {
            incident: id.clone(),
            title: incident.opened.title.clone(),
            severity: incident.opened.severity.clone(),
            source: incident.opened.source.to_string(),
            opened_at: incident.opened_at,
            organisations: incident.opened.organisations.iter().map(|(id, of)| (id.to_string(), of.name.clone())).collect(),
            zone,
            decisions: last.decision,
            last_at: last.at,
            entries: folded(entries),
            clocks: super::board::Card::of(&incident).clocks,
            filings,
            not_owed: NotOwedView::all_of(&incident),
            facts: FactView::all_of(&incident),
        })
    }
}

fn zone_of(incident: &Incident) -> Zone {
    let mut zones = incident.opened.organisations.values().map(|profile| profile.zone);
    let first = zones.next().unwrap_or(Zone::UTC);
    if zones.all(|zone| zone == first) { first } else { Zone::UTC }
}

/// Lays what was loaded meanwhile between the entries: what was in use when the incident was opened, then each change.
fn with_house(entries: Vec<Entry>, loaded: &[LoadedAt], (from, until): (Instant, Option<Instant>)) -> Vec<Entry> {
    let mut house: Vec<Entry> = Vec::new();
    let before = loaded.iter().rposition(|entry| entry.at <= from);
    match before {
        Some(nth) => {
            let LoadedAt { at, loaded } = &loaded[nth];
            let what = "this configuration was in use when the incident was opened";
            house.push(Entry { details: loaded.in_lines(), ..Entry::new(*at, Kind::House, what) });
        }
        None => {
            let what = "no configuration was on record when the incident was opened";
            house.push(Entry::new(from, Kind::House, what));
        }
    }
    for (nth, LoadedAt { at, loaded: now }) in loaded.iter().enumerate().skip(before.map_or(0, |nth| nth + 1)) {
        if until.is_some_and(|until| *at > until) {
            break;
        }
        let (what, details) = match nth.checked_sub(1).map(|nth| &loaded[nth].loaded) {
            Some(before) => ("configuration or rules were loaded that differ", now.changes_since(before)),
            None => ("the first configuration on record was loaded", now.in_lines()),
        };
        house.push(Entry { details, ..Entry::new(*at, Kind::House, what) });
    }
    let mut all: Vec<Entry> = house.into_iter().chain(entries).collect();
    all.sort_by_key(|entry| entry.at);
    all
}

/// What one decision says alike of several clocks as one entry.
fn folded(entries: Vec<Entry>) -> Vec<Entry> {
    let mut folded: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        if !folded.last_mut().is_some_and(|last| last.takes_in(&entry)) {
            folded.push(entry);
        }
    }
    folded
}
