//! A ladder laid over the time of one clock: each rung at its instant.

use super::ladder::{Ladder, Rung};
use super::length::Length;
use super::when::When;
use crate::domain::instant::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The span a ladder is laid over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// When the clock was first set, which is when the `start` rung falls due.
    pub set_at: Instant,
    /// When the period in law began.
    pub from: Instant,
    /// The limit, or where the law gives none the house's target.
    pub until: Option<Instant>,
}

/// A rung of one clock, at its instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRung {
    /// Its name: the ladder's words for its time, with a counter for repeats, such as `every 1h overdue #3`,
    /// or `every 1h overdue #3 to #7` for several that were all passed over. A follow-up's ends in its
    /// wait: `24h left +15m`.
    pub name: String,
    /// When it falls due.
    pub at: Instant,
    /// The teams it reaches.
    pub to: Vec<String>,
    /// Whose acknowledgement keeps it from ringing; none for a rung that is no follow-up.
    pub unless: Option<Unless>,
}

/// What keeps a follow-up from ringing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unless {
    /// When the rung it follows rang, by the record.
    pub rang_at: Instant,
    /// The teams that rung was for.
    pub teams: Vec<String>,
}

/// What became of a rung whose instant has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// When it fell due.
    pub due_at: Instant,
    /// When that was recorded.
    pub at: Instant,
    /// Why it did not ring by itself; none if it rang.
    pub passed_over: Option<String>,
}

/// The rungs of a clock that rang or were passed over, by name.
pub type Handled = BTreeMap<String, Fate>;

/// The name of the rung that a follow-up follows.
pub fn follow_up_of(name: &str) -> Option<&str> {
    name.split_once(" +").map(|(followed, _)| followed)
}

/// When a rung of a name that [`Ladder::plan`] gave falls due on a clock with this target; of several repeats
/// the last. `None` for what is no rung of any ladder, and for one that has no instant on this clock.
pub fn falls_at(name: &str, span: Span, target: Option<Instant>) -> Option<Instant> {
    let (words, number) = match name.split_once(" #") {
        Some((words, numbers)) => (words, numbers.rsplit('#').next()?.parse::<i32>().ok()?),
        None => (name, 1),
    };
    Some(match When::parse(words)? {
        When::Start => span.set_at,
        When::ShareLeft(percent) => share_left(percent, span.from, span.until?),
        When::TimeLeft(left) => Some(span.until? - left).filter(|at| *at >= span.from)?,
        When::BeforeTarget(length) => target? - length,
        When::AtTarget => target?,
        When::EveryPastTarget(every) => target? + every * number,
        When::Expiry => span.until?,
        When::EveryOverdue(every) => span.until? + every * number,
    })
}

/// The instant at which this share of the time is left, in percent.
fn share_left(percent: u8, from: Instant, until: Instant) -> Instant {
    until - Duration::milliseconds((until - from).num_milliseconds().max(0) / 100 * i64::from(percent))
}

/// The number of the last repeat of `rung` among those handled; 0 before the first.
fn last_repeat(handled: &Handled, rung: &str) -> i64 {
    let number = |name: &String| {
        if follow_up_of(name).is_some() {
            return None;
        }
        let (base, numbers) = name.split_once(" #")?;
        if base == rung { numbers.rsplit('#').next()?.parse().ok() } else { None }
    };
    handled.keys().filter_map(number).max().unwrap_or(0)
}

impl Ladder {
    /// Every rung that falls due by `now` and was not handled, and the next one after, in the order of
    /// time. Of the repeats past target or limit the last by `now` and the next are named one by one,
    /// those before as one; a repeat never comes after a later one, even when the clock was set back. A
    /// follow-up is planned from when the rung it follows rang, and never of one that was passed over.
    pub fn plan(&self, span: Span, handled: &Handled, now: Instant) -> Vec<PlannedRung> {
        let mut plan: Vec<PlannedRung> = Vec::new();
        for rung in &self.rungs {
            for (name, at) in self.instants(rung, span, handled, now) {
                plan.push(PlannedRung { name, at, to: rung.to.clone(), unless: None });
            }
            plan.extend(follow_ups(rung, handled));
        }
        plan.retain(|rung| !handled.contains_key(&rung.name));
        // Of rungs due at one instant the follow-up gives way: the other says more, and reaches its teams too.
        plan.sort_by(|a, b| (a.at, a.unless.is_none(), &a.name).cmp(&(b.at, b.unless.is_none(), &b.name)));
        plan
    }

    fn instants(&self, rung: &Rung, span: Span, handled: &Handled, now: Instant) -> Vec<(String, Instant)> {
        let once = |at: Instant| vec![(rung.when.to_string(), at)];
        let target = || self.target.and_then(|target| target.of(span));
        match (rung.when, span.until) {
            (When::Start, _) => once(span.set_at),
            (When::BeforeTarget(length), _) => match target() {
                Some(target) if target - length >= span.from => once(target - length),
                _ => Vec::new(),
            },
            (When::AtTarget, _) => target().map(once).unwrap_or_default(),
            (When::EveryPastTarget(every), until) => {
                target().map(|target| repeats(rung.when, target, every, until, handled, now)).unwrap_or_default()
            }
            (_, None) => Vec::new(),
            (When::ShareLeft(percent), Some(until)) => once(share_left(percent, span.from, until)),
            // A rung that would fall before the period began is not of this clock.
            (When::TimeLeft(left), Some(until)) if until - left < span.from => Vec::new(),
            (When::TimeLeft(left), Some(until)) => once(until - left),
            (When::Expiry, Some(until)) => once(until),
            (When::EveryOverdue(every), Some(until)) => repeats(rung.when, until, every, None, handled, now),
        }
    }
}

/// Repeats of a rung from `base` on, as long as they come before `end`.
fn repeats(
    when: When,
    base: Instant,
    every: Duration,
    end: Option<Instant>,
    handled: &Handled,
    now: Instant,
) -> Vec<(String, Instant)> {
    let (name, every_ms) = (when.to_string(), every.num_milliseconds().max(1));
    let at = |number: i64| base + Duration::milliseconds(every_ms * number);
    // The last that comes before the end: one at the end itself is not one.
    let most = end.map_or(i64::MAX, |end| ((end - base).num_milliseconds() - 1).div_euclid(every_ms));
    let passed = ((now - base).num_milliseconds() / every_ms).max(0).min(most);
    let first = last_repeat(handled, &name) + 1;
    let mut instants = Vec::new();
    match passed - first {
        ..=0 => {}
        1 => instants.push((format!("{name} #{first}"), at(first))),
        _ => instants.push((format!("{name} #{first} to #{}", passed - 1), at(first))),
    }
    for number in first.max(passed).max(1)..=first.max(passed.saturating_add(1)).min(most) {
        instants.push((format!("{name} #{number}"), at(number)));
    }
    instants
}

/// The follow-ups of every occurrence of a rung that rang.
fn follow_ups<'a>(rung: &'a Rung, handled: &'a Handled) -> impl Iterator<Item = PlannedRung> + 'a {
    let name = rung.when.to_string();
    let is_of = move |occurrence: &str| match occurrence.strip_prefix(name.as_str()) {
        Some("") => true,
        Some(rest) => rung.when.repeats() && rest.starts_with(" #") && follow_up_of(occurrence).is_none(),
        None => false,
    };
    let wait = rung.unless_acknowledged.filter(|_| !rung.then.is_empty());
    let rang = handled.iter().filter(move |(name, fate)| fate.passed_over.is_none() && is_of(name));
    rang.filter_map(move |(name, fate)| {
        let Length(wait) = wait?;
        Some(PlannedRung {
            name: format!("{name} +{}", Length(wait)),
            at: fate.at + wait,
            to: rung.then.clone(),
            unless: Some(Unless { rang_at: fate.at, teams: rung.to.clone() }),
        })
    })
}
