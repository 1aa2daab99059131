//! What a hold, such as a police request to wait, does to a deadline.

use super::calendar::Calendars;
use super::deadline::{ClockFault, Context, Deadline, deadline, end_of_day, out_of_range, spoken};
use super::derivation::Scribe;
use super::limit::Limit;
use super::lint::LimitFault;
use super::toll::{Span, tolled};
use crate::domain::instant::{Instant, Zone, is_sane_date};
use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a law lets a hold do to a clock. In TOML `{ floor = {} }` and the like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Pause {
    /// The deadline is the later of the original and the release. The cautious reading of "delay".
    Floor {},
    /// The time held is added to what was left.
    Toll {},
    /// A new period runs from the release and replaces the old one, even where it ends earlier.
    Restart(Box<Limit>),
    /// The later of the original and a period that runs from the release.
    LatestOf(Box<Limit>),
    /// The hold ends at the latest when a period from its own start has run; then as `pause`.
    Capped {
        /// The longest the hold can last.
        limit: Box<Limit>,
        /// What it does.
        pause: Box<Pause>,
    },
    /// To tell is forbidden until the release; the deadline moves as under `floor`.
    Prohibition {},
}

impl Pause {
    /// What it does to a limit, in words: one sentence without its full stop.
    pub fn words(&self) -> String {
        match self {
            Self::Floor {} => {
                "the days go on counting; the limit is the later of its own end and the first moment at which telling is allowed again".into()
            }
            Self::Toll {} => "the days stop counting; what was left of them runs on from the first moment at which telling is allowed again".into(),
            Self::Restart(_) => {
                "a new period runs from the first moment at which telling is allowed again and replaces the old one, also where it ends earlier".into()
            }
            Self::LatestOf(_) => {
                "the limit is the later of its own end and a period that runs from the first moment at which telling is allowed again".into()
            }
            Self::Capped { pause, .. } => format!("it ends at the latest when a period from its own start has run; {}", pause.words()),
            Self::Prohibition {} => {
                "telling is forbidden until it ends; the days go on counting, and the limit is the later of its own end and the first moment at which telling is allowed again".into()
            }
        }
    }

    /// Everything wrong with the limits in it, for the load of a pack.
    pub fn faults(&self, calendars: &Calendars) -> Vec<LimitFault> {
        match self {
            Self::Floor {} | Self::Toll {} | Self::Prohibition {} => Vec::new(),
            Self::Restart(limit) | Self::LatestOf(limit) => limit.faults(calendars),
            Self::Capped { limit, pause } => limit.faults(calendars).into_iter().chain(pause.faults(calendars)).collect(),
        }
    }
}

/// One hold on one clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When it was stated.
    pub from: Instant,
    /// The first moment at which telling is allowed again; `None` while open.
    pub until: Option<Instant>,
    /// What the law of this clock lets it do.
    pub kind: Pause,
    /// An oral statement lapses this many civil days after the first of its kind on the clock; a written one that
    /// follows is a hold of its own.
    pub oral_cap_days: Option<u32>,
}

impl Hold {
    /// The first moment at which telling is allowed again, without the caps a law sets; none while nobody has
    /// said. A statement by word of mouth lapses by itself, and another on the same clock does not renew it: all
    /// of them lapse with the first.
    pub fn ends_among<'h>(&self, holds: impl IntoIterator<Item = &'h Hold>, zone: Zone) -> Option<Instant> {
        let lapse = self.oral_cap_days.and_then(|days| lapse(self.first_said(holds), days, zone));
        self.until.into_iter().chain(lapse).min()
    }

    /// When the first statement of this kind was made.
    fn first_said<'h>(&self, holds: impl IntoIterator<Item = &'h Hold>) -> Instant {
        let is_alike = |hold: &&Hold| hold.kind == self.kind && hold.oral_cap_days == self.oral_cap_days;
        let is_said = |hold: &&Hold| hold.until.is_none_or(|until| until > hold.from);
        holds.into_iter().filter(is_alike).filter(is_said).map(|hold| hold.from).fold(self.from, Instant::min)
    }

    /// Whether it is a statement by word of mouth that an earlier one of its kind lets lapse sooner than it would alone.
    pub fn is_repeated<'h>(&self, holds: impl IntoIterator<Item = &'h Hold>) -> bool {
        self.oral_cap_days.is_some() && self.first_said(holds) < self.from
    }

    /// The same under the reading that each statement by word of mouth counts for itself.
    pub fn by_itself(&self, zone: Zone) -> Self {
        Self { until: self.ends_among([], zone), oral_cap_days: None, ..self.clone() }
    }
}

/// When a statement by word of mouth lapses: with the start of the civil day so many days after that of the statement.
fn lapse(said: Instant, days: u32, zone: Zone) -> Option<Instant> {
    Some(zone.start_of(zone.date_of(said).checked_add_days(Days::new(days.into()))?).0)
}

/// Lays holds over a deadline that was counted from `start` by `limit`.
///
/// Holds are taken in the order they began and stack. One that begins after the deadline cures nothing; one that ends
/// before it begins, or before the clock starts, does nothing. Statements by word of mouth lapse with the first of
/// their kind. Time under two holds is tolled once. Only a
/// restart can make a deadline earlier. After a hold in days the day of release is the last day.
pub fn with_pauses(
    mut deadline: Deadline,
    start: Instant,
    limit: &Limit,
    holds: &[Hold],
    ctx: &Context<'_>,
) -> Result<Deadline, ClockFault> {
    let Some(original) = deadline.at else {
        if !holds.is_empty() {
            deadline.derivation.scribe().step("a hold changes no deadline where there is none", "no deadline");
        }
        return Ok(deadline);
    };
    let mut in_order: Vec<&Hold> = holds.iter().collect();
    in_order.sort_by_key(|hold| (hold.from, hold.until));
    let zone = deadline.zone;
    let mut held = Held { start, limit, ctx, holds, at: original, zone, tolled: Vec::new(), open: false };
    for hold in in_order {
        held.lay(hold, &mut deadline.derivation.scribe())?;
    }
    if !is_sane_date(&held.at.date_naive()) {
        return Err(out_of_range(start));
    }
    deadline.at = Some(held.at);
    deadline.held = held.open;
    Ok(deadline)
}

struct Held<'a> {
    start: Instant,
    limit: &'a Limit,
    ctx: &'a Context<'a>,
    holds: &'a [Hold],
    at: Instant,
    zone: Zone,
    /// Held spans that toll, apart from each other.
    tolled: Vec<Span>,
    open: bool,
}

impl Held<'_> {
    fn lay(&mut self, hold: &Hold, scribe: &mut Scribe<'_>) -> Result<(), ClockFault> {
        if !std::iter::once(hold.from).chain(hold.until).all(|at| is_sane_date(&at.date_naive())) {
            return Err(out_of_range(hold.from));
        }
        scribe.step("a hold begins", spoken(self.zone, hold.from));
        if hold.from > self.at {
            scribe.step("it begins after the deadline and cures nothing", spoken(self.zone, self.at));
            return Ok(());
        }
        let (release, pause) = self.release(hold, scribe)?;
        let Some(release) = release else {
            self.open = true;
            scribe.step("it has no end yet; the deadline moves on release and is not before", spoken(self.zone, self.at));
            scribe.assume("a hold is open, so the deadline shown is the earliest it can be");
            return Ok(());
        };
        if release <= hold.from || release <= self.start {
            scribe.step("it ends before it or the clock begins, and does nothing", spoken(self.zone, self.at));
            return Ok(());
        }
        scribe.step("it ends, and telling is allowed again", spoken(self.zone, release));
        let moved = self.moved(pause, hold.from, release, scribe)?;
        if moved > self.at || matches!(pause, Pause::Restart(_)) {
            self.at = moved;
            scribe.step("the hold moves the deadline", spoken(self.zone, moved));
        } else {
            scribe.step("the hold leaves the deadline where it is", spoken(self.zone, self.at));
        }
        Ok(())
    }

    /// When the hold ends, after its caps, and what it then does.
    fn release<'h>(&self, hold: &'h Hold, scribe: &mut Scribe<'_>) -> Result<(Option<Instant>, &'h Pause), ClockFault> {
        let mut release = hold.until;
        let mut pause = &hold.kind;
        if let Some(cap_days) = hold.oral_cap_days {
            let first = hold.first_said(self.holds);
            let lapse = lapse(first, cap_days, self.zone).ok_or_else(|| out_of_range(first))?;
            let whose = if first < hold.from { "the first, which a further one does not renew" } else { "it" };
            scribe.step(format_args!("an oral statement lapses {cap_days} days after {whose}"), spoken(self.zone, lapse));
            release = Some(release.map_or(lapse, |until| until.min(lapse)));
        }
        while let Pause::Capped { limit, pause: inner } = pause {
            if let Some(cap) = deadline(limit, hold.from, self.ctx)?.at {
                scribe.step("the law caps how long it can last", spoken(self.zone, cap));
                release = Some(release.map_or(cap, |until| until.min(cap)));
            }
            pause = inner;
        }
        Ok((release, pause))
    }

    fn moved(&mut self, pause: &Pause, from: Instant, release: Instant, scribe: &mut Scribe<'_>) -> Result<Instant, ClockFault> {
        match pause {
            Pause::Floor {} | Pause::Prohibition {} => Ok(self.floor(release, scribe)),
            Pause::Capped { pause, .. } => self.moved(pause, from, release, scribe),
            Pause::Toll {} => self.toll(from, release, scribe),
            Pause::Restart(limit) | Pause::LatestOf(limit) => {
                scribe.step("a period is counted from the release", spoken(self.zone, release));
                let counted = deadline(limit, release, self.ctx)?;
                scribe.append(counted.derivation);
                Ok(counted.at.unwrap_or(release))
            }
        }
    }

    fn floor(&self, release: Instant, scribe: &mut Scribe<'_>) -> Instant {
        if release <= self.at {
            return self.at;
        }
        scribe.step("the release is after the deadline", "what is owed is owed at once on release");
        if self.limit.ends_with_a_day() {
            end_of_day(self.zone.date_of(release), self.limit.cutoff(), self.zone, scribe).max(release)
        } else {
            release
        }
    }

    fn toll(&mut self, from: Instant, release: Instant, scribe: &mut Scribe<'_>) -> Result<Instant, ClockFault> {
        let from = self.tolled.iter().map(|(_, until)| *until).fold(from.max(self.start), Instant::max);
        if from < release {
            self.tolled.push((from, release));
        }
        Ok(tolled(self.limit, self.start, &self.tolled, self.ctx, scribe)?.unwrap_or(self.at))
    }
}
