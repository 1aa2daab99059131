//! What happens in a rehearsal, and when: a file that people write beforehand.

use crate::domain::escalation::{Length, parse_length};
use crate::domain::instant::{Duration, Instant, parse_rfc3339};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A rehearsal as written. Times in it are lengths after its start, or instants.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What is rehearsed.
    pub title: String,
    /// When it begins, with an explicit offset.
    #[serde(deserialize_with = "instant")]
    pub start: Instant,
    /// When it ends; with the last step, if not said.
    #[serde(default)]
    pub end: Option<At>,
    /// What happens, in any order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// The folder of the file; messages are looked for there.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Something that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: At,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What may happen. People are named as the record would name them; `incident` is the number in the order
/// of opening, from 1, and the last one unless said; `clock` is a duty's id or the beginning of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// A source posts a message: a file beside the script, or an event written into it.
    Post {
        /// The source, as configured.
        source: String,
        /// The message.
        #[serde(default)]
        file: Option<PathBuf>,
        /// The message, as a table.
        #[serde(default)]
        event: Option<serde_json::Map<String, serde_json::Value>>,
    },
    /// A person answers questions.
    Answer {
        /// Which incident.
        #[serde(default)]
        incident: Option<usize>,
        /// Who.
        by: String,
        /// The answers by fact.
        facts: BTreeMap<String, serde_json::Value>,
        /// On what they rest.
        #[serde(default)]
        ground: Option<String>,
    },
    /// A person takes a clock.
    Ack {
        /// Which incident.
        #[serde(default)]
        incident: Option<usize>,
        /// Which clock.
        clock: String,
        /// Who.
        by: String,
        /// For which team, where several must.
        #[serde(default)]
        team: Option<String>,
        /// For how long.
        #[serde(default)]
        lease: Option<Length>,
    },
    /// A duty is met.
    Meet {
        /// Which incident.
        #[serde(default)]
        incident: Option<usize>,
        /// Which clock.
        clock: String,
        /// Who says so.
        by: String,
        /// What was filed or sent.
        what: String,
    },
    /// A person determines that nothing is owed.
    Determine {
        /// Which incident.
        #[serde(default)]
        incident: Option<usize>,
        /// Which clock.
        clock: String,
        /// Who.
        by: String,
        /// On what ground.
        ground: String,
        /// Under which provision.
        cite: String,
    },
    /// A channel fails, or works again.
    Channel {
        /// Which.
        id: String,
        /// Whether it is out of order.
        down: bool,
    },
    /// The machine's clock is set: `+3h` forward, `-1h` back.
    SetClock(After),
    /// The daemon dies, and is started again after this long.
    Restart(Length),
}

/// When something happens: a length after the start, or an instant with an explicit offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// So long after the start.
    After(Duration),
    /// At this instant.
    On(Instant),
}

impl At {
    /// The instant, in a rehearsal that begins at `start`.
    pub fn instant(self, start: Instant) -> Instant {
        match self {
            Self::After(length) => start + length,
            Self::On(instant) => instant,
        }
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let after = || After::parse(&text).map(|After(length)| Self::After(length));
        parse_rfc3339(&text).map(Self::On).or_else(after).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no length after the start and no moment; write `+90m`, `+1d6h` or `2026-11-20T22:10:00+01:00`"
            ))
        })
    }
}

/// A length after the start, written `+90m`; back, where that has a meaning, `-1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct After(pub Duration);

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no length after the start; write `+0s`, `+90m`, `+2h` or `+1d6h`"))
        })
    }
}

impl After {
    /// Reads `+90m`, `90m` or `-1h`; `+0s` is the start.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, length) = match text.strip_prefix('-') {
            Some(length) => (-1, length),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(length, "0" | "0s" | "0m" | "0h" | "0d") {
            return Some(Self(Duration::zero()));
        }
        parse_length(length).map(|length| Self(length * sign))
    }
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_rfc3339(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no moment; write it with an offset, such as `2026-11-20T22:10:00+01:00`"))
    })
}

/// Why a script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptFault {
    /// It cannot be read.
    #[error("cannot read the script {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no script.
    #[error("the script {} has a fault: {text}\nhint: rehearsal.example.toml shows every kind of step", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        text: String,
    },
}

impl Script {
    /// Reads a script; its steps come in the order of time.
    pub fn read(path: &Path) -> Result<Self, ScriptFault> {
        let text = fs::read_to_string(path).map_err(|source| ScriptFault::File { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// The same from a text that stands, or would stand, at this path.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScriptFault> {
        let fault = |text: String| ScriptFault::Form { path: path.to_owned(), text };
        let mut script: Self = toml::from_str(text).map_err(|error| fault(error.to_string()))?;
        script.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        let start = script.start;
        script.steps.sort_by_key(|step| step.at.instant(start));
        for step in &script.steps {
            if step.at.instant(start) < start {
                return Err(fault("a step lies before the start".into()));
            }
            if let Action::Post { file, event, .. } = &step.action
                && file.is_some() == event.is_some()
            {
                return Err(fault("a post needs `file` or `event`, one of them".into()));
            }
        }
        Ok(script)
    }
}

impl Action {
    /// What happens, in a few words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Post { source, file: Some(file), .. } => format!("{source} posts {}", file.display()),
            Self::Post { source, .. } => format!("{source} posts an event"),
            Self::Answer { by, facts, .. } => {
                format!("{by} answers {}", facts.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::Ack { clock, by, .. } => format!("{by} takes {clock}"),
            Self::Meet { clock, by, what, .. } => format!("{by} meets {clock}: {what}"),
            Self::Determine { clock, by, ground, .. } => format!("{by} determines of {clock}: {ground}"),
            Self::Channel { id, down: true } => format!("channel {id} fails"),
            Self::Channel { id, down: false } => format!("channel {id} works again"),
            Self::SetClock(After(by)) if *by < Duration::zero() => format!("the clock is set back by {}", Length(-*by)),
            Self::SetClock(After(by)) => format!("the clock is set forward by {}", Length(*by)),
            Self::Restart(length) => format!("the daemon dies and is started again after {length}"),
        }
    }
}
