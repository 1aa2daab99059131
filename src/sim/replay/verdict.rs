//! What the law as data makes of a duty in a case, held against what was found.

use super::scenario::{Expectation, Scenario};
use crate::domain::incident::{Clock, ClockKey, Incident, Standing};
use crate::domain::instant::{Instant, NaiveDate};
use crate::sim::rehearsal::Told;
use serde::Serialize;
use std::sync::Arc;

/// What the law as data makes of a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ours {
    /// No clock was ever set.
    NoClock,
    /// There was one, and nothing is owed.
    NotOwed,
    /// It may be owed; an answer is missing.
    Open,
    /// It is owed, and the limit has not passed.
    Owed,
    /// It is owed, nothing was filed, and the limit has passed.
    Overdue,
    /// It was met within the limit.
    OnTime,
    /// It was met after the limit.
    Late,
    /// It was met; the law gives no number to hold it against.
    Met,
}

impl Ours {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoClock => "no clock",
            Self::NotOwed => "not owed",
            Self::Open => "open",
            Self::Owed => "owed",
            Self::Overdue => "overdue",
            Self::OnTime => "in time",
            Self::Late => "late",
            Self::Met => "told; no number in law",
        }
    }
}

/// Whether the two agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// They do, in the outcome and in every day stated.
    Agrees,
    /// They do not, and in what.
    Differs(Vec<String>),
    /// The law says "without delay": the engine says how long it took, and judges nothing.
    NoNumber,
    /// Nothing has been found that could be held against it.
    NoFinding,
}

/// A duty of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The duty.
    pub duty: String,
    /// What was found.
    pub found: String,
    /// What the engine says.
    pub ours: Ours,
    /// Whether they agree.
    pub agreement: Agreement,
    /// The pack of the law.
    pub pack: Option<String>,
    /// The day the clock counts from.
    pub from: Option<NaiveDate>,
    /// The last day in time; none without a number.
    pub limit: Option<NaiveDate>,
    /// The day it was met.
    pub filed: Option<NaiveDate>,
    /// From the start to the filing, in days.
    pub days_after_start: Option<i64>,
    /// By how many days the engine calls it late.
    pub days_late: Option<i64>,
    /// By how many days the finding does.
    pub days_late_found: Option<i64>,
    /// How many days past the house's own target it was met.
    pub days_past_target: Option<i64>,
    /// When anybody would first have been told of it.
    pub first_letter_at: Option<Instant>,
    /// The limit itself.
    pub limit_at: Option<Instant>,
    /// What is stated of it besides, and not compared.
    pub not_compared: Vec<String>,
}

impl Verdict {
    /// Whether it differs from what was found.
    pub fn differs(&self) -> bool {
        matches!(self.agreement, Agreement::Differs(_))
    }

    /// Holds a duty of the incidents, as they are at `now`, against what was found.
    pub(super) fn of(
        scenario: &Scenario,
        expect: &Expectation,
        incidents: &[Arc<Incident>],
        told: &[Told],
        now: Instant,
    ) -> Self {
        let clocks = incidents.iter().flat_map(|incident| incident.clocks.iter().map(move |(key, clock)| (incident, key, clock)));
        let strictest = clocks
            .filter(|(_, key, _)| key.duty.as_str() == expect.duty)
            .min_by_key(|(_, _, clock)| (clock.standing == Standing::Void, clock.law.due()));
        let mut verdict = Self {
            duty: expect.duty.clone(),
            found: expect.outcome.clone(),
            ours: Ours::NoClock,
            agreement: Agreement::NoFinding,
            pack: None,
            from: None,
            limit: None,
            filed: None,
            days_after_start: None,
            days_late: None,
            days_late_found: expect.late_by_days(),
            days_past_target: None,
            first_letter_at: None,
            limit_at: None,
            not_compared: expect.others.keys().cloned().collect(),
        };
        let mut missing = Vec::new();
        match strictest {
            Some((incident, key, clock)) => {
                verdict.reads(incident, key, clock, told, now);
                missing.extend(clock.law.missing.iter().map(ToString::to_string));
            }
            None if incidents.iter().flat_map(|i| i.nothing_owed.keys()).any(|key| key.duty.as_str() == expect.duty) => {
                verdict.ours = Ours::NotOwed;
            }
            None => {}
        }
        verdict.agreement = if scenario.is_decided() { verdict.against(expect, &missing) } else { Agreement::NoFinding };
        verdict
    }

    fn reads(&mut self, incident: &Incident, key: &ClockKey, clock: &Clock, told: &[Told], now: Instant) {
        let (law, zone) = (&clock.law, clock.law.deadlines.operational.zone);
        let filed_at = clock.met.as_ref().map(|met| met.filed_at);
        let limit_at = law.limit();
        let is_over = limit_at.is_some_and(|limit| limit < filed_at.unwrap_or(now));
        self.ours = match clock.standing {
            Standing::Void => Ours::NotOwed,
            Standing::Met if limit_at.is_none() => Ours::Met,
            Standing::Met if is_over => Ours::Late,
            Standing::Met => Ours::OnTime,
            Standing::Provisional => Ours::Open,
            Standing::Missed => Ours::Overdue,
            Standing::Running if is_over => Ours::Overdue,
            Standing::Running => Ours::Owed,
        };
        let day = |at: Instant| zone.date_of(at);
        let days_between = |from: Option<NaiveDate>, to: Option<NaiveDate>| Some((to? - from?).num_days());
        let target = law.deadlines.target.as_ref().and_then(|target| target.at).map(day);
        self.pack = Some(law.pack.to_string());
        self.from = Some(day(law.start.at));
        self.limit = limit_at.map(day);
        self.filed = filed_at.map(day);
        self.days_after_start = days_between(self.from, self.filed);
        self.days_late = days_between(self.limit, self.filed).filter(|_| self.ours == Ours::Late);
        self.days_past_target = days_between(target, self.filed).filter(|days| *days > 0);
        let public = key.public(&incident.id);
        self.first_letter_at = told.iter().filter(|told| told.clocks.contains(&public)).map(|told| told.at).min();
        self.limit_at = limit_at;
    }

    fn against(&self, expect: &Expectation, missing: &[String]) -> Agreement {
        let mut differences = Vec::new();
        let same_outcome = match expect.outcome.as_str() {
            "late" | "on-time" if self.ours == Ours::Met => return Agreement::NoNumber,
            "late" => matches!(self.ours, Ours::Late | Ours::Overdue),
            "on-time" => self.ours == Ours::OnTime,
            "owed" => !matches!(self.ours, Ours::NoClock | Ours::NotOwed | Ours::Open),
            "not-owed" => matches!(self.ours, Ours::NoClock | Ours::NotOwed),
            other => {
                differences.push(format!("`{other}` is no outcome; there are late, on-time, owed and not-owed"));
                true
            }
        };
        if !same_outcome {
            let asks = if self.ours == Ours::Open { format!(", without {}", missing.join(", ")) } else { String::new() };
            differences.push(format!("found {}, here {}{asks}", expect.outcome, self.ours.words()));
        }
        let days = [
            ("counted from", expect.from, self.from),
            ("last day", expect.due_day, self.limit),
            ("filed", expect.filed, self.filed),
        ];
        for (what, found, ours) in days {
            if let Some(found) = found
                && ours != Some(found)
            {
                let ours = ours.map_or_else(|| "none".to_owned(), |day| day.to_string());
                differences.push(format!("{what}: found {found}, here {ours}"));
            }
        }
        let counts = [
            ("days after awareness", expect.days_after_awareness, self.days_after_start),
            ("days late", expect.days_late, self.days_late),
        ];
        for (what, found, ours) in counts {
            if let Some(found) = found
                && ours != Some(found)
            {
                let ours = ours.map_or_else(|| "none".to_owned(), |days| days.to_string());
                differences.push(format!("{what}: found {found}, here {ours}"));
            }
        }
        if differences.is_empty() { Agreement::Agrees } else { Agreement::Differs(differences) }
    }
}
