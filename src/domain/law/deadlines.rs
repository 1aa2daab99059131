//! Until when: the due cases of a duty, its readings, and the house's target.
//!
//! A deadline is first only [`Reckoned`]: its instant, and from what it was counted. The steps are
//! written when somebody asks for them, by counting again ([`Reckoned::derivation`]).

use super::assess::Circumstances;
use super::evaluate::{Truth, evaluate};
use super::load::Rulebook;
use super::pack::{Due, Duty, Pack, Reading, Verification};
use super::starting::Starting;
use crate::domain::clocks::{self, ClockFault, Context, Deadline, Derivation, Hold, Limit, Step};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, TZ_VERSION, Zone, rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A deadline under one reading, derived step by step, as it goes into the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The reading in words.
    pub says: String,
    /// Where it comes from.
    pub cite: String,
    /// How well that was checked.
    pub verification: Verification,
    /// The last instant; none for "without delay".
    pub at: Option<Instant>,
    /// The zone in which it is meant.
    pub zone: Zone,
    /// How it was derived.
    pub derivation: Derivation,
}

/// The deadlines of a duty, as they go into the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deadlines {
    /// The one that is scheduled on: the strictest arguable.
    pub operational: Term,
    /// The later one, where law arguably gives more or facts are missing.
    pub outer: Option<Term>,
    /// Contested readings, for show.
    pub advisory: Vec<Term>,
    /// The house's own target.
    pub target: Option<Term>,
}

/// The deadlines of a duty; see [`Deadlines`].
#[derive(Clone, Debug)]
pub struct Reckoning<'a> {
    /// The one that is scheduled on: the strictest arguable with a number, if there is one.
    pub operational: Reckoned<'a>,
    /// The later one, where law arguably gives more or facts are missing.
    pub outer: Option<Reckoned<'a>>,
    /// Contested readings, for show.
    pub advisory: Vec<Reckoned<'a>>,
    /// The house's own target.
    pub target: Option<Reckoned<'a>>,
    /// The due case that applies, by its number from 0; none while several stay arguable.
    pub due_case: Option<usize>,
    /// The case that asks for no delay without a number, where it stays arguable beside one with a number.
    pub without_number: Option<&'a Due>,
}

/// A deadline under one reading; its derivation is written when it is asked for.
#[derive(Clone, Debug)]
pub struct Reckoned<'a> {
    /// The reading in words.
    pub says: &'a str,
    /// Where it comes from.
    pub cite: &'a str,
    /// How well that was checked.
    pub verification: Verification,
    /// The last instant; none for "without delay".
    pub at: Option<Instant>,
    /// The zone in which it is meant.
    pub zone: Zone,
    count: Count<'a>,
    /// What moved it, and where to.
    moves: Vec<(Move<'a>, Instant)>,
}

/// What is counted.
#[derive(Clone, Debug)]
struct Count<'a> {
    limit: &'a Limit,
    start: Instant,
    context: Context<'a>,
    holds: Vec<Hold>,
}

#[derive(Clone, Copy, Debug)]
enum Move<'a> {
    /// By a fact that is known.
    PulledForward(&'a FactKey),
    /// By an extension on record.
    Extended(&'a FactKey),
    /// Not at all: an extension on record that ends sooner.
    TooShort(&'a FactKey, Instant),
    /// It lay within a hold.
    BehindHold,
}

/// The reading of a law that lets a statement by word of mouth delay for a time "from the oral statement", once a second is made.
pub(super) const RENEWED: &str = "if each statement by word of mouth delayed for its own time";

/// The deadlines of a duty from a start, and the facts that would settle which due case applies.
pub(super) fn reckon<'a>(
    duty: &'a Duty,
    pack: &'a Pack,
    rulebook: &'a Rulebook,
    at: &Circumstances<'a, '_>,
    start: &Starting<'a>,
) -> (Reckoning<'a>, BTreeSet<&'a FactKey>) {
    let context = Context { organisation_zone: at.zone, calendars: &rulebook.calendars };
    let mut missing = BTreeSet::new();
    let mut arguable: Vec<(&'a Due, Reckoned<'a>)> = Vec::with_capacity(duty.text.due.len());
    let mut due_case = None;
    for (index, due) in duty.text.due.iter().enumerate() {
        let truth = match &due.when {
            None => Truth::Holds,
            Some(when) => {
                let finding = evaluate(when, pack, at.sight);
                finding.add_missing(&mut missing);
                finding.truth
            }
        };
        if truth == Truth::Fails {
            continue;
        }
        arguable.push((due, of_due(due, start, at, context)));
        if truth == Truth::Holds {
            due_case = (arguable.len() == 1).then_some(index);
            break;
        }
    }
    // No case fits these facts: every case stays arguable.
    if arguable.is_empty() {
        arguable.extend(duty.text.due.iter().map(|due| (due, of_due(due, start, at, context))));
    }
    // A number that may apply is never hidden behind one that may not: "without delay" rings nobody.
    let mut without_number = None;
    if arguable.iter().any(|(_, reckoned)| reckoned.at.is_some()) {
        without_number = arguable.iter().find(|(_, reckoned)| reckoned.at.is_none()).map(|(due, _)| *due);
        arguable.retain(|(_, reckoned)| reckoned.at.is_some());
    }
    arguable.sort_by_key(|(_, reckoned)| reckoned.at);
    let mut arguable = arguable.into_iter();
    let (due, operational) = arguable.next().expect("the lint refuses a duty without a due case");
    let differs = |reckoned: &Reckoned<'_>| reckoned.at != operational.at;
    let reading = |reading: &'a Reading| of_reading(reading, start, at, context);
    let latest = arguable.next_back().map(|(_, reckoned)| reckoned).filter(differs);
    let outer = latest.or_else(|| due.outer.as_ref().and_then(reading).filter(differs));
    let renewed = of_renewed_hold(duty, due, &operational, start, at, context);
    let advisory = due.advisory.iter().filter_map(reading).chain(renewed).collect();
    let target = duty.text.target.as_ref().map(|limit| {
        let mut target = Reckoned {
            says: "the house's own target",
            cite: "house policy, not law",
            ..bare(Count { limit, start: start.at, context, holds: Vec::new() })
        };
        target.move_behind(at.holds);
        target
    });
    (Reckoning { operational, outer, advisory, target, due_case, without_number }, missing)
}

fn of_due<'a>(due: &'a Due, start: &Starting<'a>, at: &Circumstances<'a, '_>, context: Context<'a>) -> Reckoned<'a> {
    let mut reckoned = Reckoned {
        says: &due.says,
        cite: &due.cite,
        verification: due.verification,
        ..bare(Count { limit: &due.limit, start: start.at, context, holds: at.holds.to_vec() })
    };
    let counted = reckoned.at;
    let known = due.no_later_than.iter().filter_map(|key| at.sight.day_limit(key, reckoned.zone).map(|to| (to, key)));
    if let Some((to, key)) = known.min().filter(|(to, _)| counted.is_none_or(|limit| *to < limit)) {
        reckoned.move_to(Move::PulledForward(key), to);
    }
    if let Some(key) = &due.extended_to
        && let Some(to) = at.sight.instant(key, at.zone)
    {
        let is_longer = reckoned.at.is_none_or(|limit| to > limit);
        let (how, to) = if is_longer { (Move::Extended(key), Some(to)) } else { (Move::TooShort(key, to), reckoned.at) };
        to.into_iter().for_each(|to| reckoned.move_to(how, to));
    }
    reckoned
}

/// The reading under which a further statement by word of mouth delays for its own time; none where that changes nothing.
fn of_renewed_hold<'a>(
    duty: &'a Duty,
    due: &'a Due,
    operational: &Reckoned<'a>,
    start: &Starting<'a>,
    at: &Circumstances<'a, '_>,
    context: Context<'a>,
) -> Option<Reckoned<'a>> {
    let again = at.holds.iter().find(|hold| hold.is_repeated(at.holds))?;
    let rule = duty.text.holds.iter().find(|rule| rule.effect == again.kind && rule.lapses_after_days == again.oral_cap_days)?;
    let holds: Vec<Hold> = at.holds.iter().map(|hold| hold.by_itself(operational.zone)).collect();
    let later = Reckoned { cite: &rule.cite, ..of_due(due, start, &Circumstances { holds: &holds, ..*at }, context) };
    (later.at > operational.at).then_some(Reckoned { says: RENEWED, verification: Verification::Choice, ..later })
}

/// None for a reading that counts from a moment nobody has stated.
fn of_reading<'a>(
    reading: &'a Reading,
    start: &Starting<'a>,
    at: &Circumstances<'a, '_>,
    context: Context<'a>,
) -> Option<Reckoned<'a>> {
    let start = match &reading.counted_from {
        Some(key) => at.sight.instant(key, at.zone)?,
        None => start.at,
    };
    Some(Reckoned {
        says: &reading.says,
        cite: &reading.cite,
        verification: reading.verification,
        ..bare(Count { limit: &reading.limit, start, context, holds: Vec::new() })
    })
}

fn bare(count: Count<'_>) -> Reckoned<'_> {
    let zone = count.limit.zone(count.context.organisation_zone);
    Reckoned { says: "", cite: "", verification: Verification::Choice, at: count.at(), zone, count, moves: Vec::new() }
}

impl Count<'_> {
    /// The instant alone.
    fn at(&self) -> Option<Instant> {
        if !self.holds.is_empty() {
            return self.derived().at;
        }
        // A limit that cannot be counted is due at once.
        clocks::last_instant(self.limit, self.start, &self.context).unwrap_or(Some(self.start))
    }

    /// The same with its steps.
    fn derived(&self) -> Deadline {
        clocks::deadline(self.limit, self.start, &self.context)
            .and_then(|deadline| clocks::with_pauses(deadline, self.start, self.limit, &self.holds, &self.context))
            .unwrap_or_else(|fault| due_at_once(self.start, self.limit.zone(self.context.organisation_zone), &fault))
    }
}

/// A limit counted from a start, without the facts of any incident.
pub(super) fn counted(limit: &Limit, start: Instant, context: Context<'_>) -> Deadline {
    Count { limit, start, context, holds: Vec::new() }.derived()
}

/// A limit that cannot be counted is due at once: the strictest there is, and it says why.
fn due_at_once(start: Instant, zone: Zone, fault: &ClockFault) -> Deadline {
    let step = Step { text: format!("the limit cannot be counted ({fault})"), result: "due at once".into(), cite: None };
    let derivation = Derivation { steps: vec![step], tz_version: TZ_VERSION.to_owned(), assumptions: Vec::new() };
    Deadline { at: Some(start), zone, held: false, derivation }
}

impl<'a> Reckoned<'a> {
    fn move_to(&mut self, how: Move<'a>, to: Instant) {
        self.at = Some(to);
        self.moves.push((how, to));
    }

    /// The house aims at no moment at which it must not tell.
    fn move_behind(&mut self, holds: &[Hold]) {
        // Behind one hold another may begin.
        for _ in holds {
            let released = holds.iter().filter_map(|hold| Some((hold.from, hold.ends_among(holds, self.zone)?)));
            let within = |(from, until): &(Instant, Instant)| self.at.is_some_and(|at| *from <= at && at < *until);
            match released.filter(within).map(|(_, until)| until).max() {
                Some(until) => self.move_to(Move::BehindHold, until),
                None => return,
            }
        }
    }

    /// How it was found, step by step.
    pub fn derivation(&self) -> Derivation {
        let mut derivation = self.count.derived().derivation;
        for (how, to) in &self.moves {
            let text = match how {
                Move::PulledForward(key) => format!("no later than `{key}`, which is known"),
                Move::Extended(key) => format!("replaced by the extension on record, `{key}`"),
                Move::TooShort(key, until) => {
                    format!("the extension on record, `{key}`, ends sooner ({}) and shortens nothing", rfc3339(*until))
                }
                Move::BehindHold => "it lay within a hold and moves behind it".to_owned(),
            };
            derivation.steps.push(Step { text, result: rfc3339(*to), cite: Some(self.cite.to_owned()) });
        }
        derivation
    }

    /// As it goes into the record.
    pub fn recorded(&self) -> Term {
        Term {
            says: self.says.to_owned(),
            cite: self.cite.to_owned(),
            verification: self.verification,
            at: self.at,
            zone: self.zone,
            derivation: self.derivation(),
        }
    }
}

impl<'a> Reckoning<'a> {
    /// The reading under which a further statement by word of mouth delays for its own time, where it is later.
    pub(super) fn renewed(&self) -> Option<&Reckoned<'a>> {
        self.advisory.iter().find(|reading| reading.says == RENEWED)
    }

    /// As they go into the record.
    pub fn recorded(&self) -> Deadlines {
        Deadlines {
            operational: self.operational.recorded(),
            outer: self.outer.as_ref().map(Reckoned::recorded),
            advisory: self.advisory.iter().map(Reckoned::recorded).collect(),
            target: self.target.as_ref().map(Reckoned::recorded),
        }
    }
}
