//! Worked cases: facts in, expected outcome, beside the law they prove.

use super::assess::{Assessment, Circumstances, Owed, assess, targets};
use super::load::Rulebook;
use super::pack::Mode;
use super::sight::{MET, Sight};
use super::uncovered::{Asked, Border};
use super::zoneless::assess_anywhere;
use crate::domain::clocks::Hold;
use crate::domain::facts::{Book, Claim, Claimant, FactType, Value};
use crate::domain::ids::{DutyId, FactKey, PackId};
use crate::domain::instant::{Duration, Instant, NaiveDate, Zone, parse_rfc3339, rfc3339};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

type Facts = BTreeMap<FactKey, toml::Value>;

/// `cases.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CaseFile {
    /// Sets of facts cases start from.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<FactKey, serde_json::Value>>")]
    pub given: BTreeMap<String, Facts>,
    /// The cases.
    #[serde(rename = "case", default)]
    pub cases: Vec<Case>,
}

/// One case, with its sequels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// A sentence that says what is shown, with underscores.
    pub name: String,
    /// Where the expected outcome comes from.
    pub source: String,
    /// When it is assessed.
    pub at: String,
    /// The sets it starts from.
    #[serde(default)]
    pub given: Vec<String>,
    /// Its own facts.
    #[serde(default)]
    #[schemars(with = "BTreeMap<FactKey, serde_json::Value>")]
    pub facts: Facts,
    /// What delays it from here on.
    #[serde(default, rename = "hold")]
    pub holds: Vec<HoldSaid>,
    /// What must come out, by duty.
    #[serde(default)]
    pub expect: BTreeMap<DutyId, Expect>,
    /// What happens next.
    #[serde(default)]
    pub then: Vec<Sequel>,
}

/// Further facts and what must then come out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sequel {
    /// When; a day after the last if not said.
    #[serde(default)]
    pub at: Option<String>,
    /// The further facts.
    #[serde(default)]
    #[schemars(with = "BTreeMap<FactKey, serde_json::Value>")]
    pub facts: Facts,
    /// What delays it from here on.
    #[serde(default, rename = "hold")]
    pub holds: Vec<HoldSaid>,
    /// What must come out.
    #[serde(default)]
    pub expect: BTreeMap<DutyId, Expect>,
}

/// A hold somebody put on the clocks of some duties, such as a police request to wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HoldSaid {
    /// The `[[hold]]` of the duties, by its id.
    pub rule: String,
    /// The duties it was said of.
    pub duties: BTreeSet<DutyId>,
    /// When it was said: RFC 3339.
    pub from: String,
    /// The first moment at which telling is allowed again: RFC 3339; open without it.
    #[serde(default)]
    pub until: Option<String>,
}

/// What must come out for one duty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expect {
    /// Whether it is owed.
    pub owed: Option<Owed>,
    /// The operational deadline: RFC 3339, or `none` for "without delay".
    pub due: Option<String>,
    /// Its civil date in its own zone.
    pub due_date: Option<NaiveDate>,
    /// The outer deadline: RFC 3339, or `none`.
    pub outer: Option<String>,
    /// The contested readings, in order.
    pub advisory: Option<Vec<String>>,
    /// The house's own target: RFC 3339, or `none`.
    pub target: Option<String>,
    /// What the clock means.
    pub mode: Option<Mode>,
    /// When the clock starts.
    pub start: Option<String>,
    /// Exactly these facts would settle it.
    pub missing: Option<BTreeSet<FactKey>>,
    /// At least these facts would settle it.
    pub missing_includes: Option<BTreeSet<FactKey>>,
    /// A part of the ground on which nothing is owed.
    pub ground: Option<String>,
    /// The overlays that apply, by name and in order: `["de"]`; none is written `[]`.
    pub overlays: Option<Vec<String>>,
    /// A part of something a person must know besides.
    pub remark: Option<String>,
    /// For whom there is a clock each: authorities, States, groups of people; empty for one clock.
    pub targets: Option<Vec<String>>,
    /// Expectations of the clock of one group of people, or of one place.
    pub cohort: Option<String>,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseOutcome {
    /// The pack.
    pub pack: PackId,
    /// The case.
    pub name: String,
    /// Where the expectation comes from.
    pub source: String,
    /// What differed; empty when the case passed.
    pub failures: Vec<String>,
    /// How many expectations were compared.
    pub compared: usize,
}

/// Runs every case of every pack.
pub fn run(rulebook: &Rulebook) -> Vec<CaseOutcome> {
    run_watched(rulebook, &mut |_, _| {})
}

/// Sees an assessment, and the ids of the holds that lay on its clock.
type Watch<'w> = dyn FnMut(&Assessment<'_>, &[&str]) + 'w;

/// The same, with every assessment a case expects something of shown to `watch`, and the holds that lay on its clock.
pub fn run_watched(rulebook: &Rulebook, watch: &mut Watch<'_>) -> Vec<CaseOutcome> {
    let cases = rulebook.cases.iter().flat_map(|(pack, file)| file.cases.iter().map(move |case| (pack, file, case)));
    cases.map(|(pack, file, case)| run_case(rulebook, pack, file, case, watch)).collect()
}

fn run_case(rulebook: &Rulebook, pack: &PackId, file: &CaseFile, case: &Case, watch: &mut Watch<'_>) -> CaseOutcome {
    let mut scene = Scene {
        rulebook,
        book: Book::default(),
        met: BTreeMap::new(),
        holds: BTreeMap::new(),
        failures: Vec::new(),
        compared: 0,
    };
    scene.play(file, case, watch);
    if scene.compared == 0 && scene.failures.is_empty() {
        scene.failures.push("the case expects nothing".into());
    }
    CaseOutcome {
        pack: pack.clone(),
        name: case.name.clone(),
        source: case.source.clone(),
        failures: scene.failures,
        compared: scene.compared,
    }
}

/// What is on record in a case so far, and how it went.
struct Scene<'r> {
    rulebook: &'r Rulebook,
    book: Book,
    met: BTreeMap<DutyId, Instant>,
    /// By duty: the hold's id in the duty, and what it does.
    holds: BTreeMap<DutyId, Vec<(&'r str, Hold)>>,
    failures: Vec<String>,
    compared: usize,
}

impl<'r> Scene<'r> {
    fn play(&mut self, file: &CaseFile, case: &Case, watch: &mut Watch<'_>) {
        let Some(mut at) = self.instant("at", &case.at) else { return };
        for name in &case.given {
            match file.given.get(name) {
                Some(facts) => self.record(facts, at),
                None => self.failures.push(format!("there is no [given.{name}]")),
            }
        }
        // A case's own facts correct those it is given.
        at += Duration::seconds(1);
        self.record(&case.facts, at);
        self.lay(&case.holds);
        self.compare(&case.expect, at, watch);
        for (index, sequel) in case.then.iter().enumerate() {
            let before = self.failures.len();
            let later = match &sequel.at {
                Some(later) => self.instant("at", later).map(|later| later.max(at + Duration::seconds(1))),
                None => Some(at + Duration::days(1)),
            };
            if let Some(later) = later {
                at = later;
                self.record(&sequel.facts, at);
                self.lay(&sequel.holds);
                self.compare(&sequel.expect, at, watch);
            }
            for failure in &mut self.failures[before..] {
                *failure = format!("then {}: {failure}", index + 1);
            }
        }
    }

    fn instant(&mut self, what: &str, text: &str) -> Option<Instant> {
        let at = parse_rfc3339(text);
        if at.is_none() {
            self.failures.push(format!("`{what}` is not an RFC 3339 time with offset: `{text}`"));
        }
        at
    }

    fn record(&mut self, facts: &Facts, at: Instant) {
        for (key, value) in facts {
            let json = match serde_json::to_value(value) {
                Ok(json) => json,
                Err(error) => {
                    self.failures.push(format!("fact `{key}`: {error}"));
                    continue;
                }
            };
            if let Some(duty) = key.as_str().strip_prefix(MET) {
                match FactType::Instant.read(&json) {
                    Ok(Value::Instant(instant)) => drop(self.met.insert(DutyId::from(duty), instant)),
                    Ok(_) => {}
                    Err(fault) => self.failures.push(format!("fact `{key}`: {fault}")),
                }
                continue;
            }
            // "unknown" withdraws a fact that a set gave.
            let unknown = json.as_str() == Some("unknown");
            let value = if unknown { Ok(None) } else { self.rulebook.vocabulary.read(key.as_str(), &json).map(Some) };
            match value {
                Ok(value) => {
                    let by = Claimant::Person("case".into());
                    self.book.record(Claim::of(key.clone(), value, by, at));
                }
                Err(fault) => self.failures.push(fault.to_string()),
            }
        }
    }

    fn lay(&mut self, holds: &[HoldSaid]) {
        for said in holds {
            let Some(from) = self.instant("from", &said.from) else { continue };
            let until = said.until.as_ref().and_then(|until| self.instant("until", until));
            for id in &said.duties {
                let rules = self.rulebook.duty(id).map_or(&[][..], |(_, duty)| &duty.text.holds);
                match rules.iter().find(|rule| rule.id == said.rule) {
                    Some(rule) => self.holds.entry(id.clone()).or_default().push((&rule.id, rule.hold(from, until))),
                    None => self.failures.push(format!("the law of `{id}` knows no hold `{}`", said.rule)),
                }
            }
        }
    }

    fn compare(&mut self, expect: &BTreeMap<DutyId, Expect>, at: Instant, watch: &mut Watch<'_>) {
        let rulebook = self.rulebook;
        let met = self.met.iter().map(|(duty, at)| (duty, *at)).collect();
        let mut sight = Sight::new(&rulebook.vocabulary, &self.book).with_met(met);
        let zone = self
            .book
            .standing("organisation.zone")
            .value()
            .and_then(|value| if let Value::Text(name) = value { Zone::named(name) } else { None });
        let assessed = if zone.is_some() { assess } else { assess_anywhere };
        let zone = zone.unwrap_or(Zone::UTC);
        let asked = Asked { organisation: None, zone, at, hinted: &BTreeSet::new() };
        sight.set_uncovered(Border::of(rulebook, rulebook.enabled(&[])).uncovered(&sight, &asked));
        for (id, expect) in expect {
            let Some((pack, duty)) = rulebook.duty(id) else {
                self.failures.push(format!("there is no duty `{id}`"));
                continue;
            };
            let mut differences = Vec::new();
            if let Some(wanted) = &expect.targets {
                self.compared += 1;
                let got: Vec<String> = targets(duty, pack, &sight).into_iter().flatten().collect();
                if *wanted != got {
                    differences.push(format!("targets: expected [{}], got [{}]", wanted.join(", "), got.join(", ")));
                }
            }
            let of_group = sight.towards(duty.text.each.as_ref(), expect.cohort.as_deref());
            let sight = of_group.as_ref().unwrap_or(&sight);
            let laid = self.holds.get(id).map_or(&[][..], Vec::as_slice);
            let holds: Vec<Hold> = laid.iter().map(|(_, hold)| hold.clone()).collect();
            let assessment = assessed(duty, pack, rulebook, &Circumstances { sight, zone, at, holds: &holds });
            watch(&assessment, &laid.iter().map(|(rule, _)| *rule).collect::<Vec<_>>());
            self.compared += expect.differences(&assessment, &mut differences);
            self.failures.extend(differences.into_iter().map(|difference| format!("{id}: {difference}")));
        }
    }
}

impl Expect {
    /// Writes down what differs; gives how many expectations were compared.
    fn differences(&self, got: &Assessment<'_>, differences: &mut Vec<String>) -> usize {
        let mut compared = 0;
        let mut check = |what: &str, wanted: Option<String>, got: String| {
            if let Some(wanted) = wanted {
                compared += 1;
                if wanted != got {
                    differences.push(format!("{what}: expected {wanted}, got {got}"));
                }
            }
        };
        let instant = |at: Option<Instant>| at.map_or_else(|| "none".to_owned(), rfc3339);
        let wanted_instant =
            |text: &Option<String>| text.as_ref().map(|text| parse_rfc3339(text).map_or_else(|| text.clone(), rfc3339));
        let keys = |keys: &mut dyn Iterator<Item = &FactKey>| {
            let keys: Vec<&str> = keys.map(FactKey::as_str).collect();
            format!("[{}]", keys.join(", "))
        };
        let deadlines = got.deadlines.as_ref();
        let operational = deadlines.map(|d| &d.operational);
        check("owed", self.owed.map(|owed| owed.word().to_owned()), got.owed.word().to_owned());
        check("due", wanted_instant(&self.due), instant(operational.and_then(|term| term.at)));
        let date = operational.and_then(|term| term.at.map(|at| term.zone.date_of(at).to_string())).unwrap_or("none".into());
        check("due-date", self.due_date.map(|date| date.to_string()), date);
        let outer = deadlines.and_then(|d| d.outer.as_ref());
        check("outer", wanted_instant(&self.outer), instant(outer.and_then(|term| term.at)));
        let target = deadlines.and_then(|d| d.target.as_ref());
        check("target", wanted_instant(&self.target), instant(target.and_then(|term| term.at)));
        let advisory: Vec<String> = deadlines.iter().flat_map(|d| &d.advisory).map(|term| instant(term.at)).collect();
        let wanted = self.advisory.as_ref().map(|texts| {
            let texts: Vec<String> = texts.iter().filter_map(|text| wanted_instant(&Some(text.clone()))).collect();
            texts.join(", ")
        });
        check("advisory", wanted, advisory.join(", "));
        check("mode", self.mode.map(|mode| mode.word().to_owned()), got.mode.word().to_owned());
        check("start", wanted_instant(&self.start), instant(Some(got.start.at)));
        let missing = keys(&mut got.missing.iter().copied());
        check("missing", self.missing.as_ref().map(|wanted| keys(&mut wanted.iter())), missing);
        if let Some(wanted) = &self.missing_includes {
            let found = keys(&mut wanted.iter().filter(|key| got.missing.contains(key)));
            check("missing-includes", Some(keys(&mut wanted.iter())), found);
        }
        if let Some(ground) = &self.ground {
            let full = got.ground().map_or_else(|| "none".to_owned(), |(title, cite)| format!("{title} ({cite})"));
            let shown = if full.contains(ground.as_str()) { ground.clone() } else { full };
            check("ground", Some(ground.clone()), shown);
        }
        let overlays = || got.overlays.iter().map(|(overlay, _)| overlay.id.as_str()).collect::<Vec<_>>().join(", ");
        check("overlays", self.overlays.as_ref().map(|wanted| wanted.join(", ")), overlays());
        if let Some(remark) = &self.remark {
            let shown = got.remarks.iter().find(|told| told.contains(remark.as_str())).map(|_| remark.clone());
            check("remark", Some(remark.clone()), shown.unwrap_or_else(|| format!("[{}]", got.remarks.join("] ["))));
        }
        compared
    }
}
