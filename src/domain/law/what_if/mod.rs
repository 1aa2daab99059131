//! What the law would make of facts that nobody has recorded: facts in, duties and deadlines out.
//!
//! A [`Question`] is read from one line of JSON; an [`Inquiry`] holds every pack in use against it and gives
//! an [`Answer`]. Nothing is stored, and nothing here knows incidents or files.

mod answer;
mod question;

pub use answer::Answer;
pub use question::{Question, QuestionFault};

use super::assess::{Assessment, Circumstances, Owed, assess};
use super::load::Rulebook;
use super::pack::Pack;
use super::sight::Sight;
use crate::domain::instant::{Instant, Zone};

/// The law that is asked, and what is taken when a question does not say it.
pub struct Inquiry<'l> {
    rulebook: &'l Rulebook,
    /// The packs in use.
    packs: Vec<&'l Pack>,
    /// When the question is asked, unless it says so itself.
    at: Instant,
    /// The organisation's principal zone, unless the facts say it.
    zone: Option<Zone>,
}

impl<'l> Inquiry<'l> {
    /// Asks the enabled packs of a rulebook. `at` counts for questions that do not say when; `zone` for
    /// facts that do not say where the organisation is at home.
    pub fn of(rulebook: &'l Rulebook, at: Instant, zone: Option<Zone>) -> Self {
        Self { rulebook, packs: rulebook.enabled(&[]).collect(), at, zone }
    }

    /// Reads one line of JSON; see [`Question::read`].
    pub fn read(&self, line: &str) -> Result<Question, Vec<QuestionFault>> {
        Question::read(line, &self.rulebook.vocabulary, self.at)
    }

    /// The duties that are owed or open; with `all` also those that are not owed or do not bind.
    pub fn answer<'q>(&self, question: &'q Question, all: bool) -> Answer<'q>
    where
        'l: 'q,
    {
        let said = question.zone().or(self.zone);
        let zone = said.unwrap_or(Zone::UTC);
        let mut duties = self.assess(&self.packs, question, zone);
        duties.retain(|assessment| all || matches!(assessment.owed, Owed::Open | Owed::Owed));
        Answer { id: question.id.as_deref(), at: question.at, zone, zone_assumed: said.is_none(), duties }
    }

    fn assess<'q>(&self, packs: &[&'l Pack], question: &'q Question, zone: Zone) -> Vec<Assessment<'q>>
    where
        'l: 'q,
    {
        let met = question.met.iter().map(|(duty, at)| (duty, *at)).collect();
        let sight = Sight::new(&self.rulebook.vocabulary, &question.book).with_met(met);
        let circumstances = Circumstances { sight: &sight, zone, at: question.at, holds: &[] };
        let duties = packs.iter().flat_map(|pack| pack.duties.iter().map(move |duty| (*pack, duty)));
        duties.map(|(pack, duty)| assess(duty, pack, self.rulebook, &circumstances)).collect()
    }
}
