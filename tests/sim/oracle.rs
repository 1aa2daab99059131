//! What must hold of a record, worked out apart from the product: when each rung is due from its words
//! and its clock, what was told of it, and what of that arrived.

use super::house::rings;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{AlertState, ClockKey, Event, Incident};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::shell::config::Rules;

/// A record: the moment of each decision, and what was decided.
pub type Record = Vec<(Instant, Event)>;

/// A promise that was not kept, in words.
pub type Broken = String;

/// The span of a clock, as the record has it.
#[derive(Clone, Copy)]
struct Span {
    set_at: Instant,
    from: Instant,
    until: Option<Instant>,
}

/// What the record tells of one clock.
struct Told {
    span: Span,
    /// Rungs told of, by the line that told of them, and not called back since by a limit that moved.
    names: BTreeMap<String, String>,
    leased_until: Option<Instant>,
}

fn length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let number: i64 = number.parse().ok()?;
    Some(Duration::seconds(
        number
            * match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return None,
            },
    ))
}

/// When a rung of these words is due; none where it is not of this clock, or has no time of its own.
fn due_at(name: &str, span: Span) -> Option<Instant> {
    if name == "start" {
        return Some(span.set_at);
    }
    let until = span.until?;
    if name == "expiry" {
        return Some(until);
    }
    if let Some((every, number)) = name.strip_prefix("every ").and_then(|rest| rest.split_once(" overdue #")) {
        return Some(until + length(every)? * number.parse().ok()?);
    }
    let left = name.strip_suffix(" left")?;
    match left.strip_suffix('%') {
        Some(percent) => {
            let whole_ms = (until - span.from).num_milliseconds().max(0);
            Some(until - Duration::milliseconds(whole_ms * percent.parse::<i64>().ok()? / 100))
        }
        None => Some(until - length(left)?).filter(|at| *at >= span.from),
    }
}

/// The names a line of the record stands for: `every 7m overdue #2 to #4` is three.
fn names_of(line: &str) -> Vec<String> {
    let Some((base, range)) = line.split_once(" #") else { return vec![line.to_owned()] };
    let (first, last) = range.split_once(" to #").unwrap_or((range, range));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) => (first..=last).map(|number| format!("{base} #{number}")).collect(),
        _ => vec![line.to_owned()],
    }
}

/// The names of a ladder's rungs that are due by `now`.
fn due_by(rules: &Rules, incident: &Incident, key: &ClockKey, span: Span, now: Instant) -> Vec<(String, Instant)> {
    let clock = incident.clocks.get(key);
    let Some(ladder) = clock.and_then(|clock| rules.house.ladder(incident, key, clock)) else { return Vec::new() };
    let mut due = Vec::new();
    for rung in &ladder.rungs {
        let words = rung.when.to_string();
        let repeats = words.starts_with("every ");
        let names = (1..).map(|number| if repeats { format!("{words} #{number}") } else { words.clone() });
        let occurrences = names.take(if repeats { usize::MAX } else { 1 }).map_while(|name| Some((due_at(&name, span)?, name)));
        due.extend(occurrences.take_while(|(at, _)| *at <= now).map(|(at, name)| (name, at)));
    }
    due
}

/// Everything the record of one incident must show, once the world has behaved for a while.
pub fn examine(id: &IncidentId, record: &Record, incident: &Incident, rules: &Rules, now: Instant) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut clocks: BTreeMap<ClockKey, Told> = BTreeMap::new();
    for (at, event) in record {
        match event {
            Event::ClockSet { clock, law, .. } => {
                let (from, until) = (law.start.at, law.until());
                let told = clocks.entry(clock.clone()).or_insert_with(|| Told {
                    span: Span { set_at: *at, from, until },
                    names: BTreeMap::new(),
                    leased_until: None,
                });
                told.span = Span { from, until, ..told.span };
                let span = told.span;
                // What then lies ahead will ring again; several repeats told of together are called back together.
                let ahead = |name: &str| due_at(name, span).is_some_and(|due_at| due_at > *at);
                told.names.retain(|name, line| name == "start" || !names_of(line).last().is_some_and(|last| ahead(last)));
            }
            Event::RungFell { clock, rung, due_at, .. } => {
                broken.extend(note(&mut clocks, clock, rung, *due_at, *at));
                if clocks.get(clock).and_then(|told| told.leased_until).is_some() && !rung.starts_with("runs again") {
                    broken.push(format!("`{rung}` of {clock} rang at {at} although somebody owned the clock"));
                }
            }
            Event::RungsSkipped { clock, rungs } => {
                for skip in rungs {
                    broken.extend(note(&mut clocks, clock, &skip.rung, skip.due_at, *at));
                    if skip.reason.is_empty() {
                        broken.push(format!("`{}` of {clock} was passed over without a reason", skip.rung));
                    }
                }
            }
            Event::Expired { clock, due_at } if due_at >= at => {
                broken.push(format!("{clock} had expired at {at}, its limit is {due_at}"));
            }
            Event::Acknowledged { clock, until, .. } => {
                clocks.entry(clock.clone()).and_modify(|told| told.leased_until = Some(*until));
            }
            Event::LeaseEnded { clock, ended_at, .. } => {
                if ended_at > at {
                    broken.push(format!("a lease of {clock} until {ended_at} was ended at {at}"));
                }
                clocks.entry(clock.clone()).and_modify(|told| told.leased_until = None);
            }
            Event::Met { clock, .. } | Event::NothingOwed { clock, .. } | Event::Determined { clock, .. } => {
                clocks.entry(clock.clone()).and_modify(|told| told.leased_until = None);
            }
            _ => {}
        }
    }
    for (key, _) in incident.clocks.iter().filter(|(_, clock)| clock.standing.is_open() && rings(clock.law.mode)) {
        let Some(told) = clocks.get(key) else { continue };
        for (name, at) in due_by(rules, incident, key, told.span, now) {
            if !told.names.contains_key(&name) {
                broken.push(format!("`{name}` of {key}, due at {at}, is in no record by {now}"));
            }
        }
    }
    broken.iter_mut().for_each(|text| *text = format!("{id}: {text}"));
    broken
}

/// Notes that a rung was told of; it must be due, at its own instant, and not told of before.
fn note(clocks: &mut BTreeMap<ClockKey, Told>, clock: &ClockKey, line: &str, due: Instant, at: Instant) -> Vec<Broken> {
    let Some(told) = clocks.get_mut(clock) else { return vec![format!("`{line}` of {clock}, which was never set")] };
    let mut broken = Vec::new();
    if due > at {
        broken.push(format!("`{line}` of {clock}, due at {due}, was told of at {at}: early"));
    }
    let names = names_of(line);
    let expected = names.first().and_then(|name| due_at(name, told.span));
    // The product takes whole hundredths of a span in milliseconds.
    if expected.is_some_and(|expected| (expected - due).abs() > Duration::milliseconds(100)) {
        broken.push(format!("`{line}` of {clock} is due at {expected:?} and was told of as due at {due}"));
    }
    for name in names {
        if told.names.insert(name.clone(), line.to_owned()).is_some() {
            broken.push(format!("`{name}` of {clock} was told of twice, again at {at}"));
        }
    }
    broken
}

/// Everything that must have reached people: each alert of each rung that rang, under one id.
pub fn arrived(record: &Record, incident: &Incident, world: &World) -> Vec<Broken> {
    let mut broken = Vec::new();
    let taken: BTreeSet<String> = world.taken().into_iter().map(|letter| letter.alert).collect();
    for (_, event) in record {
        let Event::RungFell { clock, rung, alerts, .. } = event else { continue };
        for queued in alerts {
            let state = incident.alerts.get(&queued.id).map(|alert| &alert.state);
            let closed = incident.clocks.get(clock).is_none_or(|clock| clock.closed_at.is_some());
            let reopened = rung.starts_with("runs again");
            match state {
                Some(AlertState::Delivered { .. }) if taken.contains(queued.id.as_str()) => {}
                Some(AlertState::Delivered { .. }) => {
                    broken.push(format!("{} of `{rung}` is on record as delivered and reached nobody", queued.id));
                }
                Some(AlertState::Dropped { .. }) if closed || was_closed(record, clock) || reopened => {}
                state => broken.push(format!("{} of `{rung}` of {clock} is {state:?} when everything works again", queued.id)),
            }
        }
    }
    broken
}

fn was_closed(record: &Record, key: &ClockKey) -> bool {
    record.iter().any(|(_, event)| match event {
        Event::Met { clock, .. } | Event::NothingOwed { clock, .. } | Event::Determined { clock, .. } => clock == key,
        _ => false,
    })
}

/// Letters come when their rung is due, and those about one rung to one recipient bear one id.
pub fn letters(world: &World, limits: &BTreeMap<String, BTreeSet<Option<Instant>>>) -> Vec<Broken> {
    let mut ids: BTreeMap<(String, String, String, String, String), BTreeSet<String>> = BTreeMap::new();
    let mut broken = Vec::new();
    for letter in world.taken() {
        if parse_rfc3339(&letter.rung_due_at).is_some_and(|due_at| due_at > letter.latest) {
            broken.push(format!("`{}` of {}, due at {}, arrived early", letter.rung, letter.clock, letter.rung_due_at));
        }
        let key = (letter.clock, letter.rung, letter.rung_due_at, letter.channel, letter.to);
        ids.entry(key).or_default().insert(letter.alert);
    }
    for ((clock, rung, due_at, _, to), ids) in ids {
        // A limit that moved makes another alert of the rung, which is due at another time, unless it is due at the start.
        let limits = limits.get(&clock).map_or(1, BTreeSet::len);
        if ids.len() > 1 && (limits == 1 || rung != "start") {
            broken.push(format!("`{rung}` of {clock}, due at {due_at}, reached {to} under {} ids", ids.len()));
        }
    }
    broken
}
