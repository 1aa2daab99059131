//! What the law makes of a question, and how it is written: straight into the output.

use super::change::Change;
use super::json::Json;
use crate::domain::clocks::Derivation;
use crate::domain::instant::{Instant, Rfc3339, Zone};
use crate::domain::law::Overlay;
use crate::domain::law::assess::{Assessment, Reckoned, Reckoning};
use crate::domain::law::uncovered::Uncovered;

/// What the law makes of a question.
pub struct Answer<'q> {
    /// What the asker calls it.
    pub id: Option<&'q str>,
    /// When it was judged.
    pub at: Instant,
    /// The zone civil dates were counted in, if it is known; moments are shown in it.
    pub zone: Zone,
    /// Whether nobody has said the zone.
    pub zone_assumed: bool,
    /// The packs that were asked.
    pub asked_of: Vec<&'q str>,
    /// Places and regimes that the facts name and none of these packs declares, also those counsel has answered.
    pub uncovered: Vec<Uncovered>,
    /// The duties, in the order of packs and ids.
    pub duties: Vec<Judged<'q>>,
    /// What the packs on trial would change; none when there are none.
    pub changes: Option<Vec<Change<'q>>>,
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

impl Judged<'_> {
    /// Whether a clock runs for it.
    pub fn runs(&self) -> bool {
        self.assessment.runs()
    }
}

/// Said of a question whose facts do not give the zone.
pub const ZONE_ASSUMED: &str =
    "nobody has said the organisation's zone; a limit in days is counted where it ends first, wherever that is";

impl Answer<'_> {
    /// Whether the facts bring in something that no pack in use declares, and that counsel has not answered.
    pub fn leaves_uncovered(&self) -> bool {
        self.uncovered.iter().any(Uncovered::is_open)
    }

    /// Appends the answer as one JSON object without a line's end.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        Json::to(out).object(|json| {
            self.id.iter().for_each(|id| json.name("id").text(id));
            json.name("at").shown(Rfc3339(self.at));
            json.name("zone").text(self.zone.name());
            if self.zone_assumed {
                json.name("assumed").text(ZONE_ASSUMED);
            }
            json.name("duties").list(|json| self.duties.iter().for_each(|judged| write_duty(judged, self.derived, json)));
            if !self.uncovered.is_empty() {
                json.name("uncovered").list(|json| self.uncovered.iter().for_each(|uncovered| write_uncovered(uncovered, json)));
            }
            if let Some(changes) = &self.changes {
                json.name("changes").list(|json| changes.iter().for_each(|change| change.write_json(json)));
            }
        });
    }
}

fn write_duty(judged: &Judged<'_>, derived: bool, json: &mut Json<'_>) {
    let Judged { towards, assessment } = judged;
    let text = &assessment.duty.text;
    json.object(|json| {
        json.name("duty").text(text.id.as_str());
        json.name("pack").text(assessment.duty.pack.as_str());
        if !towards.is_empty() {
            json.name("towards").list(|json| towards.iter().for_each(|target| json.text(target)));
        }
        json.name("title").text(&text.title);
        json.name("addressee").text(&text.addressee);
        json.name("cite").text(&text.cite);
        json.name("verification").text(text.verification.word());
        json.name("owed").text(assessment.owed.word());
        if let Some((says, cite)) = assessment.ground() {
            json.name("ground").object(|json| {
                json.name("says").text(&says);
                json.name("cite").text(&cite);
            });
        }
        if let Some(reckoning) = &assessment.deadlines {
            json.name("mode").text(assessment.mode.word());
            write_start(assessment, json);
            json.name("deadlines").object(|json| write_deadlines(reckoning, derived, json));
        }
        if !assessment.missing.is_empty() {
            json.name("missing").list(|json| assessment.missing.iter().for_each(|key| json.text(key.as_str())));
        }
        if !assessment.overlays.is_empty() {
            json.name("overlays").list(|json| assessment.overlays.iter().for_each(|(overlay, _)| write_overlay(overlay, json)));
        }
        json.name("reasons").list(|json| assessment.each_reason(&mut |line| json.shown(line)));
        if !assessment.remarks.is_empty() {
            json.name("remarks").list(|json| assessment.remarks.iter().for_each(|remark| json.text(remark)));
        }
    });
}

fn write_overlay(overlay: &Overlay, json: &mut Json<'_>) {
    json.object(|json| {
        json.name("place").text(&overlay.place);
        json.name("title").text(&overlay.title);
        json.name("cite").text(&overlay.applies.cite);
        json.name("verification").text(overlay.applies.verification.word());
    });
}

fn write_uncovered(uncovered: &Uncovered, json: &mut Json<'_>) {
    json.object(|json| {
        let kind = if uncovered.subject.contains('.') { "regime" } else { "place" };
        json.name(kind).text(&uncovered.subject);
        json.name("name").text(&uncovered.name);
        json.name("named_by").list(|json| uncovered.named_by.iter().for_each(|key| json.text(key)));
        if let Some(known) = &uncovered.known {
            json.name("known").object(|json| {
                json.name("says").text(&known.says);
                json.name("cite").text(&known.cite);
                json.name("verification").text(known.verification.word());
            });
        }
        if let Some(word) = &uncovered.word {
            json.name("counsel").object(|json| {
                json.name("says").text(&word.says);
                json.name("by").text(&word.by);
                json.name("on").shown(word.on);
                word.until.iter().for_each(|until| json.name("until").shown(until));
            });
        }
        json.name("open").truth(uncovered.is_open());
    });
}

fn write_start(assessment: &Assessment<'_>, json: &mut Json<'_>) {
    let start = &assessment.start;
    json.name("start").object(|json| {
        json.name("at").shown(Rfc3339(start.at));
        json.name("settled").truth(start.settled);
        start.from.iter().for_each(|key| json.name("from").text(key.as_str()));
        json.name("event").text(start.event);
    });
}

fn write_deadlines(reckoning: &Reckoning<'_>, derived: bool, json: &mut Json<'_>) {
    write_term(&reckoning.operational, derived, json.name("operational"));
    reckoning.outer.iter().for_each(|outer| write_term(outer, derived, json.name("outer")));
    if !reckoning.advisory.is_empty() {
        let readings = &reckoning.advisory;
        json.name("advisory").list(|json| readings.iter().for_each(|reading| write_term(reading, derived, json)));
    }
    reckoning.target.iter().for_each(|target| write_term(target, derived, json.name("target")));
}

fn write_term(reckoned: &Reckoned<'_>, derived: bool, json: &mut Json<'_>) {
    json.object(|json| {
        match reckoned.at {
            Some(at) => json.name("at").shown(Rfc3339(at)),
            None => json.name("at").null(),
        }
        json.name("zone").text(reckoned.zone.name());
        json.name("says").text(reckoned.says);
        json.name("cite").text(reckoned.cite);
        json.name("verification").text(reckoned.verification.word());
        if derived {
            write_derivation(&reckoned.derivation(), json.name("derivation"));
        }
    });
}

fn write_derivation(derivation: &Derivation, json: &mut Json<'_>) {
    json.object(|json| {
        json.name("steps").list(|json| {
            for step in &derivation.steps {
                json.object(|json| {
                    json.name("text").text(&step.text);
                    json.name("result").text(&step.result);
                    step.cite.iter().for_each(|cite| json.name("cite").text(cite));
                });
            }
        });
        json.name("tz_version").text(&derivation.tz_version);
        if !derivation.assumptions.is_empty() {
            json.name("assumptions").list(|json| derivation.assumptions.iter().for_each(|assumption| json.text(assumption)));
        }
    });
}
