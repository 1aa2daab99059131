//! The register of breaches across incidents: the facts, every decision that something is not owed with the person's
//! own ground, what counsel said where no law is modelled, and what was filed, how late.
//!
//! A pure view of the record, folded from the events of one incident at a time; what was taken back or overtaken by
//! other facts stays in it and says so. It is what Art. 33(5) GDPR asks to be documented, and the Guidelines' reasons
//! for every decision not to notify beside it. It knows neither rules nor policy: what the law said then is in the events.

use super::facts::{Book, Claim, Claimant, Standing as Weighed, Value};
use super::ids::{IncidentId, OrganisationId};
use super::incident::{ClockKey, Event, Evidence, Incident, Standing};
use super::instant::{Instant, Zone, length_in_words};
use super::law::Mode;
use super::timeline::Recorded;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What Art. 33(5) asks for, and what a reader wants beside it: the facts, the effects, the remedial action, the risk
/// as it was judged, the reasons of a delay.
const DOCUMENTED: [&str; 9] = [
    "breach.suspected",
    "breach.nature",
    "breach.kinds",
    "people.total",
    "people.by-place",
    "consequences.likely",
    "measures.taken",
    "risk.level",
    "delay.reasons",
];

/// One incident, as one organisation has it to document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The incident.
    pub incident: IncidentId,
    /// What it is called.
    pub title: String,
    /// Where it came from.
    pub source: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// The organisation.
    pub organisation: OrganisationId,
    /// What the organisation is called.
    pub name: String,
    /// Its zone.
    pub zone: Zone,
    /// The other incident in which this one goes on, where it was merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on_in: Option<IncidentId>,
    /// What stands of the facts, effects and remedial action.
    pub facts: Vec<Stated>,
    /// Decisions and filings in the order of recording, then what is still open, then what no law here covers.
    pub lines: Vec<Line>,
}

/// What somebody said, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// The fact.
    pub key: String,
    /// What was said, in words.
    pub words: String,
    /// Who said it; nobody where it is disputed, with the names in the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// On what ground, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// One decision, filing or open duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What kind of thing it is.
    pub kind: Kind,
    /// When it was recorded; none of what nobody has said anything of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// The clock, by its public name, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// The duty; of what no law here covers, the place or regime.
    pub duty: String,
    /// What was to be done, or what the place is called; of a duty that never had a clock the same as `duty`.
    pub what: String,
    /// The authority, State or group of people, where the duty has a clock for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub towards: Option<String>,
    /// Where the law says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cite: String,
    /// What the clock means in law; none of a duty that never had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The names behind it.
    pub by: Vec<String>,
    /// The ground: as the person gave it of this very duty, or as the law was read on the facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// The words of these people on which the reading rests, each with its own ground.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_words: Vec<Stated>,
    /// Why it was said although facts on record spoke against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub although: Option<String>,
    /// What was filed, when, with which reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed: Option<Evidence>,
    /// The limit in law as it stood then; none for "without delay".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Instant>,
    /// By how many seconds it was filed after that limit; none where it was not late, or the law gives no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_s: Option<i64>,
    /// What became of it, where it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Overtaken>,
}

/// Why a decision or filing no longer counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overtaken {
    /// Who took it back; nobody where other facts set the clock anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    pub because: String,
    /// When.
    pub at: Instant,
}

/// What kind of thing a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person determined of this very duty that it is not owed.
    Determined,
    /// Not owed on the facts, as people said them.
    NotOwed,
    /// Filed, and met by it.
    Met,
    /// Filed: a part, or a further notice.
    Filed,
    /// Asked for and not yet met.
    Open,
    /// The limit has passed with nothing on record.
    Missed,
    /// What counsel said of a place or regime that no pack in use covers.
    Counsel,
    /// No pack in use covers it, and nobody has said what is owed there.
    Uncovered,
}

impl Kind {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Determined => "determined not owed",
            Self::NotOwed => "not owed",
            Self::Met => "met",
            Self::Filed => "filed in part",
            Self::Open => "open",
            Self::Missed => "LIMIT PASSED",
            Self::Counsel => "counsel",
            Self::Uncovered => "not covered",
        }
    }
}

impl Entry {
    /// An incident from its record, an entry for each organisation concerned; none if the record opens none.
    pub fn all_of(id: &IncidentId, record: &[Recorded]) -> Vec<Self> {
        let Some((first, rest)) = record.split_first() else { return Vec::new() };
        let Some(mut incident) = Incident::open(id.clone(), &first.event, first.at) else { return Vec::new() };
        let mut told = Told::default();
        for Recorded { at, event, .. } in rest {
            told.take(&incident, event, *at);
            incident.apply(event, *at);
        }
        let entry = |(organisation, profile): (&OrganisationId, &super::repeated::Repeated<super::incident::Profile>)| {
            let of_it = |(of, line): &(OrganisationId, Line)| (of == organisation).then(|| line.clone());
            let said = told.lines.iter().filter_map(of_it);
            let lines = said.chain(open(&incident, organisation)).chain(uncovered(&incident, organisation, profile.zone));
            Self {
                incident: id.clone(),
                title: incident.opened.title.clone(),
                source: incident.opened.source.to_string(),
                opened_at: incident.opened_at,
                organisation: organisation.clone(),
                name: profile.name.clone(),
                zone: profile.zone,
                goes_on_in: incident.relations.merged_into.clone(),
                facts: DOCUMENTED.iter().filter_map(|key| stated(&incident.book, organisation, key, profile.zone)).collect(),
                lines: lines.collect(),
            }
        };
        incident.opened.organisations.iter().map(entry).collect()
    }
}

impl Line {
    /// How late it was filed: `3 h 2 min`.
    pub fn late_in_words(&self) -> Option<String> {
        self.late_s.map(|seconds| length_in_words(super::instant::Duration::seconds(seconds)))
    }

    fn of_clock(incident: &Incident, key: &ClockKey, kind: Kind, at: Option<Instant>) -> Self {
        let clock = incident.clocks.get(key);
        let law = clock.map(|clock| &clock.law);
        Self {
            kind,
            at,
            clock: clock.map(|_| key.public(&incident.id)),
            duty: key.duty.to_string(),
            what: law.map_or_else(|| key.duty.to_string(), |law| law.title.clone()),
            towards: key.target.clone(),
            cite: law.map(|law| law.cite.clone()).unwrap_or_default(),
            mode: law.map(|law| law.mode),
            by: Vec::new(),
            ground: None,
            own_words: Vec::new(),
            although: None,
            filed: None,
            limit: law.and_then(|law| law.limit()),
            late_s: None,
            overtaken: None,
        }
    }
}

/// What was said so far, with the organisation it was said for.
#[derive(Default)]
struct Told {
    lines: Vec<(OrganisationId, Line)>,
    /// The line that closes each clock, by its place, while it does.
    closing: BTreeMap<ClockKey, usize>,
    /// The ground of a word against the record, until that word follows.
    although: BTreeMap<ClockKey, String>,
}

impl Told {
    /// Takes in one event, by what was known just before it.
    fn take(&mut self, incident: &Incident, event: &Event, at: Instant) {
        match event {
            Event::Although { clock: Some(clock), because, .. } => _ = self.although.insert(clock.clone(), because.clone()),
            Event::Determined { clock, by, ground, cite } => {
                let line = Line::of_clock(incident, clock, Kind::Determined, Some(at));
                self.close(clock, Line { by: vec![by.clone()], ground: Some(ground.clone()), cite: cite.clone(), ..line });
            }
            // Where one clock takes the place of another nobody decided anything.
            Event::NothingOwed { by, reasons, .. } if by.is_empty() && reasons.is_empty() => {}
            Event::NothingOwed { clock, ground, cite, by, reasons } => {
                let line = Line::of_clock(incident, clock, Kind::NotOwed, Some(at));
                let own_words = own_words(incident, &clock.organisation, by, reasons);
                let (by, ground, cite) = (by.iter().cloned().collect(), Some(ground.clone()), cite.clone());
                self.close(clock, Line { by, ground, cite, own_words, ..line });
            }
            Event::Met { clock, evidence } => {
                let line = filed(incident, clock, Kind::Met, evidence, at);
                self.close(clock, line);
            }
            Event::Filed { clock, evidence } => {
                let line = filed(incident, clock, Kind::Filed, evidence, at);
                self.push(clock, line);
            }
            Event::Reopened { clock, by, because } => {
                self.overtake(clock, Overtaken { by: Some(by.clone()), because: because.clone(), at });
            }
            Event::ClockSet { clock, because, .. } => {
                let because = because.clone().unwrap_or_else(|| "the duty is owed, or may be, on other facts".into());
                self.overtake(clock, Overtaken { by: None, because, at });
            }
            _ => {}
        }
    }

    fn push(&mut self, clock: &ClockKey, line: Line) -> usize {
        let although = self.although.remove(clock);
        self.lines.push((clock.organisation.clone(), Line { although, ..line }));
        self.lines.len() - 1
    }

    fn close(&mut self, clock: &ClockKey, line: Line) {
        let place = self.push(clock, line);
        self.closing.insert(clock.clone(), place);
    }

    fn overtake(&mut self, clock: &ClockKey, overtaken: Overtaken) {
        let line = self.closing.remove(clock).and_then(|place| self.lines.get_mut(place));
        if let Some((_, line)) = line {
            line.overtaken = Some(overtaken);
        }
    }
}

fn filed(incident: &Incident, clock: &ClockKey, kind: Kind, evidence: &Evidence, at: Instant) -> Line {
    let line = Line::of_clock(incident, clock, kind, Some(at));
    let late_s = line.limit.map(|limit| (evidence.filed_at - limit).num_seconds()).filter(|seconds| *seconds > 0);
    let by = std::iter::once(evidence.by.clone()).filter(|name| !name.trim().is_empty()).collect();
    Line { by, late_s, filed: Some(evidence.clone()), ..line }
}

/// The duties of an organisation that still ask for something, the most urgent first.
fn open<'a>(incident: &'a Incident, organisation: &'a OrganisationId) -> impl Iterator<Item = Line> + 'a {
    let of_it = incident.open_clocks().into_iter().filter(move |(key, _)| key.organisation == *organisation);
    of_it.map(|(key, clock)| {
        let kind = if clock.standing == Standing::Missed { Kind::Missed } else { Kind::Open };
        Line {
            ground: clock.law.provisional.then(|| "provisional: facts are missing".into()),
            ..Line::of_clock(incident, key, kind, None)
        }
    })
}

/// What no pack in use covers, with what counsel said of it.
fn uncovered<'a>(incident: &'a Incident, organisation: &'a OrganisationId, zone: Zone) -> impl Iterator<Item = Line> + 'a {
    incident.uncovered.get(organisation).into_iter().flatten().map(move |one| {
        // A person's answer has its moment and ground in the book; a standing word of the configuration has its day.
        let claim = match incident.book.standing_for(organisation, &one.answer()) {
            Weighed::Known(_, claim) => Some(claim),
            _ => None,
        };
        let ground = one.word.as_ref().map(|word| {
            let until = word.until.map(|until| format!(" (counts until {until})")).unwrap_or_default();
            format!("{}{until}", word.says)
        });
        let day = one.word.as_ref().map(|word| zone.start_of(word.on).0);
        Line {
            kind: if one.word.is_some() { Kind::Counsel } else { Kind::Uncovered },
            at: claim.map(|claim| claim.at).filter(|_| one.word.is_some()).or(day),
            clock: None,
            duty: one.subject.clone(),
            what: one.in_words(),
            towards: None,
            cite: one.known.as_ref().map(|known| known.cite.clone()).unwrap_or_default(),
            mode: None,
            by: one.word.iter().map(|word| word.by.clone()).collect(),
            own_words: claim.map(|claim| of_claim(claim, zone)).into_iter().collect(),
            ground,
            although: None,
            filed: None,
            limit: None,
            late_s: None,
            overtaken: None,
        }
    })
}

/// The words of the people behind a reading that it names, each with the ground they gave.
fn own_words(incident: &Incident, organisation: &OrganisationId, by: &BTreeSet<String>, reasons: &[String]) -> Vec<Stated> {
    let zone = incident.opened.organisations.get(organisation).map_or(Zone::UTC, |profile| profile.zone);
    let mut found: Vec<Stated> = Vec::new();
    for reason in reasons {
        let Some((key, _)) = reason.trim().split_once(" is ") else { continue };
        let mut said = incident.book.history(key).iter().map(|(_, claim)| claim);
        let theirs = |claim: &&Claim| {
            let of_it = claim.organisations.is_empty() || claim.organisations.contains(organisation);
            matches!(&claim.by, Claimant::Person(name) if by.contains(name)) && of_it
        };
        let last = said.rfind(theirs).map(|claim| of_claim(claim, zone));
        found.extend(last.filter(|word| !found.contains(word)));
    }
    found
}

fn stated(book: &Book, organisation: &OrganisationId, key: &str, zone: Zone) -> Option<Stated> {
    let history = book.history(key);
    if history.is_empty() {
        return None;
    }
    Some(match book.standing_for(organisation, key) {
        Weighed::Known(_, claim) => of_claim(claim, zone),
        Weighed::Unknown => Stated { key: key.to_owned(), words: "not known".into(), by: None, at: None, ground: None },
        Weighed::Disputed(claims) => {
            let sides: Vec<String> = claims
                .iter()
                .map(|claim| format!("{} (said by {})", words(claim.value.as_ref(), zone), claim.by.name()))
                .collect();
            Stated {
                key: key.to_owned(),
                words: format!("DISPUTED: {}", sides.join(" against ")),
                by: None,
                at: None,
                ground: None,
            }
        }
    })
}

fn of_claim(claim: &Claim, zone: Zone) -> Stated {
    Stated {
        key: claim.key.to_string(),
        words: words(claim.value.as_ref(), zone),
        by: Some(claim.by.name().to_owned()),
        at: Some(claim.at),
        ground: claim.ground.clone(),
    }
}

/// A value in words; instants in the zone of the organisation.
fn words(value: Option<&Value>, zone: Zone) -> String {
    match value {
        None => "not known".to_owned(),
        Some(Value::Instant(at)) => zone.in_words(*at),
        Some(value) => value.to_string(),
    }
}
