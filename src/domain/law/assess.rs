//! A duty held against the facts: is it owed, from when, until when, and why.

pub use super::deadlines::{Deadlines, Reckoned, Reckoning, Term};
pub use super::starting::{Started, Starting};

use super::deadlines::{RENEWED, reckon};
use super::evaluate::{Finding, Truth, country_of, evaluate, places_with_enough};
use super::lifting::lifting;
use super::load::Rulebook;
use super::overlay::Overlay;
use super::pack::{Besides, Duty, Each, Exception, Mode, Pack};
use super::sight::{Known, Sight};
use super::starting::{mode, out_of_time};
use super::uncovered::SINCE;
use crate::domain::clocks::Hold;
use crate::domain::facts::{Claim, Claimant, Rank, Value, is_cohort};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Whether a duty is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

impl Owed {
    /// The word cases write for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotBound => "not-bound",
            Self::NotOwed => "not-owed",
            Self::Open => "open",
            Self::Owed => "owed",
        }
    }
}

/// What an assessment is made under.
#[derive(Clone, Copy)]
pub struct Circumstances<'a, 's> {
    /// The facts.
    pub sight: &'s Sight<'a>,
    /// The organisation's principal zone.
    pub zone: Zone,
    /// The start of last resort, when no fact gives one: when the assessment is made.
    pub at: Instant,
    /// Holds recorded on this duty's clock, such as a law-enforcement statement.
    pub holds: &'s [Hold],
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
    /// The law of single States that is laid over the duty and applies.
    pub overlays: Vec<(&'a Overlay, Finding<'a>)>,
    /// Why the time decides it, where it does: not yet or no longer law.
    pub out_of_time: Option<String>,
    /// The edition in which the duty's citation was read, if its pack says so.
    pub edition: Option<&'a str>,
    /// Who said when the clock starts, where the time decides.
    pub started_by: BTreeSet<&'a Claimant>,
    /// Facts that would settle what is open.
    pub missing: BTreeSet<&'a FactKey>,
    /// Those among them that only a ground asks for which must be shown: they could lift the duty, and it stands meanwhile.
    pub lifting: BTreeSet<&'a FactKey>,
    /// When the clock starts.
    pub start: Starting<'a>,
    /// Until when; present while the duty is open or owed.
    pub deadlines: Option<Box<Reckoning<'a>>>,
    /// What a person must know besides.
    pub remarks: Vec<String>,
    /// What it is about, where it asks about places and regimes that no enabled pack declares: by code, with the name.
    pub about: Vec<(String, String)>,
}

/// Holds one duty against the facts.
pub fn assess<'a>(duty: &'a Duty, pack: &'a Pack, rulebook: &'a Rulebook, at: &Circumstances<'a, '_>) -> Assessment<'a> {
    let text = &duty.text;
    let binds = evaluate(&text.binds, pack, at.sight);
    let mut assessment = Assessment {
        duty,
        owed: Owed::NotBound,
        mode: Mode::Live,
        edition: pack.edition(&text.cite),
        missing: BTreeSet::new(),
        lifting: BTreeSet::new(),
        arises: None,
        exceptions: Vec::new(),
        overlays: Vec::new(),
        out_of_time: None,
        started_by: BTreeSet::new(),
        start: Starting { at: at.at, settled: false, from: None, event: &text.start.event },
        deadlines: None,
        remarks: Vec::new(),
        about: Vec::new(),
        binds,
    };
    if assessment.binds.truth == Truth::Fails {
        return assessment;
    }
    let arises = evaluate(&text.arises, pack, at.sight);
    let stands = assessment.binds.truth.min(arises.truth);
    let has_not_happened = arises.truth == Truth::Fails;
    assessment.arises = Some(arises);
    if has_not_happened {
        assessment.owed = Owed::NotOwed;
        return assessment;
    }

    assessment.start = Starting::of(duty, at);
    assessment.out_of_time = out_of_time(duty, at, &assessment.start);
    if assessment.out_of_time.is_some() {
        let from = assessment.start.from.cloned().into_iter().collect();
        assessment.started_by = at.sight.claimants(&from);
        return assessment;
    }

    assessment.owed = if stands == Truth::Holds { Owed::Owed } else { Owed::Open };
    for overlay in &duty.overlays {
        // Unknown is not yes either: while the place is open the duty stands as it is.
        let applies = evaluate(&overlay.applies.when, pack, at.sight);
        if applies.truth == Truth::Holds {
            assessment.overlays.push((overlay, applies));
        }
    }
    let of_places = assessment.overlays.iter().flat_map(|(overlay, _)| &overlay.amendment.exceptions);
    for exception in text.exceptions.iter().chain(of_places) {
        let finding = evaluate(&exception.when, pack, at.sight);
        match finding.truth {
            Truth::Holds => assessment.owed = Owed::NotOwed,
            Truth::Open if !exception.must_be_shown => assessment.owed = Owed::Open,
            Truth::Open | Truth::Fails => {}
        }
        assessment.exceptions.push((exception, finding));
        if assessment.owed == Owed::NotOwed {
            return assessment;
        }
    }
    assessment.remarks.extend(assessment.overlays.iter().flat_map(|(overlay, _)| overlay.remarks()));
    if text.start.facts.iter().any(|fact| fact.as_str() == SINCE) {
        let open = at.sight.still_uncovered();
        assessment.about = open.map(|uncovered| (uncovered.subject.clone(), uncovered.name.clone())).collect();
        assessment.remarks.extend(at.sight.still_uncovered().map(ToString::to_string));
    }
    let (reckoning, missing) = reckon(duty, pack, rulebook, at, &assessment.start);
    assessment.missing = missing;
    assessment.remarks.extend(reckoning.without_number.map(|due| {
        let mark = due.verification.words_of(pack.edition(&due.cite));
        format!(
            "while it is not known which case applies, this one may, and asks for no delay: {} ({}; {mark})",
            due.says, due.cite
        )
    }));
    assessment.remarks.extend(reckoning.renewed().map(|later| {
        format!(
            "a further statement by word of mouth does not move the limit by itself, the time runs from the first ({}); \
             {RENEWED} it would be {}: ask counsel, or for a written statement with a time",
            later.cite,
            later.at.map_or_else(|| "without a number".to_owned(), |until| later.zone.in_words(until))
        )
    }));
    let findings = [Some(&assessment.binds), assessment.arises.as_ref()].into_iter().flatten();
    for finding in findings.chain(assessment.exceptions.iter().map(|(_, finding)| finding)) {
        finding.add_missing(&mut assessment.missing);
    }
    ask_besides(&mut assessment, pack, at.sight);
    if let Some(Each::Listed(list)) = &text.each
        && !matches!(at.sight.known(list), Known::Value(..))
    {
        assessment.missing.insert(list);
    }
    if !assessment.start.settled {
        assessment.missing.extend(&text.start.facts);
    }
    assessment.lifting = lifting(duty, pack, assessment.missing.iter().copied());
    assessment.mode = mode(duty, at, &assessment.start, &reckoning, &mut assessment.remarks);
    assessment.deadlines = Some(Box::new(reckoning));
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
        Some(Each::Of(fact)) => {
            let named = members(sight, fact);
            let besides = besides(duty, pack, sight, &named);
            named.into_iter().chain(besides).collect()
        }
        Some(Each::Cohort {}) => members(sight, &COHORTS.into()).into_iter().filter(|word| is_cohort(word)).collect(),
        Some(Each::Listed(list)) => return listed(sight, list),
        Some(Each::Place(places)) => match sight.known(&places.fact) {
            Known::Value(value, _) => match value.as_ref() {
                Value::ByPlace(counts) => places_with_enough(counts, places, pack),
                _ => Vec::new(),
            },
            Known::Unknown | Known::Disputed(_) => Vec::new(),
        },
    };
    if named.is_empty() { vec![None] } else { named.into_iter().map(Some).collect() }
}

/// The countries that have a clock besides those who are named.
fn besides(duty: &Duty, pack: &Pack, sight: &Sight<'_>, named: &[String]) -> BTreeSet<String> {
    let Some(besides) = duty.text.each_besides.as_ref().filter(|besides| applies(besides, pack, sight)) else {
        return BTreeSet::new();
    };
    let Known::Value(value, _) = sight.known(&besides.place.fact) else { return BTreeSet::new() };
    let Value::ByPlace(counts) = value.as_ref() else { return BTreeSet::new() };
    let country = |place: &str| country_of(place).unwrap_or(place).to_owned();
    let is_named = |place: &String| named.iter().any(|name| country(name.as_str()) == *place);
    let places = places_with_enough(counts, &besides.place, pack);
    places.iter().map(|place| country(place.as_str())).filter(|place| !is_named(place)).collect()
}

fn applies(besides: &Besides, pack: &Pack, sight: &Sight<'_>) -> bool {
    evaluate(&besides.when, pack, sight).truth == Truth::Holds
}

/// Asks for those of whom only the country is known, and says why each country has a clock.
fn ask_besides<'a>(assessment: &mut Assessment<'a>, pack: &Pack, sight: &Sight<'_>) {
    let text = &assessment.duty.text;
    let (Some(Each::Of(fact)), Some(rule)) = (&text.each, &text.each_besides) else { return };
    if assessment.binds.truth != Truth::Holds || !applies(rule, pack, sight) {
        return;
    }
    let named = members(sight, fact);
    let besides = besides(assessment.duty, pack, sight, &named);
    assessment.missing.extend((named.is_empty() || !besides.is_empty()).then_some(fact));
    let is_counted = matches!(sight.known(&rule.place.fact), Known::Value(..));
    assessment.missing.extend((!is_counted).then_some(&rule.place.fact));
    assessment.remarks.push(format!("{} ({}; {})", rule.says, rule.cite, rule.verification.word()));
    assessment.remarks.extend(besides.iter().filter_map(|country| rule.parts.get(country)).cloned());
}

/// The parties of a list, by the words they are kept as. Of a disputed list each that anybody names; and where products
/// alone name them, the clock that stands for all stays beside, for there may be others.
fn listed(sight: &Sight<'_>, list: &FactKey) -> Vec<Option<String>> {
    let mut words = BTreeSet::new();
    let mut name = |value: &Value| {
        if let Value::Set(named) = value {
            words.extend(named.iter().cloned());
        }
    };
    let by_people = |claim: &Claim| claim.by.rank() > Rank::Product;
    let is_given = match sight.known(list) {
        Known::Value(value, claim) => {
            name(value.as_ref());
            claim.is_none_or(by_people)
        }
        Known::Disputed(claims) => {
            claims.iter().filter_map(|(value, _)| value.as_ref()).for_each(|value| name(value.as_ref()));
            claims.iter().any(|(_, claim)| by_people(claim))
        }
        Known::Unknown => false,
    };
    let whole = (words.is_empty() || !is_given).then_some(None);
    whole.into_iter().chain(words.into_iter().map(Some)).collect()
}

/// The fact that names groups of people.
pub const COHORTS: &str = "people.cohorts";

fn members(sight: &Sight<'_>, fact: &FactKey) -> Vec<String> {
    match sight.known(fact) {
        Known::Value(value, _) => match value.as_ref() {
            Value::Set(set) => set.iter().cloned().collect(),
            _ => Vec::new(),
        },
        Known::Unknown | Known::Disputed(_) => Vec::new(),
    }
}

impl Assessment<'_> {
    /// Whether a clock runs for it: it is owed, or may be.
    pub fn runs(&self) -> bool {
        matches!(self.owed, Owed::Open | Owed::Owed)
    }

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
        let of_people = |said_by: &BTreeSet<&Claimant>| !said_by.is_empty() && said_by.iter().all(|by| by.rank() > Rank::Product);
        match &self.out_of_time {
            Some(_) => of_people(&self.started_by),
            None => self.decisive().is_some_and(|finding| of_people(&finding.said_by())),
        }
    }

    /// The names behind the decisive facts.
    pub fn decided_by(&self) -> BTreeSet<String> {
        let said_by = match &self.out_of_time {
            Some(_) => self.started_by.clone(),
            None => self.decisive().map(Finding::said_by).unwrap_or_default(),
        };
        said_by.into_iter().map(Claimant::name).map(str::to_owned).collect()
    }

    /// The reasons, one line each: who is bound, what happened, what might lift it.
    pub fn reasons(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.each_reason(&mut |line| lines.push(line.to_string()));
        lines
    }

    /// Shows the reasons to `tell`, line by line, without keeping them.
    pub fn each_reason(&self, tell: &mut dyn FnMut(&dyn fmt::Display)) {
        let text = &self.duty.text;
        tell(&format_args!("binds {}: {}", text.obliged, self.binds.truth));
        self.binds.each_reason(1, tell);
        if let Some(arises) = &self.arises {
            tell(&format_args!("arises ({}): {}", text.cite, arises.truth));
            arises.each_reason(1, tell);
        }
        for (overlay, finding) in &self.overlays {
            tell(&format_args!("the law of {} ({}): applies", overlay.title, overlay.applies.cite));
            finding.each_reason(1, tell);
        }
        for (exception, finding) in &self.exceptions {
            tell(&format_args!("unless {} ({}): {}", exception.title, exception.cite, finding.truth));
            finding.each_reason(1, tell);
        }
        if let Some(why) = &self.out_of_time {
            tell(why);
        }
    }
}
