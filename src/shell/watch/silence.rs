//! Sources that ought to be heard of and are not: a SIEM that has died sends no alert about it.
//!
//! Counted is only the time in which the daemon was there to hear: neither its own downtime nor a clock
//! that was set makes a source silent. How long each has been silent is kept beside the store, so that
//! a restart does not begin to count anew.

use super::alarm::{self, Alarm};
use super::receipts::Receipts;
use crate::domain::ids::{OrganisationId, SourceId};
use crate::domain::instant::{Duration, Instant, length_in_words};
use crate::shell::desk::{Desk, SubmitError};
use crate::shell::telemetry::{Metrics, SourceLabels};
use crate::shell::wall_clock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

/// The file beside the store.
const FILE: &str = "sources.json";
/// It is written no more often than this, but when something important changed.
const WRITE_EVERY: Duration = Duration::seconds(60);

/// A source that must be heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The source.
    pub source: SourceId,
    /// How long it may be silent.
    pub every: Duration,
    /// Whom its incidents concern: their operator is rung.
    pub organisations: Vec<OrganisationId>,
}

/// What is remembered of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Heard {
    /// For how long it has been silent while the daemon was there.
    silent_ms: i64,
    /// Its last delivery by the wall clock, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_at: Option<Instant>,
    /// Whether its silence has rung.
    #[serde(default)]
    rang: bool,
}

/// The silences of all sources.
pub struct Silences {
    file: PathBuf,
    desk: Arc<Desk>,
    receipts: Arc<Receipts>,
    metrics: Arc<Metrics>,
    heard: Mutex<State>,
}

struct State {
    by_source: BTreeMap<SourceId, Heard>,
    looked: tokio::time::Instant,
    written: tokio::time::Instant,
}

impl Silences {
    /// The silences as they were when the daemon ended.
    pub fn in_store(store: &Path, desk: Arc<Desk>, receipts: Arc<Receipts>, metrics: Arc<Metrics>) -> Self {
        let file = store.join(FILE);
        // A file that is not there, or torn by hand, only means that silence is counted from the start.
        let by_source = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let now = wall_clock::stopwatch();
        Self { file, desk, receipts, metrics, heard: Mutex::new(State { by_source, looked: now, written: now }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every source that must be heard of: rings for one that fell silent, and ends the alarm of
    /// one that is heard of again.
    pub async fn step(&self, rules: &[Rule], now: Instant) -> Result<(), SubmitError> {
        let mut news = false;
        for (rule, heard) in self.count(rules) {
            let silent = Duration::milliseconds(heard.silent_ms);
            let labels = SourceLabels { source: rule.source.to_string() };
            self.metrics.source_silent_s.get_or_create(&labels).set(silent.num_seconds());
            let is_silent = silent >= rule.every;
            if is_silent == heard.rang {
                continue;
            }
            let alarm = alarm_of(&rule);
            if is_silent {
                let remark = match heard.last_at {
                    Some(at) => {
                        format!("nothing came from {} for {}; last heard of at {at}", rule.source, length_in_words(silent))
                    }
                    None => format!("nothing has come from {} for {}", rule.source, length_in_words(silent)),
                };
                tracing::warn!(source = %rule.source, "{remark}");
                alarm::raise(&self.desk, &alarm, &remark, &rule.organisations, now).await?;
            } else {
                tracing::info!(source = %rule.source, "the source is heard of again");
                alarm::end(&self.desk, &alarm, &format!("{} is heard of again", rule.source), now).await?;
            }
            if let Some(heard) = self.state().by_source.get_mut(&rule.source) {
                heard.rang = is_silent;
            }
            news = true;
        }
        let age = self.state().written.elapsed();
        if news || age >= WRITE_EVERY.to_std().unwrap_or_default() {
            self.write_down(now);
        }
        Ok(())
    }

    /// How long each source has been silent by now.
    fn count(&self, rules: &[Rule]) -> Vec<(Rule, Heard)> {
        let mut state = self.state();
        let looked = std::mem::replace(&mut state.looked, wall_clock::stopwatch());
        let meanwhile = looked.elapsed();
        state.by_source.retain(|source, _| rules.iter().any(|rule| rule.source == *source));
        let mut counted = Vec::new();
        for rule in rules {
            let heard = state.by_source.entry(rule.source.clone()).or_default();
            let silent = match self.receipts.of(&rule.source) {
                Some(receipt) if heard.last_at != Some(receipt.at) => {
                    heard.last_at = Some(receipt.at);
                    receipt.watch.elapsed()
                }
                _ => std::time::Duration::from_millis(u64::try_from(heard.silent_ms).unwrap_or(0)) + meanwhile,
            };
            heard.silent_ms = i64::try_from(silent.as_millis()).unwrap_or(i64::MAX);
            counted.push((rule.clone(), heard.clone()));
        }
        counted
    }

    /// Writes down what must be remembered across a restart.
    pub(super) fn write_down(&self, now: Instant) {
        let by_source = {
            let mut state = self.state();
            state.written = wall_clock::stopwatch();
            state.by_source.clone()
        };
        if by_source.is_empty() && !self.file.exists() {
            return;
        }
        if let Err(error) = replace(&self.file, &by_source) {
            tracing::warn!(%error, at = %now, "when sources were heard of could not be written down");
        }
    }
}

fn alarm_of(rule: &Rule) -> Alarm {
    Alarm {
        duty: "house.source",
        fact: "source.silent",
        subject: rule.source.to_string(),
        title: format!("Source {} has fallen silent", rule.source),
    }
}

fn replace(path: &Path, content: &BTreeMap<SourceId, Heard>) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&serde_json::to_vec_pretty(content)?)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}
