//! A case as written: JSON, one file each.

use crate::domain::instant::{Instant, NaiveDate, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A case: whom it concerns, what happened, what an authority found. Further keys are descriptions, and are not read.
#[derive(Clone, Debug, Deserialize)]
pub struct Scenario {
    /// A short name, unique in a set.
    pub id: String,
    /// The case in a line.
    pub title: String,
    /// Who decided.
    pub regulator: String,
    /// When; empty while nobody has.
    #[serde(default)]
    pub decided: String,
    /// The finding in a word; `no-finding-yet` where there is none to be held against.
    pub finding: String,
    /// The finding in a sentence or two.
    pub words: String,
    /// Where it can be read.
    pub sources: Vec<Source>,
    /// Whom it concerns.
    pub organisation: Organisation,
    /// What happened.
    pub timeline: Vec<Step>,
    /// What was found of each duty.
    pub expect: Vec<Expectation>,
    /// What one must know besides.
    #[serde(default)]
    pub note: String,
}

/// Where a finding can be read.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// The address.
    pub url: String,
    /// How it was read.
    #[serde(default)]
    pub read: String,
}

/// The organisation of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// What it is called; the case's title if not said.
    #[serde(default)]
    pub name: Option<String>,
    /// Where its days begin.
    pub zone: Zone,
    /// What the configuration would say of it.
    pub facts: BTreeMap<String, Json>,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// When, with an offset.
    pub at: Instant,
    /// How exactly that is known: `hour`, `day`, `month`, with `(assumed)` where it is.
    #[serde(default)]
    pub precision: String,
    /// How the date came to be; inferred from the precision if not said.
    #[serde(default)]
    pub date: Option<Mark>,
    /// What.
    pub what: String,
    /// What it means for the record.
    #[serde(default, rename = "do")]
    pub deeds: Deeds,
}

/// How a date came to be in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A source states it.
    Found,
    /// It follows from what a source states, by an assumption.
    Assumed,
    /// A source states only the month or the year; the day is picked.
    Notional,
}

impl Mark {
    /// The mark as it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Assumed => "assumed",
            Self::Notional => "notional",
        }
    }
}

/// What a step does, in this order.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Deeds {
    /// A message comes in, in the shape of the native event.
    #[serde(default)]
    pub post: Option<Map<String, Json>>,
    /// A person answers questions.
    #[serde(default)]
    pub answer: BTreeMap<String, Json>,
    /// Duties are met, by their ids.
    #[serde(default)]
    pub meet: OneOrMore,
    /// What is not known here; it is refused when its time comes.
    #[serde(flatten)]
    pub others: BTreeMap<String, Json>,
}

/// One id or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    /// The ids.
    pub fn ids(&self) -> &[String] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::More(ids) => ids,
        }
    }
}

/// What was found of a duty.
#[derive(Clone, Debug, Deserialize)]
pub struct Expectation {
    /// The duty.
    pub duty: String,
    /// `late`, `on-time`, `owed` or `not-owed`.
    pub outcome: String,
    /// The day of awareness or discovery.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day in time.
    #[serde(default)]
    pub due_day: Option<NaiveDate>,
    /// The day of the notice.
    #[serde(default)]
    pub filed: Option<NaiveDate>,
    /// How many days after awareness that is.
    #[serde(default)]
    pub days_after_awareness: Option<i64>,
    /// By how many days the authority itself called it late.
    #[serde(default)]
    pub days_late: Option<i64>,
    /// What is stated besides, and not compared; the table names it.
    #[serde(flatten)]
    pub others: BTreeMap<String, Json>,
}

impl Expectation {
    /// From awareness to the notice, in days, as stated or from the days stated.
    pub fn days_after(&self) -> Option<i64> {
        self.days_after_awareness.or_else(|| Some((self.filed? - self.from?).num_days()))
    }

    /// By how many days it was late, as stated or from the days stated.
    pub fn late_by_days(&self) -> Option<i64> {
        let counted = || Some((self.filed? - self.due_day?).num_days()).filter(|days| *days > 0);
        self.days_late.or_else(counted)
    }
}

impl Step {
    /// How its date came to be.
    pub fn mark(&self) -> Mark {
        self.date.unwrap_or_else(|| match self.precision.as_str() {
            precision if precision.contains("assumed") => Mark::Assumed,
            precision if ["month", "year", "week", "quarter"].iter().any(|word| precision.contains(word)) => Mark::Notional,
            "" => Mark::Assumed,
            _ => Mark::Found,
        })
    }
}

impl Scenario {
    /// Whether an authority has found anything.
    pub fn is_decided(&self) -> bool {
        self.finding != "no-finding-yet"
    }
}

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioFault {
    /// It cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is none.
    #[error("no scenario in `{}`\nhint: a scenario is a file whose name ends in `.json`", path.display())]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// It is no scenario.
    #[error("`{}` is no scenario: {text}\nhint: docs/replay.md says how one is written", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        text: String,
    },
}

/// The scenario of a file, or those of a folder in the order of the names of their files.
pub fn read_all(path: &Path) -> Result<Vec<Scenario>, ScenarioFault> {
    let unread = |source| ScenarioFault::File { path: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![read(path)?]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unread)? {
        let file = entry.map_err(unread)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(ScenarioFault::None { path: path.to_owned() });
    }
    files.iter().map(|file| read(file)).collect()
}

fn read(path: &Path) -> Result<Scenario, ScenarioFault> {
    let text = fs::read_to_string(path).map_err(|source| ScenarioFault::File { path: path.to_owned(), source })?;
    let fault = |text: String| ScenarioFault::Form { path: path.to_owned(), text };
    let mut scenario: Scenario = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
    if scenario.timeline.is_empty() {
        return Err(fault("nothing happens in it".into()));
    }
    if scenario.expect.is_empty() {
        return Err(fault("it expects nothing".into()));
    }
    scenario.timeline.sort_by_key(|step| step.at);
    Ok(scenario)
}
