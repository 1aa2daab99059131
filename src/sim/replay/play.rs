//! Lets a case happen.

use super::scenario::{Scenario, Step};
use super::verdict::Verdict;
use crate::domain::instant::Instant;
use crate::shell::config;
use crate::sim::rehearsal::{Action, Fault, Rehearsal, Scene};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The one source, organisation and person of a replay.
const SOURCE: &str = "replay";
const ORGANISATION: &str = "theirs";
const PERSON: &str = "the case file";

/// What came of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// The case.
    pub id: String,
    /// The case in a line.
    pub title: String,
    /// Who decided.
    pub regulator: String,
    /// The finding in a word.
    pub finding: String,
    /// When anybody would have been told anything.
    pub first_letter_at: Option<Instant>,
    /// Each duty that something was found of.
    pub verdicts: Vec<Verdict>,
    /// What could not be played.
    pub refused: Vec<Scene>,
}

impl Replayed {
    /// Whether everything was played, and nothing differs from what was found.
    pub fn is_well(&self) -> bool {
        self.refused.is_empty() && !self.verdicts.iter().any(Verdict::differs)
    }
}

/// Plays a case on a clock of its own, at a house that has the organisation of the case and the built-in law.
pub async fn play(scenario: &Scenario) -> Result<Replayed, Fault> {
    let config = house(scenario);
    let start = scenario.timeline.first().map_or(Instant::MIN_UTC, |step| step.at);
    let read = Box::new(move |now| config::parse(Path::new("replay.toml"), &config, &BTreeMap::new(), now));
    let mut rehearsal = Rehearsal::begin(&scenario.title, start, read)?;
    let mut refused = Vec::new();
    for step in &scenario.timeline {
        rehearsal.run_until(step.at).await?;
        refused.extend(take(&mut rehearsal, scenario, step).await?);
        rehearsal.run_until(step.at).await?;
    }
    let (incidents, told) = (rehearsal.stage().incidents().await?, rehearsal.told());
    let verdicts = scenario.expect.iter().map(|expect| Verdict::of(scenario, expect, &incidents, &told, rehearsal.now()));
    Ok(Replayed {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        regulator: scenario.regulator.clone(),
        finding: scenario.finding.clone(),
        first_letter_at: told.iter().map(|told| told.at).min(),
        verdicts: verdicts.collect(),
        refused,
    })
}

/// Does what a step asks for, and gives what was refused.
async fn take(rehearsal: &mut Rehearsal, scenario: &Scenario, step: &Step) -> Result<Vec<Scene>, Fault> {
    let mut scenes = Vec::new();
    if let Some(post) = &step.deeds.post {
        let mut event = post.clone();
        event.entry("id").or_insert_with(|| scenario.id.clone().into());
        let action = Action::Post { source: SOURCE.into(), file: None, event: Some(event) };
        scenes.push(rehearsal.act(&action, Path::new(".")).await);
    }
    if !step.deeds.answer.is_empty() {
        let facts = step.deeds.answer.clone();
        let action = Action::Answer { incident: None, by: PERSON.into(), facts, ground: Some(step.what.clone()) };
        scenes.push(rehearsal.act(&action, Path::new(".")).await);
    }
    for duty in step.deeds.meet.ids() {
        for clock in clocks_of(rehearsal, duty).await? {
            let action = Action::Meet { incident: None, clock, by: PERSON.into(), what: step.what.clone() };
            scenes.push(rehearsal.act(&action, Path::new(".")).await);
        }
    }
    let unknown = step.deeds.others.keys().map(|deed| Scene {
        at: step.at,
        what: step.what.clone(),
        outcome: format!("refused: nothing is known of `{deed}`; a step can `post`, `answer` and `meet`"),
        refused: true,
    });
    scenes.extend(unknown);
    Ok(scenes.into_iter().filter(|scene| scene.refused).collect())
}

/// The open clocks of a duty, whomever they are towards: a finding speaks of the duty. Without any, the duty itself,
/// for the incident to refuse in its own words.
async fn clocks_of(rehearsal: &Rehearsal, duty: &str) -> Result<Vec<String>, Fault> {
    let Some(incident) = rehearsal.stage().incidents().await?.pop() else { return Ok(vec![duty.to_owned()]) };
    let open = incident.open_clocks().into_iter().filter(|(key, _)| key.duty.as_str() == duty).map(|(key, _)| key.to_string());
    let open: Vec<String> = open.collect();
    Ok(if open.is_empty() { vec![duty.to_owned()] } else { open })
}

/// A house with one organisation, rung at the start, at half, near the end and past it.
fn house(scenario: &Scenario) -> String {
    let organisation = &scenario.organisation;
    let name = organisation.name.as_ref().unwrap_or(&scenario.title);
    let facts = organisation.facts.iter().filter(|(_, value)| !value.is_null());
    let facts: String = facts.map(|(key, value)| format!("{} = {}\n", quoted(key), in_toml(value))).collect();
    let token = "0".repeat(64);
    format!(
        r#"[store]
path = "replay"
[operator]
team = "house"
[[organisation]]
id = "{ORGANISATION}"
name = {name}
zone = "{zone}"
[organisation.facts]
{facts}
[[source]]
name = "{SOURCE}"
mapping = "native"
organisations = ["{ORGANISATION}"]
token_sha256 = ["{token}"]
[[channel]]
id = "notes"
[channel.email]
host = "localhost"
port = 25
tls = "none"
from = "Watchbell <watchbell@example.org>"
[[team]]
name = "house"
members = [{{ channel = "notes", to = "house@example.org" }}]
[[ladder]]
name = "every"
rung = [
  {{ when = "start", to = ["house"] }},
  {{ when = "50% left", to = ["house"] }},
  {{ when = "25% left", to = ["house"] }},
  {{ when = "expiry", to = ["house"] }},
  {{ when = "every 30d overdue", to = ["house"] }},
]
"#,
        name = quoted(name),
        zone = organisation.zone.name(),
    )
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A value of JSON as TOML writes it in a line.
fn in_toml(value: &serde_json::Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| quoted(&value.to_string()), |value| value.to_string())
}
