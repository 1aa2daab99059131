//! A duty held against the facts: is it owed, from when, until when, and why.

use super::evaluate::{Finding, Truth, evaluate};
use super::load::Rulebook;
use super::pack::{Due, Duty, Each, Exception, Mode, Pack, Pick, Reading, Status, Verification};
use super::sight::{Known, Sight};
use crate::domain::clocks::{self, ClockFault, Context, Deadline, Derivation, Hold, Limit, Step};
use crate::domain::facts::{Claimant, Rank, Value, is_cohort};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, NaiveDate, TZ_VERSION, Zone, rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether a duty is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owed {
    /// This organisation is not one the duty binds, or it was not law at the time.
    NotBound,
    /// It is bound, and on these facts nothing is owed.
    NotOwed,
    /// It depends on facts nobody has given: a provisional clock runs.
    Open,
    /// It is owed.
    Owed,
}

/// What an assessment is made under.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// The facts.
    pub sight: &'a Sight<'a>,
    /// The organisation's principal zone.
    pub zone: Zone,
    /// The start of last resort, when no fact gives one: when the assessment is made.
    pub at: Instant,
    /// Holds recorded on this duty's clock, such as a law-enforcement statement.
    pub holds: &'a [Hold],
}

/// A start instant and where it came from.
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

/// A deadline under one reading, derived step by step.
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

/// The deadlines of a duty.
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

/// What the law makes of the facts, for one duty and one organisation.
pub struct Assessment<'a> {
    /// The duty.
    pub duty: &'a Duty,
    /// Whether it is owed.
    pub owed: Owed,
    /// What its clock means.
    pub mode: Mode,
    /// Who is bound.
    pub binds: Finding<'a>,
    /// What has happened; absent when the duty does not bind.
    pub arises: Option<Finding<'a>>,
    /// What might lift it.
    pub exceptions: Vec<(&'a Exception, Finding<'a>)>,
    /// Why the time decides it, where it does: not yet or no longer law.
    pub out_of_time: Option<String>,
    /// Facts that would settle what is open.
    pub missing: BTreeSet<FactKey>,
    /// When the clock starts.
    pub start: Started,
    /// Until when; present while the duty is open or owed.
    pub deadlines: Option<Deadlines>,
    /// What a person must know besides.
    pub remarks: Vec<String>,
}

/// Holds one duty against the facts.
pub fn assess<'a>(duty: &'a Duty, pack: &'a Pack, rulebook: &'a Rulebook, at: &Circumstances<'a>) -> Assessment<'a> {
    let text = &duty.text;
    let binds = evaluate(&text.binds, pack, at.sight);
    let mut assessment = Assessment {
        duty,
        owed: Owed::NotBound,
        mode: Mode::Live,
        missing: BTreeSet::new(),
        arises: None,
        exceptions: Vec::new(),
        out_of_time: None,
        start: Started { at: at.at, settled: false, from: None, event: String::new() },
        deadlines: None,
        remarks: Vec::new(),
        binds,
    };
    if assessment.binds.truth == Truth::Fails {
        return assessment;
    }
    let arises = evaluate(&text.arises, pack, at.sight);
    let settled_not = arises.truth == Truth::Fails;
    let stands = assessment.binds.truth.min(arises.truth);
    assessment.missing.extend(assessment.binds.missing());
    assessment.missing.extend(arises.missing());
    assessment.arises = Some(arises);
    if settled_not {
        assessment.owed = Owed::NotOwed;
        assessment.missing.clear();
        return assessment;
    }

    assessment.start = start(duty, at);
    if let Some(why) = out_of_time(duty, zone_of(duty, at).date_of(assessment.start.at)) {
        assessment.out_of_time = Some(why);
        assessment.missing.clear();
        return assessment;
    }

    let mut owed = if stands == Truth::Holds { Owed::Owed } else { Owed::Open };
    for exception in &text.exceptions {
        let finding = evaluate(&exception.when, pack, at.sight);
        match finding.truth {
            Truth::Holds => owed = Owed::NotOwed,
            Truth::Open => {
                assessment.missing.extend(finding.missing());
                if !exception.must_be_shown && owed == Owed::Owed {
                    owed = Owed::Open;
                }
            }
            Truth::Fails => {}
        }
        assessment.exceptions.push((exception, finding));
        if owed == Owed::NotOwed {
            break;
        }
    }
    assessment.owed = owed;
    if owed == Owed::NotOwed {
        assessment.missing.clear();
        return assessment;
    }
    if !assessment.start.settled {
        assessment.missing.extend(text.start.facts.iter().cloned());
    }
    let (deadlines, missing) = deadlines(duty, pack, rulebook, at, &assessment.start);
    assessment.missing.extend(missing);
    assessment.mode = mode(duty, at, &assessment.start, &deadlines, &mut assessment.remarks);
    assessment.deadlines = Some(deadlines);
    assessment
}

/// Whether nobody has said anything yet from which the duty could arise: what it asks for has not
/// happened, and there is no word on which that rests. Of a duty without a clock this is all there
/// is to know, whoever is bound; every alert begins like that, under almost every duty.
pub fn is_silent(duty: &Duty, pack: &Pack, sight: &Sight<'_>) -> bool {
    let arises = evaluate(&duty.text.arises, pack, sight);
    // A group of people may have words of its own.
    arises.truth == Truth::Fails && arises.said_by().is_empty() && duty.text.each != Some(Each::Cohort {})
}

/// For whom a duty has a clock each; `[None]` while that is not known, or when it has only one.
pub fn targets(duty: &Duty, pack: &Pack, sight: &Sight<'_>) -> Vec<Option<String>> {
    let named = match &duty.text.each {
        None => Vec::new(),
        Some(Each::Of(fact)) => members(sight, fact),
        Some(Each::Cohort {}) => members(sight, &COHORTS.into()).into_iter().filter(|word| is_cohort(word)).collect(),
        Some(Each::Place(places)) => match sight.known(&places.fact) {
            Known::Value(value, _) => match value.as_ref() {
                Value::ByPlace(counts) => super::evaluate::places_with_enough(counts, places, pack),
                _ => Vec::new(),
            },
            Known::Unknown | Known::Disputed => Vec::new(),
        },
    };
    if named.is_empty() { vec![None] } else { named.into_iter().map(Some).collect() }
}

/// The fact that names groups of people.
pub const COHORTS: &str = "people.cohorts";

fn members(sight: &Sight<'_>, fact: &FactKey) -> Vec<String> {
    match sight.known(fact) {
        Known::Value(value, _) => match value.as_ref() {
            Value::Set(set) => set.iter().cloned().collect(),
            _ => Vec::new(),
        },
        Known::Unknown | Known::Disputed => Vec::new(),
    }
}

impl Assessment<'_> {
    /// The ground on which nothing is owed, with its citation.
    pub fn ground(&self) -> Option<(String, String)> {
        if let Some(why) = &self.out_of_time {
            return Some((why.clone(), self.duty.text.force.basis.clone().unwrap_or_else(|| self.duty.text.cite.clone())));
        }
        match self.owed {
            Owed::NotBound => Some(("does not bind this organisation".into(), self.duty.text.cite.clone())),
            Owed::NotOwed => Some(
                self.exceptions
                    .iter()
                    .find(|(_, finding)| finding.truth == Truth::Holds)
                    .map(|(exception, _)| (exception.title.clone(), exception.cite.clone()))
                    .unwrap_or_else(|| ("what the duty asks for has not happened".into(), self.duty.text.cite.clone())),
            ),
            Owed::Open | Owed::Owed => None,
        }
    }

    /// The finding that decided against the duty, if one did.
    pub fn decisive(&self) -> Option<&Finding<'_>> {
        match self.owed {
            Owed::NotBound => Some(&self.binds),
            Owed::NotOwed => {
                self.exceptions.iter().map(|(_, finding)| finding).find(|f| f.truth == Truth::Holds).or(self.arises.as_ref())
            }
            Owed::Open | Owed::Owed => None,
        }
    }

    /// Whether what decided against the duty was said by people (or the house's policy) alone, so
    /// that it can end a clock: a product's word never does.
    pub fn ended_by_people(&self) -> bool {
        self.decisive().is_some_and(|finding| {
            let said_by = finding.said_by();
            !said_by.is_empty() && said_by.iter().all(|by| by.rank() > Rank::Product)
        })
    }

    /// The names behind the decisive facts.
    pub fn decided_by(&self) -> BTreeSet<String> {
        let names = |finding: &Finding<'_>| finding.said_by().into_iter().map(Claimant::name).map(str::to_owned).collect();
        self.decisive().map(names).unwrap_or_default()
    }

    /// The reasons, one line each: who is bound, what happened, what might lift it.
    pub fn reasons(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut section = |title: String, finding: &Finding<'_>| {
            lines.push(title);
            lines.extend(finding.reasons().into_iter().map(|line| format!("  {line}")));
        };
        section(format!("binds {}: {}", self.duty.text.obliged, self.binds.truth), &self.binds);
        if let Some(arises) = &self.arises {
            section(format!("arises ({}): {}", self.duty.text.cite, arises.truth), arises);
        }
        for (exception, finding) in &self.exceptions {
            section(format!("unless {} ({}): {}", exception.title, exception.cite, finding.truth), finding);
        }
        lines.extend(self.out_of_time.iter().cloned());
        lines
    }
}

/// The zone whose days decide on which day a clock starts, and so whether the duty was law.
fn zone_of(duty: &Duty, at: &Circumstances<'_>) -> Zone {
    let of_limit = || duty.text.due.first().map_or(at.zone, |due| due.limit.zone(at.zone));
    duty.text.force.zone.unwrap_or_else(of_limit)
}

fn start(duty: &Duty, at: &Circumstances<'_>) -> Started {
    let text = &duty.text.start;
    let known = |keys: &[FactKey], pick: Pick| {
        let mut known = keys.iter().filter_map(|key| at.sight.instant(key, at.zone).map(|instant| (instant, key.clone())));
        match pick {
            Pick::First => known.next(),
            Pick::Earliest => known.min(),
            Pick::Latest => known.max(),
        }
    };
    let event = text.event.clone();
    if let Some((instant, key)) = known(&text.facts, text.pick) {
        return Started { at: instant, settled: true, from: Some(key), event };
    }
    match known(&text.candidates, Pick::Earliest) {
        Some((instant, key)) => Started { at: instant, settled: false, from: Some(key), event },
        None => Started { at: at.at, settled: false, from: None, event },
    }
}

/// Why a duty is not law for a start on this date, if it is not and never will be for this start.
fn out_of_time(duty: &Duty, date: NaiveDate) -> Option<String> {
    let force = &duty.text.force;
    if let Some(until) = force.until.filter(|until| date >= *until) {
        return Some(format!("not law since {until}; the clock would start on {date}"));
    }
    if force.status == Status::Repealed {
        return Some("repealed".into());
    }
    if force.status == Status::InForce
        && let Some(from) = force.from.filter(|from| date < *from)
    {
        return Some(format!("not law before {from}; the clock would start on {date}"));
    }
    None
}

fn mode(duty: &Duty, at: &Circumstances<'_>, start: &Started, deadlines: &Deadlines, remarks: &mut Vec<String>) -> Mode {
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
    match deadlines.operational.at.or(deadlines.target.as_ref().and_then(|target| target.at)) {
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

fn deadlines(
    duty: &Duty,
    pack: &Pack,
    rulebook: &Rulebook,
    at: &Circumstances<'_>,
    start: &Started,
) -> (Deadlines, BTreeSet<FactKey>) {
    let context = Context { organisation_zone: at.zone, calendars: &rulebook.calendars };
    let mut missing = BTreeSet::new();
    let mut candidates: Vec<(&Due, Term)> = Vec::new();
    for due in &duty.text.due {
        let finding = due.when.as_ref().map(|when| evaluate(when, pack, at.sight));
        let truth = finding.as_ref().map_or(Truth::Holds, |finding| finding.truth);
        if truth == Truth::Fails {
            continue;
        }
        missing.extend(finding.iter().flat_map(Finding::missing));
        candidates.push((due, term_of(due, start, at, &context)));
        if truth == Truth::Holds {
            break;
        }
    }
    // No case fits these facts: every case stays arguable.
    if candidates.is_empty() {
        candidates.extend(duty.text.due.iter().map(|due| (due, term_of(due, start, at, &context))));
    }
    // "Without delay" has no instant and is stricter than any.
    candidates.sort_by_key(|(_, term)| term.at);
    let mut candidates = candidates.into_iter();
    let (due, operational) = candidates.next().expect("the lint refuses a duty without a due case");
    let outer = candidates.next_back().map(|(_, term)| term).filter(|term| term.at != operational.at).or_else(|| {
        due.outer.as_ref().and_then(|reading| reading_of(reading, start, at, &context)).filter(|term| term.at != operational.at)
    });
    let advisory = due.advisory.iter().filter_map(|reading| reading_of(reading, start, at, &context)).collect();
    let target = duty.text.target.as_ref().map(|limit| Term {
        says: "the house's own target".into(),
        cite: "house policy, not law".into(),
        verification: Verification::Choice,
        ..bare(limit, start, &context, &[])
    });
    (Deadlines { operational, outer, advisory, target }, missing)
}

fn bare(limit: &Limit, start: &Started, context: &Context<'_>, holds: &[Hold]) -> Term {
    let deadline = clocks::deadline(limit, start.at, context)
        .and_then(|deadline| clocks::with_pauses(deadline, start.at, limit, holds, context))
        .unwrap_or_else(|fault| due_at_once(start.at, limit.zone(context.organisation_zone), &fault));
    Term {
        says: String::new(),
        cite: String::new(),
        verification: Verification::Choice,
        at: deadline.at,
        zone: deadline.zone,
        derivation: deadline.derivation,
    }
}

/// A limit that cannot be counted is due at once: the strictest there is, and it says why.
fn due_at_once(start: Instant, zone: Zone, fault: &ClockFault) -> Deadline {
    let step = Step { text: format!("the limit cannot be counted ({fault})"), result: "due at once".into(), cite: None };
    let derivation = Derivation { steps: vec![step], tz_version: TZ_VERSION.to_owned(), assumptions: Vec::new() };
    Deadline { at: Some(start), zone, held: false, derivation }
}

/// None for a reading that counts from a moment nobody has stated.
fn reading_of(reading: &Reading, start: &Started, at: &Circumstances<'_>, context: &Context<'_>) -> Option<Term> {
    let start = match &reading.counted_from {
        Some(key) => &Started { at: at.sight.instant(key, at.zone)?, from: Some(key.clone()), ..start.clone() },
        None => start,
    };
    Some(Term {
        says: reading.says.clone(),
        cite: reading.cite.clone(),
        verification: reading.verification,
        ..bare(&reading.limit, start, context, &[])
    })
}

fn term_of(due: &Due, start: &Started, at: &Circumstances<'_>, context: &Context<'_>) -> Term {
    let mut term = Term {
        says: due.says.clone(),
        cite: due.cite.clone(),
        verification: due.verification,
        ..bare(&due.limit, start, context, at.holds)
    };
    let counted = term.at;
    let mut move_to = |to: Instant, text: String| {
        term.at = Some(to);
        term.derivation.steps.push(Step { text, result: rfc3339(to), cite: Some(due.cite.clone()) });
    };
    let pulled = due.no_later_than.iter().filter_map(|key| at.sight.day_limit(key, term.zone).map(|t| (t, key))).min();
    if let Some((to, key)) = pulled.filter(|(to, _)| counted.is_none_or(|limit| *to < limit)) {
        move_to(to, format!("no later than `{key}`, which is known"));
    }
    if let Some(key) = &due.extended_to
        && let Some(to) = at.sight.instant(key, at.zone)
    {
        move_to(to, format!("replaced by the extension on record, `{key}`"));
    }
    term
}
