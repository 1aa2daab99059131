//! What the law would make of facts that nobody has recorded: facts in, duties and deadlines out.
//!
//! A [`Question`] is read from one line of JSON; an [`Inquiry`] holds every pack in use against it and gives
//! an [`Answer`]. Packs on trial are held against it too, and what they would change is said. Nothing is
//! stored, and nothing here knows incidents or files.

mod answer;
mod change;
mod json;
mod question;

pub use answer::{Answer, Judged, ZONE_ASSUMED};
pub use change::Change;
pub use question::{Question, QuestionFault};

use super::assess::{Assessment, Circumstances, assess, targets};
use super::load::Rulebook;
use super::pack::{Duty, Each, Pack};
use super::sight::Sight;
use super::uncovered::{Asked, Border};
use super::zoneless::assess_anywhere;
use crate::domain::ids::DutyId;
use crate::domain::instant::{Instant, Zone, rfc3339};
use std::collections::BTreeSet;

/// The law that is asked, and what is taken when a question does not say it.
pub struct Inquiry<'l> {
    rulebook: &'l Rulebook,
    /// The packs in use.
    packs: Vec<&'l Pack>,
    /// What they declare.
    border: Border<'l>,
    /// Packs that are tried beside them.
    on_trial: Vec<&'l Pack>,
    /// The only duty that is asked, if there is one.
    only: Option<&'l DutyId>,
    /// When a question is asked, unless it says so itself.
    pub at: Instant,
    /// The organisation's principal zone, unless the facts say it.
    pub zone: Option<Zone>,
    /// Whether duties that are not owed or do not bind are shown too, with the ground.
    pub all: bool,
    /// Whether every deadline is shown with its derivation.
    pub derived: bool,
}

/// What is said of a clock that is to begin after it is judged: most likely the moment was mistyped.
fn begins_later(assessment: &Assessment<'_>, now: Instant) -> Option<String> {
    let (start, key) = (&assessment.start, assessment.start.from?);
    (assessment.runs() && start.at > now).then(|| {
        format!(
            "`{key}` lies in the future ({}, judged {}): check it, the limit is counted from it",
            rfc3339(start.at),
            rfc3339(now)
        )
    })
}

/// How a duty is held against facts: with the organisation's zone, or without.
type Assess<'q> = fn(&'q Duty, &'q Pack, &'q Rulebook, &Circumstances<'q, '_>) -> Assessment<'q>;

impl<'l> Inquiry<'l> {
    /// Asks the enabled packs of a rulebook, at an instant.
    pub fn of(rulebook: &'l Rulebook, at: Instant) -> Self {
        let packs: Vec<&Pack> = rulebook.enabled(&[]).collect();
        let border = Border::of(rulebook, packs.iter().copied());
        Self { rulebook, packs, border, on_trial: Vec::new(), only: None, at, zone: None, all: false, derived: false }
    }

    /// Asks one duty alone, enabled or not.
    pub fn of_duty(rulebook: &'l Rulebook, duty: &'l Duty, pack: &'l Pack, at: Instant) -> Self {
        Self { packs: vec![pack], only: Some(&duty.text.id), all: true, ..Self::of(rulebook, at) }
    }

    /// The same with packs on trial beside those in use. One that is in use already is left out.
    pub fn trying(mut self, packs: impl IntoIterator<Item = &'l Pack>) -> Self {
        let in_use = |pack: &Pack| self.packs.iter().any(|used| used.head.id == pack.head.id);
        self.on_trial = packs.into_iter().filter(|pack| !in_use(pack)).collect();
        self
    }

    /// Reads one line of JSON; see [`Question::read`].
    pub fn read(&self, line: &str) -> Result<Question, Vec<QuestionFault>> {
        Question::read(line, &self.rulebook.vocabulary, self.at)
    }

    /// What the law makes of a question.
    pub fn answer<'q>(&self, question: &'q Question) -> Answer<'q>
    where
        'l: 'q,
    {
        let said = question.zone().or(self.zone);
        let zone = said.unwrap_or(Zone::UTC);
        let met = question.met.iter().map(|(duty, at)| (duty, *at)).collect();
        let mut sight = Sight::new(&self.rulebook.vocabulary, &question.book).with_met(met);
        let asked = Asked { organisation: None, zone, at: question.at, hinted: &BTreeSet::new() };
        let uncovered = self.border.uncovered(&sight, &asked);
        sight.set_uncovered(uncovered.clone());
        let circumstances = Circumstances { sight: &sight, zone, at: question.at, holds: &[] };
        let assessed = if said.is_some() { assess } else { assess_anywhere };
        let mut duties = self.judge(&self.packs, self.all, &circumstances, assessed);
        let mut changes = None;
        if !self.on_trial.is_empty() {
            let mut tried = self.judge(&self.on_trial, true, &circumstances, assessed);
            changes = Some(change::changes(&duties, &tried));
            tried.retain(|judged| self.all || judged.runs());
            duties.append(&mut tried);
        }
        let (id, at) = (question.id.as_deref(), question.at);
        let asked_of = self.packs.iter().map(|pack| pack.head.id.as_str()).collect();
        Answer { id, at, zone, zone_assumed: said.is_none(), asked_of, duties, uncovered, changes, derived: self.derived }
    }

    /// The duties of packs that run, or all of them.
    fn judge<'q>(&self, packs: &[&'l Pack], all: bool, at: &Circumstances<'q, '_>, assessed: Assess<'q>) -> Vec<Judged<'q>>
    where
        'l: 'q,
    {
        let mut judged = Vec::new();
        for pack in packs {
            for duty in pack.duties.iter().filter(|duty| self.only.is_none_or(|only| duty.text.id == *only)) {
                self.judge_duty(duty, pack, at, assessed, &mut |towards, mut assessment| {
                    if all || assessment.runs() {
                        assessment.remarks.extend(begins_later(&assessment, at.at));
                        judged.push(Judged { towards, assessment });
                    }
                });
            }
        }
        judged
    }

    /// One duty: once, or for each group of people that has a clock of its own; of places those together where it is alike.
    fn judge_duty<'q>(
        &self,
        duty: &'l Duty,
        pack: &'l Pack,
        at: &Circumstances<'q, '_>,
        assessed: Assess<'q>,
        tell: &mut dyn FnMut(Vec<String>, Assessment<'q>),
    ) where
        'l: 'q,
    {
        let whole = || assessed(duty, pack, self.rulebook, at);
        let towards = match &duty.text.each {
            None => return tell(Vec::new(), whole()),
            Some(_) => targets(duty, pack, at.sight).into_iter().flatten().collect::<Vec<String>>(),
        };
        let mut alike: Vec<(Vec<String>, Assessment<'q>)> = Vec::new();
        let mut rest = Vec::new();
        for target in towards {
            let Some(sight) = at.sight.towards(duty.text.each.as_ref(), Some(&target)) else {
                rest.push(target);
                continue;
            };
            let assessment = assessed(duty, pack, self.rulebook, &Circumstances { sight: &sight, ..*at });
            let is_of_place = matches!(duty.text.each, Some(Each::Place(_)));
            match alike.iter_mut().find(|(_, other)| is_of_place && other.owed == assessment.owed) {
                Some((places, _)) => places.push(target),
                None => alike.push((vec![target], assessment)),
            }
        }
        if alike.is_empty() {
            return tell(rest, whole());
        }
        alike.into_iter().for_each(|(towards, assessment)| tell(towards, assessment));
    }
}
