//! What the law makes of a question, and how it is written: straight into the output, line by line.

use crate::domain::clocks::Derivation;
use crate::domain::ids::{DutyId, FactKey, PackId};
use crate::domain::instant::{Instant, Rfc3339, Zone};
use crate::domain::law::assess::{Assessment, Reckoned, Reckoning};
use crate::domain::law::{Mode, Owed, Verification};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;

/// What the law makes of a question.
pub struct Answer<'q> {
    /// What the asker calls it.
    pub id: Option<&'q str>,
    /// When it was judged.
    pub at: Instant,
    /// The zone civil dates were counted in.
    pub zone: Zone,
    /// Whether nobody has said the zone.
    pub zone_assumed: bool,
    /// The duties, in the order of packs and ids.
    pub duties: Vec<Judged<'q>>,
    /// What the packs on trial would change; none when there are none.
    pub changes: Option<Vec<super::Change<'q>>>,
    /// Whether every deadline is written with its derivation.
    pub derived: bool,
}

/// One duty held against the facts, or the part of it that is owed to one group.
pub struct Judged<'q> {
    /// For whom it has a clock each: authorities, States, a group of people; empty when it has one.
    pub towards: Vec<String>,
    /// What came out.
    pub assessment: Assessment<'q>,
}

/// Said of a question whose facts do not give the zone.
pub const ZONE_ASSUMED: &str = "nobody has said the organisation's zone; civil dates are counted in UTC";

#[derive(Serialize)]
struct AnswerShape<'a, D: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(serialize_with = "utc")]
    at: Instant,
    zone: Zone,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed: Option<&'static str>,
    duties: D,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [super::Change<'a>]>,
}

#[derive(Serialize)]
struct DutyShape<'a> {
    duty: &'a DutyId,
    pack: &'a PackId,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    towards: &'a [String],
    title: &'a str,
    addressee: &'a str,
    cite: &'a str,
    verification: Verification,
    owed: Owed,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<GroundShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<StartShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadlines: Option<DeadlinesShape<'a>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    missing: &'a BTreeSet<&'a FactKey>,
    reasons: Reasons<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    remarks: &'a [String],
}

#[derive(Serialize)]
struct GroundShape {
    says: String,
    cite: String,
}

#[derive(Serialize)]
struct StartShape<'a> {
    #[serde(serialize_with = "utc")]
    at: Instant,
    settled: bool,
    from: Option<&'a FactKey>,
    event: &'a str,
}

#[derive(Serialize)]
struct DeadlinesShape<'a> {
    operational: TermShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outer: Option<TermShape<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advisory: Vec<TermShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<TermShape<'a>>,
}

#[derive(Serialize)]
struct TermShape<'a> {
    says: &'a str,
    cite: &'a str,
    verification: Verification,
    #[serde(serialize_with = "utc_or_none")]
    at: Option<Instant>,
    zone: Zone,
    #[serde(skip_serializing_if = "Option::is_none")]
    derivation: Option<Derivation>,
}

/// The reasons, written as they are found.
struct Reasons<'a>(&'a Assessment<'a>);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lines = serializer.serialize_seq(None)?;
        let mut outcome = Ok(());
        self.0.each_reason(&mut |line| {
            if outcome.is_ok() {
                outcome = lines.serialize_element(&format_args!("{line}"));
            }
        });
        outcome?;
        lines.end()
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AnswerShape {
            id: self.id,
            at: self.at,
            zone: self.zone,
            assumed: self.zone_assumed.then_some(ZONE_ASSUMED),
            duties: InTurn(&self.duties, DutyShape::of, self.derived),
            changes: self.changes.as_deref(),
        }
        .serialize(serializer)
    }
}

/// Shapes made one after the other, as they are written.
struct InTurn<'a, T, U>(&'a [T], fn(&'a T, bool) -> U, bool);

impl<T, U: Serialize> Serialize for InTurn<'_, T, U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(items, shape, derived) = self;
        serializer.collect_seq(items.iter().map(|item| shape(item, *derived)))
    }
}

impl<'a> DutyShape<'a> {
    fn of(judged: &'a Judged<'a>, derived: bool) -> Self {
        let assessment = &judged.assessment;
        let text = &assessment.duty.text;
        let runs = assessment.deadlines.is_some();
        let start = &assessment.start;
        Self {
            duty: &text.id,
            pack: &assessment.duty.pack,
            towards: &judged.towards,
            title: &text.title,
            addressee: &text.addressee,
            cite: &text.cite,
            verification: text.verification,
            owed: assessment.owed,
            mode: runs.then_some(assessment.mode),
            ground: assessment.ground().map(|(says, cite)| GroundShape { says, cite }),
            start: runs.then_some(StartShape { at: start.at, settled: start.settled, from: start.from, event: start.event }),
            deadlines: assessment.deadlines.as_ref().map(|reckoning| DeadlinesShape::of(reckoning, derived)),
            missing: &assessment.missing,
            reasons: Reasons(assessment),
            remarks: &assessment.remarks,
        }
    }
}

impl<'a> DeadlinesShape<'a> {
    fn of(reckoning: &'a Reckoning<'a>, derived: bool) -> Self {
        let term = |reckoned: &'a Reckoned<'a>| TermShape {
            says: reckoned.says,
            cite: reckoned.cite,
            verification: reckoned.verification,
            at: reckoned.at,
            zone: reckoned.zone,
            derivation: derived.then(|| reckoned.derivation()),
        };
        Self {
            operational: term(&reckoning.operational),
            outer: reckoning.outer.as_ref().map(term),
            advisory: reckoning.advisory.iter().map(term).collect(),
            target: reckoning.target.as_ref().map(term),
        }
    }
}

fn utc<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Rfc3339(*at))
}

fn utc_or_none<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => utc(at, serializer),
        None => serializer.serialize_none(),
    }
}
