//! A duty in plain words: who, when, from when, until when, unless what, with every citation and mark.

use super::condition::Condition;
use super::overlay::{Note, Overlay};
use super::pack::{Besides, Due, Duty, Each, Exception, Force, HoldRule, Pack, Pick, Reading, Verification};
use crate::domain::clocks::{Context, Derivation, Limit};
use crate::domain::facts::Vocabulary;
use crate::domain::ids::{DutyId, FactKey, PackId};
use crate::domain::instant::{Instant, NaiveDate, Zone};
use crate::domain::law::Rulebook;
use crate::domain::notices::Element;
use serde::Serialize;

/// A duty, explained.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation<'a> {
    /// The id.
    pub duty: &'a DutyId,
    /// What is to be done.
    pub title: &'a str,
    /// Who must act.
    pub obliged: &'a str,
    /// Whom they must tell.
    pub addressee: &'a str,
    /// Where the law says it.
    pub cite: &'a str,
    /// How well that was checked.
    pub verification: Verification,
    /// The edition in which it was read, if the pack says so.
    pub edition: Option<&'a str>,
    /// What is asked of the reader of an alert.
    pub asks: &'a str,
    /// The pack.
    pub pack: &'a PackId,
    /// Its version.
    pub version: &'a str,
    /// Where it was read: `built in` or a folder.
    pub origin: &'a str,
    /// Its digest, SHA-256 in hex.
    pub digest: &'a str,
    /// The duty's file, below the rules folder.
    pub file: &'a str,
    /// Whether the pack is used without being named.
    pub enabled: bool,
    /// Since when it is law.
    pub force: &'a Force,
    /// Who is bound.
    pub binds: Clause,
    /// What must have happened.
    pub arises: Clause,
    /// For whom there is a clock each, in words; none for one clock.
    pub each: Option<String>,
    /// When the clock starts.
    pub start: StartExplained<'a>,
    /// How long it runs, case by case.
    pub due: Vec<DueExplained<'a>>,
    /// The house's own target.
    pub target: Option<LimitExplained<'a>>,
    /// What lifts it.
    pub exceptions: Vec<ExceptionExplained<'a>>,
    /// What the law of single States changes.
    pub overlays: Vec<OverlayExplained<'a>>,
    /// What may delay it.
    pub holds: &'a [HoldRule],
    /// What the notice says.
    pub contents: &'a [Element],
    /// What a reader should know besides.
    pub notes: &'a [String],
}

/// A condition in words, with the conditions it is made of below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The words.
    pub says: String,
    /// The question a person is asked, where the clause tests a fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Where the law says it, for a legal notion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
    /// How well that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Clause>,
}

/// When a clock starts.
#[derive(Clone, Debug, Serialize)]
pub struct StartExplained<'a> {
    /// The event in law.
    pub event: &'a str,
    /// Where the law says it.
    pub cite: &'a str,
    /// Which of the facts that settle it counts.
    pub pick: Pick,
    /// The facts that settle it.
    pub facts: &'a [FactKey],
    /// Of which the earliest starts a provisional clock meanwhile.
    pub candidates: &'a [FactKey],
}

/// One due case.
#[derive(Clone, Debug, Serialize)]
pub struct DueExplained<'a> {
    /// In which case; none means always, or in all other cases.
    pub when: Option<Clause>,
    /// The operational limit.
    pub limit: LimitExplained<'a>,
    /// The outer one.
    pub outer: Option<LimitExplained<'a>>,
    /// Contested readings.
    pub advisory: Vec<LimitExplained<'a>>,
    /// Facts that pull it forward.
    pub no_later_than: &'a [FactKey],
    /// The fact that replaces it.
    pub extended_to: Option<&'a FactKey>,
}

/// A limit, and what it comes to for a start that was given as an example.
#[derive(Clone, Debug, Serialize)]
pub struct LimitExplained<'a> {
    /// The limit in words.
    pub says: &'a str,
    /// Where it comes from.
    pub cite: &'a str,
    /// How well that was checked.
    pub verification: Verification,
    /// The last instant for the example; none for "without delay".
    pub example: Option<Instant>,
    /// The zone in which it is meant.
    pub zone: Zone,
    /// How it was found.
    pub derivation: Derivation,
}

/// One exception.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionExplained<'a> {
    /// Its name in the duty.
    pub id: &'a str,
    /// The ground.
    pub title: &'a str,
    /// Where the law says it.
    pub cite: &'a str,
    /// How well that was checked.
    pub verification: Verification,
    /// Whether the duty stands until it is shown.
    pub must_be_shown: bool,
    /// What must be so.
    pub when: Clause,
}

/// What the law of one State changes.
#[derive(Clone, Debug, Serialize)]
pub struct OverlayExplained<'a> {
    /// Its name, that of its file.
    pub id: &'a str,
    /// The country or subdivision.
    pub place: &'a str,
    /// The State and its law.
    pub title: &'a str,
    /// Its file, below the rules folder.
    pub file: &'a str,
    /// When a person last read it against its sources.
    pub reviewed: NaiveDate,
    /// Where the law says when it applies.
    pub cite: &'a str,
    /// How well that was checked.
    pub verification: Verification,
    /// When it applies.
    pub applies: Clause,
    /// Further grounds that lift the duty.
    pub exceptions: Vec<ExceptionExplained<'a>>,
    /// What a reader must know.
    pub notes: &'a [Note],
}

/// Explains a duty. Its limits are worked out for a clock that starts at `start`, for an organisation in `zone`.
pub fn explain<'a>(duty: &'a Duty, pack: &'a Pack, rulebook: &'a Rulebook, start: Instant, zone: Zone) -> Explanation<'a> {
    let text = &duty.text;
    let words = Words { pack, vocabulary: &rulebook.vocabulary };
    let example = Example { start, context: Context { organisation_zone: zone, calendars: &rulebook.calendars } };
    Explanation {
        duty: &text.id,
        title: &text.title,
        obliged: &text.obliged,
        addressee: &text.addressee,
        cite: &text.cite,
        verification: text.verification,
        edition: pack.edition(&text.cite),
        asks: &text.asks,
        pack: &pack.head.id,
        version: &pack.head.version,
        origin: &pack.origin,
        digest: &pack.digest,
        file: &duty.file,
        enabled: pack.head.enabled,
        force: &text.force,
        binds: words.clause(&text.binds),
        arises: words.clause(&text.arises),
        each: text.each.as_ref().map(|each| words.each(each, text.each_besides.as_ref())),
        start: StartExplained {
            event: &text.start.event,
            cite: &text.start.cite,
            pick: text.start.pick,
            facts: &text.start.facts,
            candidates: &text.start.candidates,
        },
        due: text.due.iter().map(|due| example.due(due, &words)).collect(),
        target: text
            .target
            .as_ref()
            .map(|limit| example.limit(limit, "the house's own target", "house policy, not law", Verification::Choice)),
        exceptions: text.exceptions.iter().map(|exception| words.exception(exception)).collect(),
        overlays: duty.overlays.iter().map(|overlay| words.overlay(overlay)).collect(),
        holds: &text.holds,
        contents: &text.contents,
        notes: &text.notes,
    }
}

/// A start for which limits are worked out.
struct Example<'a> {
    start: Instant,
    context: Context<'a>,
}

impl Example<'_> {
    fn due<'a>(&self, due: &'a Due, words: &Words<'_>) -> DueExplained<'a> {
        let reading = |reading: &'a Reading| self.limit(&reading.limit, &reading.says, &reading.cite, reading.verification);
        DueExplained {
            when: due.when.as_ref().map(|when| words.clause(when)),
            limit: self.limit(&due.limit, &due.says, &due.cite, due.verification),
            outer: due.outer.as_ref().map(reading),
            advisory: due.advisory.iter().map(reading).collect(),
            no_later_than: &due.no_later_than,
            extended_to: due.extended_to.as_ref(),
        }
    }

    fn limit<'a>(&self, limit: &Limit, says: &'a str, cite: &'a str, verification: Verification) -> LimitExplained<'a> {
        let deadline = super::deadlines::counted(limit, self.start, self.context);
        LimitExplained { says, cite, verification, example: deadline.at, zone: deadline.zone, derivation: deadline.derivation }
    }
}

/// Conditions of a pack put into words.
struct Words<'a> {
    pack: &'a Pack,
    vocabulary: &'a Vocabulary,
}

impl Words<'_> {
    fn clause(&self, condition: &Condition) -> Clause {
        let parts = || condition.parts().iter().map(|part| self.clause(part)).collect();
        match condition {
            Condition::All(parts) if parts.is_empty() => Clause::of("always"),
            Condition::All(_) => Clause { parts: parts(), ..Clause::of("all of these") },
            Condition::Any(_) => Clause { parts: parts(), ..Clause::of("any of these") },
            Condition::Not(_) => Clause { parts: parts(), ..Clause::of("not") },
            Condition::Term(id) => match self.pack.term(id) {
                Some(term) => Clause {
                    cite: Some(term.cite.clone()),
                    verification: Some(term.verification),
                    parts: vec![self.clause(&term.when)],
                    ..Clause::of(&term.title)
                },
                None => Clause::of(format!("`{id}`, which the pack does not define")),
            },
            test => self.test(test),
        }
    }

    fn test(&self, test: &Condition) -> Clause {
        let Some(fact) = test.fact() else { return Clause::of("") };
        let question = self.vocabulary.get(fact.as_str()).map(|entry| entry.question.clone());
        let says = match test {
            Condition::Said(_) => format!("{fact}: somebody has said yes; silence is no"),
            Condition::Unanswered(_) => format!("{fact}: nobody has answered yet"),
            Condition::Known(_) => format!("{fact} is stated"),
            _ => format!("{fact} is {}", test.asked()),
        };
        Clause { question, ..Clause::of(says) }
    }

    fn exception<'a>(&self, exception: &'a Exception) -> ExceptionExplained<'a> {
        ExceptionExplained {
            id: &exception.id,
            title: &exception.title,
            cite: &exception.cite,
            verification: exception.verification,
            must_be_shown: exception.must_be_shown,
            when: self.clause(&exception.when),
        }
    }

    fn overlay<'a>(&self, overlay: &'a Overlay) -> OverlayExplained<'a> {
        let Overlay { id, file, place, title, reviewed, applies, amendment } = overlay;
        OverlayExplained {
            id,
            place,
            title,
            file,
            reviewed: *reviewed,
            cite: &applies.cite,
            verification: applies.verification,
            applies: self.clause(&applies.when),
            exceptions: amendment.exceptions.iter().map(|exception| self.exception(exception)).collect(),
            notes: &amendment.notes,
        }
    }

    fn each(&self, each: &Each, besides: Option<&Besides>) -> String {
        match each {
            Each::Of(fact) => match besides {
                None => format!("each of {fact}"),
                Some(besides) => format!("each of {fact}; {} ({})", besides.says, besides.cite),
            },
            Each::Place(places) => format!("each place of {}: {}", places.fact, Condition::AnyPlace(places.clone()).asked()),
            Each::Listed(list) => format!("each of those named in {list}"),
            Each::Cohort {} => "each group of people in people.cohorts".to_owned(),
        }
    }
}

impl Clause {
    fn of(says: impl Into<String>) -> Self {
        Self { says: says.into(), question: None, cite: None, verification: None, parts: Vec::new() }
    }
}
