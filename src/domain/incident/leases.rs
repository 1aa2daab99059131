//! How long nobody is rung because somebody owns a clock, or has silenced it.
//!
//! An acknowledgement is a lease: bound to a person, a way of saying so and an instant, and it ends.
//! Neither a lease nor a silence reaches into the last call before the limit, even when the limit moves
//! under it.

use super::command::{Moment, Refusal};
use super::event::ClockKey;
use super::house::House;
use super::state::{Clock, Incident};
use crate::domain::escalation::{Ladder, Unless};
use crate::domain::instant::{Duration, Instant};

/// How long the giver of a clock still owns it after handing it over, at most.
pub const HAND_OVER: Duration = Duration::minutes(30);

/// A person owns a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// Since when.
    pub at: Instant,
    /// Until when.
    pub until: Instant,
    /// How they said so.
    pub via: String,
    /// Whether the limit had passed already.
    pub taken_overdue: bool,
    /// To whom they handed it over.
    pub handed_to: Option<String>,
    /// When it ended.
    pub ended_at: Option<Instant>,
}

/// A clock is kept quiet for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Instant,
    /// Until when.
    pub until: Instant,
    /// How they said so.
    pub via: String,
}

impl Acknowledgement {
    /// Until when it holds: as recorded, or until the last call where the limit has moved under it.
    pub fn holds_until(&self, clock: &Clock, house: &House) -> Instant {
        let until = holds_until(clock, self.at, self.until, self.taken_overdue, house);
        // Who is removed owns nothing, and the bell rings on.
        house.removed_at(&self.by, &self.via, self.at).map_or(until, |removed_at| removed_at.min(until))
    }
}

impl Silence {
    /// Until when it holds: as recorded, or until the last call where the limit has moved under it.
    pub fn holds_until(&self, clock: &Clock, house: &House) -> Instant {
        let until = holds_until(clock, self.at, self.until, false, house);
        house.removed_at(&self.by, &self.via, self.at).map_or(until, |removed_at| removed_at.min(until))
    }
}

/// From when on a clock cannot be kept quiet; none where it has no limit.
pub fn last_call(clock: &Clock, house: &House) -> Option<Instant> {
    let until = clock.law.until()?;
    let third = (until - clock.law.start.at).max(Duration::zero()) / 3;
    Some(until - house.last_call.min(third))
}

/// Whether a clock's limit has come, so that a lease taken then keeps an overdue clock.
pub fn is_overdue(clock: &Clock, at: Instant) -> bool {
    clock.law.until().is_some_and(|until| until <= at)
}

/// Until when a lease that began at `at` holds. Before the limit never into the last call, wherever the
/// limit has moved since; one taken past the limit only for as long as a last call, so that an overdue
/// clock cannot be slept through; and where the law gives no limit, no longer than the house's usual lease.
pub fn holds_until(clock: &Clock, at: Instant, wished: Instant, taken_overdue: bool, house: &House) -> Instant {
    match last_call(clock, house) {
        Some(_) if taken_overdue => wished.min(at + house.last_call),
        Some(last_call) => wished.min(last_call),
        None => wished.min(at + house.lease),
    }
}

/// Until when a lease taken now would hold.
pub fn lease_from_now(clock: &Clock, lease: Option<Duration>, moment: &Moment<'_>) -> Result<Instant, Refusal> {
    let (now, house) = (moment.now, moment.house);
    let wished = now + lease.unwrap_or(house.lease).max(Duration::zero());
    let until = holds_until(clock, now, wished, is_overdue(clock, now), house);
    if until > now { Ok(until) } else { Err(Refusal::LastCall) }
}

/// Until when a silence asked for now would hold; an overdue clock is never silenced.
pub fn silence_from_now(clock: &Clock, until: Instant, moment: &Moment<'_>) -> Result<Instant, Refusal> {
    let until = holds_until(clock, moment.now, until, false, moment.house);
    if until > moment.now { Ok(until) } else { Err(Refusal::LastCall) }
}

/// For which teams somebody acknowledges: the one they name, those that were handed to them, or those of
/// the ones who must that they are in. `None` is an acknowledgement that covers all.
pub fn teams_of(
    incident: &Incident,
    key: &ClockKey,
    clock: &Clock,
    by: &str,
    team: Option<String>,
    house: &House,
) -> Result<Vec<Option<String>>, Refusal> {
    let ladder = house.ladder(incident, key, clock);
    let required = ladder.map_or(&[][..], |ladder| &ladder.acknowledge);
    if let Some(team) = team {
        return for_team(ladder, required, by, team, house);
    }
    if required.is_empty() {
        return Ok(vec![None]);
    }
    let handed = clock.live_leases().filter(|(_, lease)| lease.handed_to.as_deref() == Some(by));
    let handed: Vec<Option<String>> = handed.map(|(team, _)| team.clone()).collect();
    if !handed.is_empty() {
        return Ok(handed);
    }
    let theirs: Vec<Option<String>> = required.iter().filter(|team| house.is_in(team, by)).cloned().map(Some).collect();
    if theirs.is_empty() { Err(Refusal::WhichTeam(required.join(" and "))) } else { Ok(theirs) }
}

fn for_team(
    ladder: Option<&Ladder>,
    required: &[String],
    by: &str,
    team: String,
    house: &House,
) -> Result<Vec<Option<String>>, Refusal> {
    if !ladder.is_some_and(|ladder| ladder.teams().any(|known| *known == team)) {
        let known = match ladder.map(|ladder| ladder.teams().cloned().collect::<std::collections::BTreeSet<_>>()) {
            Some(teams) => format!("there are {}", teams.into_iter().collect::<Vec<_>>().join(", ")),
            None => "no ladder is for it".into(),
        };
        return Err(Refusal::NoTeam { team, known });
    }
    if !house.speaks_for(&team, by) {
        return Err(Refusal::NotInTeam { who: by.to_owned(), team });
    }
    Ok(vec![(!required.is_empty()).then_some(team)])
}

/// Who is not rung, and until when, as a clock stands at an instant.
pub struct Cover<'a> {
    clock: &'a Clock,
    house: &'a House,
    required: &'a [String],
    now: Instant,
}

impl<'a> Cover<'a> {
    /// The cover of a clock under its ladder.
    pub fn of(clock: &'a Clock, ladder: Option<&'a Ladder>, house: &'a House, now: Instant) -> Self {
        Self { clock, house, required: ladder.map_or(&[], |ladder| &ladder.acknowledge), now }
    }

    /// Until when a team is not rung; none if it is.
    pub fn until(&self, team: &str) -> Option<Instant> {
        self.silence().into_iter().chain(self.lease(team).map(|(_, until)| until)).max()
    }

    /// Until when the clock is silenced.
    pub fn silence(&self) -> Option<Instant> {
        let silence = self.clock.silence.as_ref()?;
        let until = silence.holds_until(self.clock, self.house);
        (until > self.now).then_some(until)
    }

    /// The lease that keeps a team from being rung, and its end. Where several teams must each acknowledge,
    /// a team is covered by its own lease; one that need not is covered once all that must have theirs.
    pub fn lease(&self, team: &str) -> Option<(&'a Acknowledgement, Instant)> {
        let live = || self.live().map(|(_, lease, until)| (lease, until));
        if self.required.is_empty() {
            return live().max_by_key(|(_, until)| *until);
        }
        if let Some(own) = self.of_team(team) {
            return Some(own);
        }
        let need_not = !self.required.iter().any(|required| required == team);
        let theirs: Option<Vec<_>> = self.required.iter().map(|team| self.of_team(team)).collect();
        theirs.filter(|_| need_not)?.into_iter().min_by_key(|(_, until)| *until)
    }

    /// Whether everybody who must has acknowledged, so that nobody is rung.
    pub fn is_whole(&self) -> bool {
        match self.required {
            [] => self.live().next().is_some(),
            required => required.iter().all(|team| self.of_team(team).is_some()),
        }
    }

    fn of_team(&self, team: &str) -> Option<(&'a Acknowledgement, Instant)> {
        let own = self.live().filter(|(of, _, _)| of.as_deref().is_none_or(|of| of == team));
        own.map(|(_, lease, until)| (lease, until)).max_by_key(|(_, until)| *until)
    }

    fn live(&self) -> impl Iterator<Item = (&'a Option<String>, &'a Acknowledgement, Instant)> {
        let (clock, house, now) = (self.clock, self.house, self.now);
        let ends = move |(team, lease): (&'a Option<String>, &'a Acknowledgement)| (team, lease, lease.holds_until(clock, house));
        clock.live_leases().map(ends).filter(move |(_, _, until)| *until > now)
    }

    /// Who acknowledged since the rung that a follow-up follows rang, so that it does not ring. Each team of
    /// that rung that must acknowledge has to: else the first to answer would stop the call to the others.
    pub fn answers(&self, unless: &Unless) -> Option<String> {
        let since = |lease: &&Acknowledgement| lease.at >= unless.rang_at || lease.ended_at.is_none();
        let by: Vec<&str> = if self.required.is_empty() {
            self.clock.leases.values().filter(since).map(|lease| lease.by.as_str()).collect()
        } else {
            let addressed: Vec<&String> = self.required.iter().filter(|team| unless.teams.contains(team)).collect();
            let must = if addressed.is_empty() { self.required.iter().collect() } else { addressed };
            let of = |team: &&String| {
                let leases = [Some((*team).clone()), None];
                leases.iter().filter_map(|team| self.clock.leases.get(team)).find(since).map(|lease| lease.by.as_str())
            };
            must.iter().map(of).collect::<Option<Vec<&str>>>()?
        };
        (!by.is_empty()).then(|| by.join(" and "))
    }
}
