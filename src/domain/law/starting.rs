//! When the clock of a duty starts, and what the duty was then: law, not yet, no longer.

use super::assess::Circumstances;
use super::deadlines::Reckoning;
use super::pack::{Duty, Mode, Pick, Status};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, NaiveDate, Zone};
use serde::{Deserialize, Serialize};

/// A start instant and where it came from, as it goes into the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The instant.
    pub at: Instant,
    /// Whether the event in law is known, or only a candidate for it.
    pub settled: bool,
    /// The fact it came from; none when it is the instant of the assessment.
    pub from: Option<FactKey>,
    /// The event in law.
    pub event: String,
}

/// A start instant and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Starting<'a> {
    /// The instant.
    pub at: Instant,
    /// Whether the event in law is known, or only a candidate for it.
    pub settled: bool,
    /// The fact it comes from; none when it is the instant of the assessment.
    pub from: Option<&'a FactKey>,
    /// The event in law.
    pub event: &'a str,
}

impl<'a> Starting<'a> {
    /// When the clock starts on these facts.
    pub fn of(duty: &'a Duty, at: &Circumstances<'_, '_>) -> Self {
        let text = &duty.text.start;
        let known = |keys: &'a [FactKey], pick: Pick| {
            let mut known = keys.iter().filter_map(|key| at.sight.instant(key, at.zone).map(|instant| (instant, key)));
            match pick {
                Pick::First => known.next(),
                Pick::Earliest => known.min(),
                Pick::Latest => known.max(),
            }
        };
        let starting = |found: Option<(Instant, &'a FactKey)>, settled| {
            found.map(|(at, key)| Self { at, settled, from: Some(key), event: &text.event })
        };
        // Of a dispute about the start the earliest side is a candidate for it.
        let disputed =
            text.facts.iter().filter_map(|key| at.sight.earliest_side(key, at.zone).map(|instant| (instant, key))).min();
        let candidate = known(&text.candidates, Pick::Earliest).into_iter().chain(disputed).min();
        let earlier_is_arguable = |settled: &(Instant, &'a FactKey)| {
            text.pick != Pick::Latest && disputed.is_some_and(|disputed| disputed.0 < settled.0)
        };
        starting(known(&text.facts, text.pick).filter(|settled| !earlier_is_arguable(settled)), true)
            .or_else(|| starting(candidate, false))
            .unwrap_or(Self { at: at.at, settled: false, from: None, event: &text.event })
    }

    /// As it goes into the record.
    pub fn recorded(&self) -> Started {
        Started { at: self.at, settled: self.settled, from: self.from.cloned(), event: self.event.to_owned() }
    }
}

/// The zone whose days decide on which day a clock starts, and so whether the duty was law.
fn zone_of(duty: &Duty, at: &Circumstances<'_, '_>) -> Zone {
    let of_limit = || duty.text.due.first().map_or(at.zone, |due| due.limit.zone(at.zone));
    duty.text.force.zone.unwrap_or_else(of_limit)
}

/// Why a duty is not law for this start, if it is not and never will be. A start that nobody has
/// settled puts nothing out of time: the event in law may lie on another day.
pub(super) fn out_of_time(duty: &Duty, at: &Circumstances<'_, '_>, start: &Starting<'_>) -> Option<String> {
    let force = &duty.text.force;
    if force.status == Status::Repealed && force.until.is_none() {
        return Some("repealed".into());
    }
    if !start.settled {
        return None;
    }
    let date: NaiveDate = zone_of(duty, at).date_of(start.at);
    if let Some(until) = force.until.filter(|until| date >= *until) {
        return Some(format!("not law since {until}; the clock would start on {date}"));
    }
    if force.status == Status::Repealed {
        return Some("repealed".into());
    }
    if force.status == Status::InForce
        && let Some(from) = force.from.filter(|from| date < *from)
    {
        return Some(match &force.before {
            None => format!("not law before {from}; the clock would start on {date}"),
            Some(before) => format!(
                "before {from} an older text was law; it is not modelled ({before}); the clock would start on {date}: ask counsel"
            ),
        });
    }
    None
}

/// What the clock of a duty means for this start, and what must be said of that.
pub(super) fn mode(
    duty: &Duty,
    at: &Circumstances<'_, '_>,
    start: &Starting<'_>,
    reckoning: &Reckoning<'_>,
    remarks: &mut Vec<String>,
) -> Mode {
    let force = &duty.text.force;
    match force.status {
        Status::Policy => return Mode::Policy,
        Status::Proposed | Status::Voluntary | Status::Repealed => return Mode::Advisory,
        Status::InForce | Status::Enacted => {}
    }
    let Some(from) = force.from else { return Mode::Live };
    let zone = zone_of(duty, at);
    let date = zone.date_of(start.at);
    let basis = force.basis.as_deref().unwrap_or(&duty.text.cite);
    if let Some(latest) = force.from_latest.filter(|latest| date >= from && date < *latest) {
        remarks.push(format!(
            "sources differ on whether it binds from {from} or only from {latest} ({basis}); it is run as in force"
        ));
    }
    if date >= from {
        return Mode::Live;
    }
    // Where the law gives no number, the house's target stands for the end.
    match reckoning.operational.at.or(reckoning.target.as_ref().and_then(|target| target.at)) {
        _ if force.status == Status::InForce => {
            remarks.push(format!(
                "the earliest candidate for the start lies before commencement on {from} ({basis}); while the start is not settled it is run as law"
            ));
            Mode::Live
        }
        Some(due) if zone.date_of(due) >= from => {
            remarks.push(format!(
                "the clock starts before commencement on {from} and ends after it ({basis}); the law has no transitional rule: run as live, ask counsel"
            ));
            Mode::Straddle
        }
        _ => {
            remarks.push(format!("rehearsal: not in force before {from} ({basis})"));
            Mode::Shadow
        }
    }
}
