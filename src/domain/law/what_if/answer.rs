//! What the law makes of a question, written straight into the output.

use crate::domain::ids::{DutyId, FactKey, PackId};
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::assess::{Assessment, Deadlines, Started};
use crate::domain::law::{Mode, Owed, Verification};
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;

/// The duties a question meets.
pub struct Answer<'q> {
    /// What the asker calls it.
    pub id: Option<&'q str>,
    /// When it was judged.
    pub at: Instant,
    /// The zone civil dates were counted in.
    pub zone: Zone,
    /// Nobody has said the zone.
    pub zone_assumed: bool,
    /// The duties, in the order of packs and ids.
    pub duties: Vec<Assessment<'q>>,
}

#[derive(Serialize)]
struct AnswerShape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    at: Instant,
    zone: Zone,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed: Option<&'static str>,
    duties: Vec<DutyShape<'a>>,
}

#[derive(Serialize)]
struct DutyShape<'a> {
    duty: &'a DutyId,
    pack: &'a PackId,
    title: &'a str,
    obliged: &'a str,
    addressee: &'a str,
    cite: &'a str,
    verification: Verification,
    asks: &'a str,
    owed: Owed,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<Ground>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<&'a Started>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadlines: Option<&'a Deadlines>,
    missing: &'a BTreeSet<FactKey>,
    reasons: Reasons<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Ground {
    says: String,
    cite: String,
}

struct Reasons<'a>(&'a Assessment<'a>);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.reasons())
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let assumed = "nobody has said the organisation's zone; civil dates are counted in UTC";
        AnswerShape {
            id: self.id,
            at: self.at,
            zone: self.zone,
            assumed: self.zone_assumed.then_some(assumed),
            duties: self.duties.iter().map(DutyShape::of).collect(),
        }
        .serialize(serializer)
    }
}

impl<'a> DutyShape<'a> {
    fn of(assessment: &'a Assessment<'a>) -> Self {
        let text = &assessment.duty.text;
        let runs = assessment.deadlines.is_some();
        Self {
            duty: &text.id,
            pack: &assessment.duty.pack,
            title: &text.title,
            obliged: &text.obliged,
            addressee: &text.addressee,
            cite: &text.cite,
            verification: text.verification,
            asks: &text.asks,
            owed: assessment.owed,
            mode: runs.then_some(assessment.mode),
            ground: assessment.ground().map(|(says, cite)| Ground { says, cite }),
            start: runs.then_some(&assessment.start),
            deadlines: assessment.deadlines.as_ref(),
            missing: &assessment.missing,
            reasons: Reasons(assessment),
            remarks: &assessment.remarks,
        }
    }
}
