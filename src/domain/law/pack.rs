//! The shape of a pack: what a lawyer writes in `rules/<pack>/`.

use super::condition::Condition;
use super::overlay::Overlay;
use crate::domain::clocks::{Hold, Limit, Pause};
use crate::domain::facts::FactEntry;
use crate::domain::ids::{DutyId, FactKey, PackId};
use crate::domain::instant::{Instant, NaiveDate, Zone};
use crate::domain::notices::Element;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How well a statement of law was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// Read in the official text.
    Official,
    /// Read whole in a stored copy of the official text, not at its publisher.
    Copy,
    /// The official words, seen only as quoted elsewhere.
    Quoted,
    /// Read in a reputable secondary source.
    Secondary,
    /// From general knowledge; a person must check it before relying on it.
    Unverified,
    /// The law is silent; this is a choice of interpretation, and says so.
    Choice,
}

impl Verification {
    /// The word packs write for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Copy => "copy",
            Self::Quoted => "quoted",
            Self::Secondary => "secondary",
            Self::Unverified => "unverified",
            Self::Choice => "choice",
        }
    }

    /// The same for people who rely on it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Official => "read in the official text",
            Self::Copy => "read in a copy of the official text",
            Self::Quoted => "checked against a quotation of the official text",
            Self::Secondary => "read in a secondary source",
            Self::Unverified => "NOT VERIFIED, check it before relying on it",
            Self::Choice => "a choice of interpretation, the law is silent",
        }
    }

    /// The same with the edition that was read, such as `2024` or `27 April 2016`, where it is known and says something.
    pub fn words_of(self, edition: Option<&str>) -> Cow<'static, str> {
        match (self, edition) {
            (Self::Official | Self::Copy | Self::Quoted, Some(edition)) => format!("{} of {edition}", self.words()).into(),
            _ => self.words().into(),
        }
    }
}

/// Whether a duty is law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It binds.
    InForce,
    /// It is law and will bind from its commencement.
    Enacted,
    /// It is a proposal.
    Proposed,
    /// A scheme one may follow.
    Voluntary,
    /// It no longer binds.
    Repealed,
    /// The house's own rule.
    Policy,
}

/// What a clock of a duty means for a given start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A statutory clock.
    Live,
    /// Started before commencement, runs past it: treated as live, flagged for counsel.
    Straddle,
    /// Not in force: a rehearsal.
    Shadow,
    /// A proposal, a voluntary scheme: a soft reminder.
    Advisory,
    /// The house's own clock.
    Policy,
}

impl Mode {
    /// The word cases write for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Straddle => "straddle",
            Self::Shadow => "shadow",
            Self::Advisory => "advisory",
            Self::Policy => "policy",
        }
    }
}

/// `rules/<pack>/pack.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackHead {
    /// The id, equal to the folder's name.
    pub id: PackId,
    /// The instrument, for people.
    pub title: String,
    /// The version, a date and a counter such as `2026.11.21`.
    pub version: String,
    /// Where the law comes from.
    pub place: String,
    /// The places whose general law on telling of breaches the pack holds: ISO 3166 codes, or groups as `@name`. What is not
    /// declared is not covered, whatever duties the pack finds.
    #[serde(default)]
    pub covers: BTreeSet<String>,
    /// The regimes beside the general law of a place that the pack holds, by the names they have in `hints/`.
    #[serde(default)]
    pub regimes: BTreeSet<String>,
    /// When a person last read the whole pack against its sources.
    pub reviewed: NaiveDate,
    /// Whether it is used when the configuration says nothing.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What the pack rests on.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
    /// Groups of words, such as the countries of the EEA, used as `@name`.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Conditions with a name and a citation.
    #[serde(default, rename = "term")]
    pub terms: Vec<Term>,
    /// Facts only this pack asks for.
    #[serde(default, rename = "fact")]
    pub facts: Vec<FactEntry>,
}

fn yes() -> bool {
    true
}

/// A source of law or commentary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// What it is called.
    pub title: String,
    /// How it was seen.
    pub verification: Verification,
    /// Where, if it has a stable address.
    #[serde(default)]
    pub url: Option<String>,
    /// What the publisher files it under: a CELEX number, a section of the eCFR, a number of the gazette.
    #[serde(default)]
    pub address: Option<String>,
    /// The state of the text that was read, in words that follow "the official text of": a year, or a day and what amended it.
    #[serde(default)]
    pub edition: Option<String>,
    /// How the citations begin that rest on it, such as `45 CFR 164`: so a reader of one is told the edition.
    #[serde(default)]
    pub cites: Vec<String>,
    /// In what it was read, where that is not the publisher's own page.
    #[serde(default)]
    pub read_in: Option<String>,
    /// The day on which it was read.
    #[serde(default)]
    pub read_on: Option<NaiveDate>,
}

/// A named condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Term {
    /// The name used in `{ term = "…" }`.
    pub id: String,
    /// The legal notion, in words that fit "… : a personal data breach".
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What makes it so.
    pub when: Condition,
}

/// `rules/<pack>/<duty>.toml`: one obligation in law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DutyText {
    /// The id, such as `eu.gdpr.art33.authority`.
    pub id: DutyId,
    /// What is to be done, in a few words.
    pub title: String,
    /// Who must act, in the law's word.
    pub obliged: String,
    /// Whom they must tell.
    pub addressee: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What is asked of the reader of an alert, in one sentence.
    pub asks: String,
    /// Since when and until when it is law.
    pub force: Force,
    /// Who is bound: role and place. When this fails the duty is not even listed.
    pub binds: Condition,
    /// What must have happened.
    pub arises: Condition,
    /// What lifts the duty; each needs facts or a recorded determination.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<Exception>,
    /// One clock for each of several: authorities, States, groups of people.
    #[serde(default)]
    pub each: Option<Each>,
    /// Who has a clock besides those that `each` names.
    #[serde(default)]
    pub each_besides: Option<Besides>,
    /// The count of those who must be told, where they are people. When more are found than were told, a further clock runs.
    #[serde(default)]
    pub tells: Option<FactKey>,
    /// When the clock starts.
    pub start: Start,
    /// How long it runs. Cases are tried in order; where facts are missing the earliest deadline runs.
    pub due: Vec<Due>,
    /// The house's own target, before any limit of law.
    #[serde(default)]
    pub target: Option<Limit>,
    /// What may delay it.
    #[serde(default, rename = "hold")]
    pub holds: Vec<HoldRule>,
    /// What the notice must say.
    #[serde(default, rename = "content")]
    pub contents: Vec<Element>,
    /// The notice template, a file in `notices/`.
    #[serde(default)]
    pub notice: Option<String>,
    /// Duties this one would stand in for, were it law: a proposal names those of to-day, so that the two can be compared.
    #[serde(default)]
    pub would_replace: Vec<DutyId>,
    /// What a reader should know besides: traps, open questions, practice.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Since when and until when a duty is law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Force {
    /// Whether it is law today.
    pub status: Status,
    /// The first day it binds; the earlier one where sources differ.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last arguable first day, where sources differ.
    #[serde(default)]
    pub from_latest: Option<NaiveDate>,
    /// The first day it no longer binds.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// What was law before the first day, where that is known and not modelled.
    #[serde(default)]
    pub before: Option<String>,
    /// The zone in which these days begin; without it the zone of the first limit.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// What the dates rest on.
    #[serde(default)]
    pub basis: Option<String>,
    /// When a person last checked.
    pub checked: NaiveDate,
}

/// What lifts a duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exception {
    /// A short name, unique in the duty.
    pub id: String,
    /// The ground in words.
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What must be so.
    pub when: Condition,
    /// The burden lies on the obliged: until the ground is shown the duty stands. Without it an
    /// unsettled ground leaves the duty open, with a provisional clock.
    #[serde(default)]
    pub must_be_shown: bool,
}

/// For each of what a duty has a clock of its own, with its own filing and its own end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Each {
    /// Each member of a names or places fact, such as the authorities to be told.
    Of(FactKey),
    /// Each place of a count by place that has enough people.
    Place(super::condition::Places),
    /// Each group of people named in `people.cohorts`. A fact said of a group, written
    /// `risk.level@staff`, stands before the same fact said of all.
    Cohort {},
    /// Each party of a list of names and how to reach them, such as the controllers a processor works for. Until people
    /// or the configuration have given the list, one clock stands for each of them. A clock carries a number and no name.
    Listed(FactKey),
}

/// Countries that have a clock besides those who are named: each with people in it that none of the named is of, in a case
/// in which the law knows no single addressee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Besides {
    /// In which case; while that is open nothing is added.
    pub when: Condition,
    /// Where people must be, and how many.
    pub place: super::condition::Places,
    /// The rule in words.
    pub says: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What is asked of a country whose own code names nobody, such as one with an authority for each of its parts.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
}

/// When a clock starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Start {
    /// The event in law, such as "the controller becomes aware".
    pub event: String,
    /// Where the law says it.
    pub cite: String,
    /// The instant facts that settle it.
    pub facts: Vec<FactKey>,
    /// Which of several known facts counts.
    #[serde(default)]
    pub pick: Pick,
    /// While none of `facts` is known, the earliest of these starts a provisional clock.
    #[serde(default)]
    pub candidates: Vec<FactKey>,
}

/// Which of several known instants counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// The earliest known.
    #[default]
    Earliest,
    /// The latest known.
    Latest,
    /// The first known in the order of the list.
    First,
}

/// How long a clock runs, in one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Due {
    /// In which case; none means always.
    #[serde(default)]
    pub when: Option<Condition>,
    /// The limit in words, such as "72 hours after awareness".
    pub says: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// The operational limit: the strictest arguable reading.
    pub limit: Limit,
    /// The outer limit, where the law arguably gives more.
    #[serde(default)]
    pub outer: Option<Reading>,
    /// Contested readings, shown and never scheduled on.
    #[serde(default)]
    pub advisory: Vec<Reading>,
    /// Instant facts that pull the limit forward when known, such as the day the letters went out.
    #[serde(default)]
    pub no_later_than: Vec<FactKey>,
    /// An instant fact that replaces the limit when known and later: an extension granted on record.
    #[serde(default)]
    pub extended_to: Option<FactKey>,
}

/// Another reading of a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reading {
    /// The reading in words, and who holds it.
    pub says: String,
    /// Where it comes from.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// The limit under it.
    pub limit: Limit,
    /// An instant fact it counts from, where that is not the start of the duty; while nobody has
    /// stated it, the reading is left out.
    #[serde(default)]
    pub counted_from: Option<FactKey>,
}

/// What may delay a duty, such as a statement of a law-enforcement official.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HoldRule {
    /// A short name, unique in the duty.
    pub id: String,
    /// The ground in words.
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What it does to the deadline.
    pub effect: Pause,
    /// After how many days it lapses by itself.
    #[serde(default)]
    pub lapses_after_days: Option<u32>,
}

impl HoldRule {
    /// The hold that a statement under this rule puts on a clock, until telling is allowed again.
    pub fn hold(&self, from: Instant, until: Option<Instant>) -> Hold {
        Hold { from, until, kind: self.effect.clone(), oral_cap_days: self.lapses_after_days }
    }
}

/// A duty as loaded: its text, its pack, and where it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    /// What the file says.
    pub text: DutyText,
    /// The pack it belongs to.
    pub pack: PackId,
    /// The template's source, if the duty has one.
    pub template: Option<String>,
    /// Its file, relative to the rules folder.
    pub file: String,
    /// What the law of single States changes of it, in the order of their names.
    pub overlays: Vec<Overlay>,
}

/// A pack as loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// `pack.toml`.
    pub head: PackHead,
    /// Its duties in the order of ids.
    pub duties: Vec<Duty>,
    /// SHA-256 over its files, in hex.
    pub digest: String,
    /// Where it was read: `built in` or a folder.
    pub origin: String,
}

impl Pack {
    /// A term by name.
    pub fn term(&self, id: &str) -> Option<&Term> {
        self.head.terms.iter().find(|term| term.id == id)
    }

    /// The edition in which what is cited was read: that of the source with the longest beginning of the citation.
    pub fn edition(&self, cite: &str) -> Option<&str> {
        let begun = |source: &Source| source.cites.iter().filter(|begin| cite.starts_with(begin.as_str())).map(String::len).max();
        let source = self.head.sources.iter().filter_map(|source| Some((begun(source)?, source))).max_by_key(|(len, _)| *len);
        source.and_then(|(_, source)| source.edition.as_deref())
    }

    /// The places it declares, its groups written out.
    pub fn covered(&self) -> impl Iterator<Item = &str> {
        self.head.covers.iter().flat_map(|word| {
            let group = word.strip_prefix('@').and_then(|group| self.head.groups.get(group));
            let alone = (!word.starts_with('@')).then_some(word.as_str());
            alone.into_iter().chain(group.into_iter().flatten().map(String::as_str))
        })
    }
}
