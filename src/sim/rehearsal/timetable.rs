//! Lets a script happen: time goes from one thing that happens to the next.

use super::house::{Fault, ReadConfig, Stage};
use super::noted_channel::Told;
use super::report::{Report, Scene};
use super::script::{Action, Script};
use crate::domain::escalation::Length;
use crate::domain::facts::{Claim, Claimant};
use crate::domain::incident::{Command, Evidence};
use crate::domain::instant::{Duration, Instant};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

/// So many looks at one instant are a busy loop.
const LOOKS_MAX: u32 = 1000;

/// A rehearsal under way.
pub struct Rehearsal {
    stage: Stage,
    title: String,
    start: Instant,
    /// The world's time.
    now: Instant,
    /// How far the daemon's clock is ahead of it.
    skew: Duration,
    scenes: Vec<Scene>,
}

impl Rehearsal {
    /// A daemon that was just started, at `start`.
    pub fn begin(title: &str, start: Instant, read: ReadConfig) -> Result<Self, Fault> {
        let (stage, skew) = (Stage::start(read, start)?, Duration::zero());
        Ok(Self { stage, title: title.to_owned(), start, now: start, skew, scenes: Vec::new() })
    }

    /// Plays a whole script.
    pub async fn play(&mut self, script: &Script) -> Result<(), Fault> {
        for step in &script.steps {
            self.run_until(step.at.instant(self.start)).await?;
            self.act(&step.action, &script.folder).await;
        }
        let end = script.end.map_or(self.now, |end| end.instant(self.start));
        self.run_until(end.max(self.now)).await
    }

    /// The world's time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The daemon.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What the daemon's clock shows.
    fn shown(&self) -> Instant {
        self.now + self.skew
    }

    /// Lets time run on, looking whenever there is something to look at.
    pub async fn run_until(&mut self, until: Instant) -> Result<(), Fault> {
        loop {
            let next = self.settle().await?.map(|next| next - self.skew);
            match next {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => break,
            }
        }
        self.now = self.now.max(until);
        self.settle().await.map(drop)
    }

    /// Lets time run to the next thing that happens by itself, at most until `until`; gives whether anybody was told of it.
    pub async fn run_to_next(&mut self, until: Instant) -> Result<Vec<Told>, Fault> {
        let before = self.told().len();
        while self.now < until && self.told().len() == before {
            let next = self.settle().await?.map_or(until, |next| next - self.skew);
            self.now = next.clamp(self.now, until);
            self.settle().await?;
            if next >= until {
                break;
            }
        }
        Ok(self.told().split_off(before))
    }

    /// Looks until nothing is left to do now; gives when there is something again, by the daemon's clock.
    async fn settle(&mut self) -> Result<Option<Instant>, Fault> {
        for _ in 0..LOOKS_MAX {
            let step = self.stage.look(self.shown()).await?;
            if step.next.is_none_or(|next| next > self.shown()) {
                return Ok(step.next);
            }
        }
        Err(Fault::NotThere(format!("the daemon has something to do at {} again and again", self.shown())))
    }

    /// Everything that was told so far.
    pub fn told(&self) -> Vec<Told> {
        self.stage.notebook().lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something happens now. What is refused is part of the exercise, and is told in the report.
    pub async fn act(&mut self, action: &Action, folder: &Path) -> Scene {
        let (outcome, refused) = match self.try_to(action, folder).await {
            Ok(outcome) => (outcome, false),
            Err(fault) => (format!("refused: {fault}"), true),
        };
        let scene = Scene { at: self.now, what: action.in_words(), outcome, refused };
        self.scenes.push(scene.clone());
        scene
    }

    async fn try_to(&mut self, action: &Action, folder: &Path) -> Result<String, Fault> {
        let now = self.shown();
        match action {
            Action::Post { source, file, event } => {
                let body = match (file, event) {
                    (Some(file), _) => fs::read(folder.join(file))
                        .map_err(|error| Fault::NotThere(format!("cannot read {}: {error}", file.display())))?,
                    (None, event) => serde_json::to_vec(event).map_err(|error| Fault::NotThere(error.to_string()))?,
                };
                self.stage.post(source, &body, now).await
            }
            Action::Answer { incident, by, facts, ground } => {
                let incident = self.stage.incident(*incident).await?;
                let claims = self.claims(facts, by, ground.as_deref(), now)?;
                self.stage.submit(&incident.id, Command::Answer { claims }, now).await?;
                Ok("on record".into())
            }
            Action::Ack { incident, clock, by, team, lease } => {
                let incident = self.stage.incident(*incident).await?;
                let clock = Stage::clock(&incident, clock)?;
                let lease = lease.map(|Length(lease)| lease);
                let command = Command::Acknowledge { clock, by: by.clone(), team: team.clone(), lease, via: "rehearsal".into() };
                self.stage.submit(&incident.id, command, now).await?;
                Ok("theirs".into())
            }
            Action::Meet { incident, clock, by, what } => {
                let incident = self.stage.incident(*incident).await?;
                let clock = Stage::clock(&incident, clock)?;
                let evidence =
                    Evidence { by: by.clone(), what: what.clone(), filed_at: now, reference: None, told: None, known_then: None };
                self.stage.submit(&incident.id, Command::Meet { clock, evidence }, now).await?;
                Ok("met".into())
            }
            Action::Determine { incident, clock, by, ground, cite } => {
                let incident = self.stage.incident(*incident).await?;
                let clock = Stage::clock(&incident, clock)?;
                let command = Command::Determine { clock, by: by.clone(), ground: ground.clone(), cite: cite.clone() };
                self.stage.submit(&incident.id, command, now).await?;
                Ok("ended on that ground".into())
            }
            Action::Channel { id, down } => {
                self.stage.set_channel(id, *down)?;
                Ok(if *down { "out of order" } else { "in order" }.into())
            }
            Action::SetClock(by) => {
                self.skew += by.0;
                Ok(format!("it shows {}", self.shown()))
            }
            Action::Restart(Length(length)) => {
                self.now += *length;
                self.stage.restart(self.shown())?;
                Ok("started again".into())
            }
        }
    }

    fn claims(
        &self,
        facts: &BTreeMap<String, serde_json::Value>,
        by: &str,
        ground: Option<&str>,
        now: Instant,
    ) -> Result<Vec<Claim>, Fault> {
        let rules = self.stage.desk().rules();
        let claim = |(key, value): (&String, &serde_json::Value)| {
            let value = rules.rulebook.vocabulary.read(key, value).map_err(|fault| Fault::NotThere(fault.to_string()))?;
            Ok(Claim {
                ground: ground.map(str::to_owned),
                ..Claim::of(key.as_str(), Some(value), Claimant::Person(by.to_owned()), now)
            })
        };
        facts.iter().map(claim).collect()
    }

    /// What came of it.
    pub async fn report(&self) -> Result<Report, Fault> {
        let incidents = self.stage.incidents().await?;
        let mut records = Vec::new();
        for incident in incidents {
            let history = self.stage.desk().history(&incident.id).await?;
            records.push((incident, history));
        }
        let span = (self.start, self.now, self.shown());
        Ok(Report::of(&self.title, span, self.scenes.clone(), self.told(), self.stage.failed(), &records))
    }
}
