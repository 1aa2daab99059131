//! Which rung of a clock rings now, which are passed over, and which teams it reaches.

use super::command::Moment;
use super::digest::{self, Call};
use super::event::{ClockKey, Event, RungSkip, Standing};
use super::house::House;
use super::leases::Cover;
use super::state::{Clock, Incident};
use super::wake::after;
use crate::domain::escalation::{Handled, Ladder, PlannedRung, falls_at, follow_up_of};
use crate::domain::instant::{Instant, rfc3339};
use crate::domain::law::Mode;
use std::collections::BTreeSet;

/// Whether a clock rings at all.
pub fn rings(clock: &Clock, house: &House) -> bool {
    clock.standing.is_open() && (clock.law.mode != Mode::Shadow || house.ring_shadow)
}

/// The rungs of a clock that were not handled.
fn plan(ladder: Option<&Ladder>, clock: &Clock, handled: &Handled, now: Instant) -> Vec<PlannedRung> {
    ladder.map(|ladder| ladder.plan(clock.span(), handled, now)).unwrap_or_default()
}

/// Every rung of a clock that has passed, handled or not; no follow-ups.
fn passed(ladder: Option<&Ladder>, clock: &Clock, now: Instant) -> Vec<PlannedRung> {
    plan(ladder, clock, &Handled::new(), now).into_iter().filter(|rung| rung.at <= now).collect()
}

/// The next rung that will ring and when; one whose teams are all covered waits for the first that is not.
pub fn next_rung(incident: &Incident, key: &ClockKey, clock: &Clock, house: &House, now: Instant) -> Option<(Instant, String)> {
    let ladder = house.ladder(incident, key, clock);
    let cover = Cover::of(clock, ladder, house, now);
    plan(ladder, clock, &clock.handled, now).into_iter().map(|rung| (rings_at(&rung, &cover), rung.name)).min()
}

/// When a rung has something to do: when it falls due or, if all its teams are covered then, when the
/// first of them no longer is. A follow-up that was answered is recorded when it falls due.
pub fn rings_at(rung: &PlannedRung, cover: &Cover<'_>) -> Instant {
    if rung.unless.as_ref().is_some_and(|unless| cover.answers(unless).is_some()) {
        return rung.at;
    }
    let free = rung.to.iter().map(|team| cover.until(team).map_or(rung.at, |until| until.max(rung.at))).min();
    free.unwrap_or(rung.at)
}

/// Names of handled rungs that ring again once the clock's span is the one of `clock`: those that then lie
/// ahead. It does not matter whether the ladder in use has them, for another one may have rung them.
pub fn rearmed(incident: &Incident, key: &ClockKey, handled: &Handled, clock: &Clock, moment: &Moment<'_>) -> BTreeSet<String> {
    let target = moment.house.ladder(incident, key, clock).and_then(|ladder| ladder.target?.of(clock.span()));
    let lies_ahead = |name: &&String| {
        // A follow-up stands and falls with the rung it follows.
        let name = follow_up_of(name).unwrap_or(name);
        name != "start" && falls_at(name, clock.span(), target).is_some_and(|at| at > moment.now)
    };
    handled.keys().filter(lies_ahead).cloned().collect()
}

/// Everything the time asks of an incident: the ends of leases and silences, limits, the highest rung due of each clock.
pub fn ring(incident: &Incident, moment: &Moment<'_>) -> Vec<Event> {
    let (mut events, mut calls) = (Vec::new(), Vec::new());
    for (key, clock) in incident.clocks.iter().filter(|(_, clock)| clock.standing.is_open()) {
        calls.extend(look(incident, key, clock, moment, &mut events));
    }
    events.extend(digest::fall(incident, calls, moment));
    events
}

/// What the time asks of one clock, and whom it calls.
fn look<'a>(
    incident: &'a Incident,
    key: &'a ClockKey,
    clock: &'a Clock,
    moment: &Moment<'_>,
    events: &mut Vec<Event>,
) -> Option<Call<'a>> {
    let (now, house) = (moment.now, moment.house);
    let freed = ends(key, clock, moment, events);
    if clock.standing != Standing::Missed
        && let Some(limit) = clock.law.limit().filter(|limit| after(*limit) <= now)
    {
        events.push(Event::Expired { clock: key.clone(), due_at: limit });
    }
    if !rings(clock, house) {
        return None;
    }
    let ladder = house.ladder(incident, key, clock);
    let cover = Cover::of(clock, ladder, house, now);
    let mut due = plan(ladder, clock, &clock.handled, now);
    due.retain(|rung| rung.at <= now);
    let mut skips = answered(&mut due, &cover);
    let called = call(key, clock, ladder, &cover, &due, freed, now);
    if let Some(loudest) = due.pop().filter(|loudest| called.as_ref().is_some_and(|call| call.rung == loudest.name)) {
        let reason = format!("fell due before `{}` could be rung at {}", loudest.name, rfc3339(now));
        skips.extend(due.into_iter().map(|rung| RungSkip { rung: rung.name, due_at: rung.at, reason: reason.clone() }));
    }
    if !skips.is_empty() {
        events.push(Event::RungsSkipped { clock: key.clone(), rungs: skips });
    }
    called
}

/// A team that is not kept from being rung any more: a lease, or the silence over it, has ended.
struct Freed {
    /// Whose lease; `None` is one that covered all.
    team: Option<String>,
    /// What ended, in the words of the rung's name.
    what: &'static str,
    ended_at: Instant,
}

/// Records leases and a silence that are over; gives the leases whose teams may have to be told so.
fn ends(key: &ClockKey, clock: &Clock, moment: &Moment<'_>, events: &mut Vec<Event>) -> Vec<Freed> {
    let (now, house) = (moment.now, moment.house);
    let mut freed = Vec::new();
    for (team, lease) in clock.live_leases() {
        let ended_at = lease.holds_until(clock, house);
        if ended_at <= now {
            events.push(Event::LeaseEnded { clock: key.clone(), team: team.clone(), ended_at });
            freed.push(Freed { team: team.clone(), what: "acknowledgement", ended_at });
        }
    }
    if let Some(silence) = &clock.silence
        && let ended_at = silence.holds_until(clock, house)
        && ended_at <= now
    {
        events.push(Event::SilenceEnded { clock: key.clone(), ended_at, by: None });
        let meanwhile = clock.leases.iter().filter(|(_, lease)| lease.ended_at.is_some_and(|at| at >= silence.at));
        freed.extend(meanwhile.map(|(team, _)| Freed { team: team.clone(), what: "silence", ended_at }));
    }
    freed
}

/// Takes out the follow-ups that somebody answered, each with its reason.
fn answered(due: &mut Vec<PlannedRung>, cover: &Cover<'_>) -> Vec<RungSkip> {
    let mut skips = Vec::new();
    due.retain(|rung| match rung.unless.as_ref().and_then(|unless| cover.answers(unless)) {
        None => true,
        Some(by) => {
            skips.push(RungSkip { rung: rung.name.clone(), due_at: rung.at, reason: format!("acknowledged by {by}") });
            false
        }
    });
    skips
}

/// Whom a clock calls: for the loudest rung due, every team that a rung due reaches and nobody covers;
/// or, when nothing is due, those who were told before and whose acknowledgement has ended.
fn call<'a>(
    key: &'a ClockKey,
    clock: &'a Clock,
    ladder: Option<&Ladder>,
    cover: &Cover<'_>,
    due: &[PlannedRung],
    freed: Vec<Freed>,
    now: Instant,
) -> Option<Call<'a>> {
    let uncovered = |teams: &[String]| -> Vec<String> {
        let free = teams.iter().filter(|team| cover.until(team).is_none());
        free.cloned().collect()
    };
    // A rung that is passed over may have reached somebody the loudest does not.
    let wanted = distinct(due.iter().rev().flat_map(|rung| &rung.to));
    let free = uncovered(&wanted);
    let before = passed(ladder, clock, now);
    let told_before = |team: &Option<String>| match team {
        Some(team) if before.iter().any(|rung| rung.to.contains(team)) => vec![team.clone()],
        Some(_) => Vec::new(),
        None => before.last().map(|last| last.to.clone()).unwrap_or_default(),
    };
    if let Some(loudest) = due.last().filter(|_| wanted.is_empty() || !free.is_empty()) {
        let of_teams: Vec<String> =
            freed.iter().filter(|freed| freed.team.is_some()).flat_map(|freed| told_before(&freed.team)).collect();
        let teams = distinct(free.iter().chain(&uncovered(&of_teams)));
        return Some(Call { key, clock, rung: loudest.name.clone(), due_at: loudest.at, teams });
    }
    let (ended_at, what) = freed.iter().map(|freed| (freed.ended_at, freed.what)).max()?;
    let teams: Vec<String> = freed.iter().flat_map(|freed| told_before(&freed.team)).collect();
    let teams = distinct(&uncovered(&teams));
    let mut rung = format!("{what} ended {}", rfc3339(ended_at));
    // Once the clock was set back, a second one may end in the instant in which the first did.
    if clock.handled.contains_key(&rung) {
        rung = format!("{rung}, seen {}", rfc3339(now));
    }
    (!teams.is_empty()).then_some(Call { key, clock, rung, due_at: ended_at, teams })
}

/// A closed clock runs again: whoever was last told of it is told of this at once.
pub fn reopen<'a>(incident: &'a Incident, key: &'a ClockKey, moment: &Moment<'_>) -> Option<Call<'a>> {
    let clock = incident.clocks.get(key)?;
    let ladder = moment.house.ladder(incident, key, clock);
    let last = passed(ladder, clock, moment.now).pop().filter(|_| rings(clock, moment.house))?;
    let rung = format!("runs again {}", rfc3339(moment.now));
    Some(Call { key, clock, rung, due_at: moment.now, teams: last.to })
}

/// The part of the time left by which a limit must have come nearer to be told of at once. What is less is
/// said with the next rung, and counts towards the next move.
const TOLD_AT_ONCE: i32 = 20;

/// Whether a clock's limit has come so much nearer since people were last told of it that they are told at once.
pub fn has_come_nearer(clock: &Clock, moment: &Moment<'_>) -> bool {
    let (Some(told), Some(until)) = (clock.told, clock.law.until()) else { return false };
    rings(clock, moment.house)
        && told.until.is_none_or(|was| was > moment.now && until < was && (was - until) * TOLD_AT_ONCE >= was - moment.now)
}

/// What ends when a limit has come nearer: whoever owned the clock, or kept it quiet, did so for another limit.
pub fn unown(key: &ClockKey, clock: &Clock, now: Instant) -> Vec<Event> {
    let ended = |team: &Option<String>| Event::LeaseEnded { clock: key.clone(), team: team.clone(), ended_at: now };
    let mut events: Vec<Event> = clock.live_leases().map(|(team, _)| ended(team)).collect();
    events.extend(clock.silence.as_ref().map(|_| Event::SilenceEnded { clock: key.clone(), ended_at: now, by: None }));
    events
}

/// A limit has come nearer, and nobody owns the clock: everybody it has called is called at once, by the loudest
/// rung that fell due with the move if there is one.
pub fn call_nearer<'a>(
    incident: &'a Incident,
    key: &'a ClockKey,
    moment: &Moment<'_>,
    events: &mut Vec<Event>,
) -> Option<Call<'a>> {
    let (now, house) = (moment.now, moment.house);
    let clock = incident.clocks.get(key)?;
    let ladder = house.ladder(incident, key, clock);
    let cover = Cover::of(clock, ladder, house, now);
    let mut due = plan(ladder, clock, &clock.handled, now);
    due.retain(|rung| rung.at <= now);
    let mut skips = answered(&mut due, &cover);
    let called = passed(ladder, clock, now);
    let teams = distinct(due.iter().rev().chain(&called).flat_map(|rung| &rung.to));
    let (rung, due_at) = match due.pop() {
        Some(loudest) => (loudest.name, loudest.at),
        None => (format!("moved earlier {}", rfc3339(now)), now),
    };
    let reason = format!("fell due before `{rung}` could be rung at {}", rfc3339(now));
    skips.extend(due.into_iter().map(|rung| RungSkip { rung: rung.name, due_at: rung.at, reason: reason.clone() }));
    if !skips.is_empty() {
        events.push(Event::RungsSkipped { clock: key.clone(), rungs: skips });
    }
    Some(Call { key, clock, rung, due_at, teams })
}

/// Each team once, in the order in which they come.
fn distinct<'t>(teams: impl IntoIterator<Item = &'t String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for team in teams {
        if !seen.contains(team) {
            seen.push(team.clone());
        }
    }
    seen
}
