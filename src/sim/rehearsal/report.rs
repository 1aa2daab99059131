//! What came of a rehearsal: who was told what and when, how long it took to answer, which limits held.

use super::noted_channel::Told;
use crate::domain::incident::{Clock, ClockKey, Event, Incident, Standing};
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::Mode;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was rehearsed.
    pub title: String,
    /// When it began.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
    /// What happened, as the script says, and what came of it.
    pub scenes: Vec<Scene>,
    /// Who would have been told what, in order.
    pub told: Vec<Told>,
    /// Attempts that failed, by channel.
    pub failed: BTreeMap<String, u32>,
    /// Every acknowledgement.
    pub acknowledged: Vec<Answered>,
    /// Every clock, those that would have been missed first.
    pub limits: Vec<Limit>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scene {
    /// When.
    pub at: Instant,
    /// What.
    pub what: String,
    /// What came of it.
    pub outcome: String,
    /// Whether it was refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

/// A person took a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Which clock.
    pub clock: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Instant,
    /// How long after the first letter about it, in seconds; none if nobody had been told yet.
    pub after_s: Option<i64>,
}

/// How a clock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its limit passed before it was met.
    Missed,
    /// It was met after its limit.
    MetLate,
    /// It still runs.
    Open,
    /// It was met in time.
    Met,
    /// Nothing was owed in the end.
    NotOwed,
}

/// A clock and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// The clock.
    pub clock: String,
    /// What is to be done.
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// What it means.
    pub mode: Mode,
    /// The limit; none for "without delay".
    pub due: Option<Instant>,
    /// The zone it is meant in.
    pub zone: Zone,
    /// How it ended.
    pub outcome: Outcome,
    /// How much time was left when it ended, or is at the end of the exercise, in seconds; negative if over.
    pub left_s: Option<i64>,
    /// When anybody was first told of it.
    pub first_told_at: Option<Instant>,
    /// When it was met.
    pub met_at: Option<Instant>,
    /// How many letters were about it.
    pub letters: usize,
}

/// An incident and its record.
type Record = (Arc<Incident>, Vec<(Instant, Event)>);

impl Report {
    /// The report of a rehearsal. `span` is when it began, when it ended, and what the daemon's clock showed then.
    pub fn of(
        title: &str,
        span: (Instant, Instant, Instant),
        scenes: Vec<Scene>,
        told: Vec<Told>,
        failed: BTreeMap<String, u32>,
        records: &[Record],
    ) -> Self {
        let (start, end, shown) = span;
        let acknowledged = records.iter().flat_map(|record| answers(record, &told)).collect();
        let clocks =
            records.iter().flat_map(|(incident, _)| incident.clocks.iter().map(move |(key, clock)| (incident, key, clock)));
        let mut limits: Vec<Limit> = clocks.map(|(incident, key, clock)| limit(incident, key, clock, &told, shown)).collect();
        limits.sort_by(|a, b| (a.outcome, a.due, &a.clock).cmp(&(b.outcome, b.due, &b.clock)));
        Self { title: title.to_owned(), start, end, scenes, told, failed, acknowledged, limits }
    }

    /// Limits in law, and of the house, that would have been missed or were met late.
    pub fn missed(&self) -> impl Iterator<Item = &Limit> {
        let missed = |limit: &&Limit| matches!(limit.outcome, Outcome::Missed | Outcome::MetLate) && limit.mode != Mode::Shadow;
        self.limits.iter().filter(missed)
    }

    /// What was refused: the exercise did not go as it was written.
    pub fn refused(&self) -> impl Iterator<Item = &Scene> {
        self.scenes.iter().filter(|scene| scene.refused)
    }
}

fn first_told(told: &[Told], clock: &str) -> Option<Instant> {
    told.iter().filter(|letter| letter.clocks.iter().any(|about| about == clock)).map(|letter| letter.at).min()
}

fn answers((incident, record): &Record, told: &[Told]) -> Vec<Answered> {
    let mut answers = Vec::new();
    for (at, event) in record {
        let Event::Acknowledged { clock, by, .. } = event else { continue };
        let clock = clock.public(&incident.id);
        let after_s = first_told(told, &clock).filter(|first| first <= at).map(|first| (*at - first).num_seconds());
        answers.push(Answered { clock, by: by.clone(), at: *at, after_s });
    }
    answers
}

fn limit(incident: &Incident, key: &ClockKey, clock: &Clock, told: &[Told], shown: Instant) -> Limit {
    let (name, due) = (key.public(&incident.id), clock.law.limit());
    let met_at = clock.met.as_ref().map(|evidence| evidence.filed_at);
    let ended_at = met_at.or(clock.closed_at).unwrap_or(shown);
    let is_over = due.is_some_and(|due| due < ended_at);
    let outcome = match clock.standing {
        Standing::Met if is_over => Outcome::MetLate,
        Standing::Met => Outcome::Met,
        Standing::Void => Outcome::NotOwed,
        Standing::Missed => Outcome::Missed,
        Standing::Provisional | Standing::Running if is_over => Outcome::Missed,
        Standing::Provisional | Standing::Running => Outcome::Open,
    };
    Limit {
        first_told_at: first_told(told, &name),
        letters: told.iter().filter(|letter| letter.clocks.contains(&name)).count(),
        clock: name,
        title: clock.law.title.clone(),
        cite: clock.law.cite.clone(),
        mode: clock.law.mode,
        due,
        zone: clock.law.deadlines.operational.zone,
        outcome,
        left_s: due.map(|due| (due - ended_at).num_seconds()),
        met_at,
    }
}
