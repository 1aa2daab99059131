//! From template, contents and facts to a draft.

use super::block::{Block, Inline, Style, Words};
use super::contents::{Combine, Element, Need};
use super::fault::TemplateFault;
use super::gap::{Answer, Gap, GapKind, answer, gaps_of};
use super::meta::DraftMeta;
use super::sight::Sight;
use super::template::{Form, Mark, Piece, Rendered, cut_apart, pieces, render};
use super::words::Manner;
use super::{markdown, words};
use crate::domain::hex::hex;
use crate::domain::ids::FactKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A notice as it stands: what it says, what it lacks, and on what it rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Draft {
    /// Whose notice, under which duty and clock.
    pub meta: DraftMeta,
    /// The notice itself.
    pub blocks: Vec<Block>,
    /// What it still lacks, holes before estimates; a gap's number is its place here, from 1.
    pub gaps: Vec<Gap>,
    /// Every element the law asks for and how it is answered, in the order of the contents.
    pub elements: Vec<Answered>,
    /// The facts whose values are printed, in the order of keys.
    pub facts_used: Vec<FactKey>,
    /// Elements the template left out; they stand at the end of the notice under a heading of their own.
    pub unplaced: Vec<String>,
    /// `sha256:` and the hex digest of title, language, addressee, blocks and gaps; approval is bound to it.
    pub digest: String,
}

/// How a draft answers one element of the law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Answered {
    /// The element.
    pub id: String,
    /// What is asked.
    pub says: String,
    /// Where.
    pub cite: String,
    /// How firmly.
    pub need: Need,
    /// The answer in words, as far as there is one; empty if the template answers it in its own words.
    pub answer: String,
    /// How that stands.
    pub state: AnswerState,
}

/// How the answer to one element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerState {
    /// Something is missing or disputed.
    Hole,
    /// Answered, with a number that is an estimate.
    Estimate,
    /// A person recorded that it is not known, and the law asks only for what is known.
    NotKnown,
    /// The law does not ask for it of this notice.
    NotAsked,
    /// Answered in the fixed words of the template.
    InTheWording,
    /// Answered by facts.
    Answered,
}

/// The heading over the elements a template left out.
pub const UNPLACED_HEADING: &str = "Also asked for by law";

/// What is printed when a person recorded that a thing is not known.
const NOT_KNOWN: &str = "not known";

/// Drafts a notice from a template, the contents its duty asks for, and the facts.
///
/// The gaps are found from the contents, not from the template: an element that the template leaves
/// out is put at the end of the notice. The same arguments give the same bytes.
///
/// # Errors
/// The first fault of the template, with its line where there is one. [`lint`](super::lint) finds all.
pub fn draft(template_source: &str, contents: &[Element], sight: &Sight, meta: &DraftMeta) -> Result<Draft, TemplateFault> {
    let manner = Manner { lang: meta.lang.clone(), zone: meta.zone };
    let Rendered { markdown, marks, covered } = render(template_source, contents, sight, meta, &manner)?;
    let (gaps, estimates): (Vec<Gap>, Vec<Gap>) =
        gaps_of(contents, sight, meta.late, &manner).into_iter().partition(Gap::is_hole);
    let late = meta.late;
    let mut setter = Setter { contents, sight, manner: &manner, late, gaps, printed: BTreeSet::new(), used: BTreeSet::new() };

    let mut unset = printed_marks(&markdown)?;
    let mut blocks = markdown::blocks(&markdown, &mut |number, style| {
        unset.remove(&number);
        marks.get(number).map(|mark| setter.set(mark, style)).unwrap_or_default()
    })?;
    if !unset.is_empty() {
        return Err(TemplateFault::new(None, "the page has no place for something the template prints")
            .hint("look for a table row with more cells than its head, and for text inside a link's address or title"));
    }

    let unplaced: Vec<&Element> = contents.iter().filter(|element| !setter.is_placed(element, &blocks, &covered)).collect();
    if !unplaced.is_empty() {
        blocks.push(Block::Heading { level: 2, words: vec![Inline::plain(UNPLACED_HEADING)] });
        for element in &unplaced {
            let label = vec![Inline::plain(format!("{} ({})", element.says, element.cite))];
            let value = setter.element(element, Style::Plain);
            blocks.push(Block::Field { label, value });
        }
    }

    let elements = contents.iter().map(|element| setter.answered(element, &estimates)).collect();
    let unplaced = unplaced.into_iter().map(|element| element.id.clone()).collect();
    let facts_used = setter.used.into_iter().collect();
    let mut gaps: Vec<Gap> = setter.gaps.into_iter().chain(estimates).collect();
    gaps.iter_mut().for_each(|gap| gap.explain(meta, sight));
    let digest = digest(meta, &blocks, &gaps);
    Ok(Draft { meta: meta.clone(), blocks, gaps, elements, facts_used, unplaced, digest })
}

impl Draft {
    /// The gaps where the notice has a hole, with their numbers.
    pub fn holes(&self) -> impl Iterator<Item = (usize, &Gap)> {
        self.numbered_gaps().filter(|(_, gap)| gap.is_hole())
    }

    /// The estimates to be confirmed, with their numbers.
    pub fn estimates(&self) -> impl Iterator<Item = (usize, &Gap)> {
        self.numbered_gaps().filter(|(_, gap)| !gap.is_hole())
    }

    /// Whether nothing is missing and nothing disputed. Estimates do not count.
    pub fn is_complete(&self) -> bool {
        self.holes().next().is_none()
    }

    fn numbered_gaps(&self) -> impl Iterator<Item = (usize, &Gap)> {
        self.gaps.iter().enumerate().map(|(at, gap)| (at + 1, gap))
    }
}

/// The numbers of all marks in rendered Markdown; each must find its place on the page.
fn printed_marks(markdown: &str) -> Result<BTreeSet<usize>, TemplateFault> {
    let pieces = pieces(markdown).ok_or_else(cut_apart)?;
    let number = |piece| match piece {
        Piece::Mark(number) => Some(number),
        Piece::Words(_) => None,
    };
    Ok(pieces.into_iter().filter_map(number).collect())
}

/// The need with which the contents ask for a fact; "if known" for a fact only the template asks for.
pub(super) fn need_of(contents: &[Element], key: &FactKey) -> Need {
    let needs = contents.iter().filter(|element| element.facts.contains(key)).map(|element| element.need);
    needs.min().unwrap_or(Need::IfKnown)
}

/// Puts words in the place of tokens and remembers what it put.
struct Setter<'a> {
    contents: &'a [Element],
    sight: &'a Sight,
    manner: &'a Manner,
    late: bool,
    /// Holes only.
    gaps: Vec<Gap>,
    printed: BTreeSet<FactKey>,
    used: BTreeSet<FactKey>,
}

impl Setter<'_> {
    fn set(&mut self, mark: &Mark, style: Style) -> Words {
        match mark {
            Mark::Fact(key, form) => self.fact(key, *form, style),
            Mark::Part(key, words) => {
                self.printed.insert(key.clone());
                self.used.insert(key.clone());
                runs(words, style, Some(key))
            }
            Mark::Element(id) => {
                let element = self.contents.iter().find(|element| element.id == *id);
                element.map(|element| self.element(element, style)).unwrap_or_default()
            }
            Mark::House(_, _, Some(words)) => runs(words, style, None),
            Mark::House(what, fact, None) => {
                vec![self.hole_of_template(what, fact.iter().cloned().collect(), GapKind::Missing)]
            }
            Mark::Blank(words) => vec![Inline::Blank(words.clone())],
        }
    }

    fn fact(&mut self, key: &FactKey, form: Form, style: Style) -> Words {
        self.printed.insert(key.clone());
        let Some(fact) = self.sight.get(key.as_str()) else {
            return vec![self.hole(key, key.as_str(), GapKind::Missing)];
        };
        match answer(fact, need_of(self.contents, key)) {
            Answer::Value(value) => {
                self.used.insert(key.clone());
                let words = match form {
                    Form::Day => self.manner.day(value),
                    Form::Words | Form::When => None,
                };
                runs(&words.unwrap_or_else(|| self.manner.value(&fact.kind, value)), style, Some(key))
            }
            Answer::NotKnown => {
                self.used.insert(key.clone());
                runs(NOT_KNOWN, style, Some(key))
            }
            Answer::Missing => vec![self.hole(key, &fact.question, GapKind::Missing)],
            Answer::Disputed(_) => vec![self.hole(key, &fact.question, GapKind::Disputed)],
        }
    }

    /// The mark of a fact that does not stand; the gap of the element that asks for it, or one of the template's own.
    fn hole(&mut self, key: &FactKey, question: &str, kind: GapKind) -> Inline {
        let of_element = self.gaps.iter().position(|gap| gap.kind == kind && gap.element.is_some() && gap.missing.contains(key));
        let Some(at) = of_element else { return self.hole_of_template(question, vec![key.clone()], kind) };
        let gap = &self.gaps[at];
        // Of an element with several facts, the question tells which one is meant.
        let alone = self.contents.iter().any(|element| gap.element.as_ref() == Some(&element.id) && element.facts.len() == 1);
        let says = if alone { &gap.says } else { question };
        Inline::Gap { number: at + 1, mark: gap.mark_for(says) }
    }

    fn hole_of_template(&mut self, says: &str, missing: Vec<FactKey>, kind: GapKind) -> Inline {
        let gap = Gap::in_template(says, missing, kind);
        let at = self.gaps.iter().position(|known| *known == gap).unwrap_or_else(|| {
            self.gaps.push(gap.clone());
            self.gaps.len() - 1
        });
        Inline::Gap { number: at + 1, mark: gap.mark() }
    }

    /// The answer to an element: the facts that stand and the marks of those that do not.
    fn element(&mut self, element: &Element, style: Style) -> Words {
        if element.facts.is_empty() {
            return vec![self.hole_of_element(element)];
        }
        if self.is_passed_over(element) {
            self.printed.extend(element.facts.iter().cloned());
            return runs(element.why_not_asked(), style, None);
        }
        let any = element.combine == Combine::Any;
        let standing: Vec<&FactKey> = element.facts.iter().filter(|key| self.stands(element, key)).collect();
        let keys: Vec<&FactKey> = match (any, standing.is_empty()) {
            (true, true) => return vec![self.hole_of_element(element)],
            (true, false) => standing,
            (false, _) => element.facts.iter().collect(),
        };
        let mut words = Vec::new();
        for key in keys {
            if !words.is_empty() {
                words.push(Inline::Run { words: "; ".into(), style, fact: None });
            }
            words.extend(self.fact(key, Form::Words, style));
        }
        words
    }

    /// The mark of a whole element.
    fn hole_of_element(&mut self, element: &Element) -> Inline {
        self.printed.extend(element.facts.iter().cloned());
        let is_its = |gap: &Gap| gap.element.as_ref() == Some(&element.id);
        let at = self.gaps.iter().position(is_its).unwrap_or_else(|| {
            self.gaps.push(Gap::of(element, GapKind::Missing));
            self.gaps.len() - 1
        });
        Inline::Gap { number: at + 1, mark: self.gaps[at].mark() }
    }

    /// Whether it is not asked for, and nobody has answered it all the same.
    fn is_passed_over(&self, element: &Element) -> bool {
        let answered = element.facts.iter().any(|key| self.stands(element, key));
        !element.is_asked(self.sight, self.late) && !answered
    }

    fn stands(&self, element: &Element, key: &FactKey) -> bool {
        let fact = self.sight.get(key.as_str());
        fact.is_some_and(|fact| matches!(answer(fact, element.need), Answer::Value(_)))
    }

    /// Whether the notice itself shows the element: its answer, and the mark of each of its holes.
    fn is_placed(&self, element: &Element, blocks: &[Block], covered: &BTreeSet<String>) -> bool {
        if self.is_passed_over(element) {
            return true;
        }
        let holes_are_shown = self
            .gaps
            .iter()
            .enumerate()
            .all(|(at, gap)| gap.element.as_ref() != Some(&element.id) || super::block::shows_gap(blocks, at + 1));
        let mut standing = element.facts.iter().filter(|key| self.stands(element, key)).peekable();
        let answer_is_shown = match element.combine {
            _ if covered.contains(&element.id) => true,
            _ if element.facts.is_empty() => false,
            Combine::All => standing.all(|key| self.printed.contains(key)),
            Combine::Any => standing.peek().is_none() || standing.any(|key| self.printed.contains(key)),
        };
        holes_are_shown && answer_is_shown
    }

    fn answered(&self, element: &Element, estimates: &[Gap]) -> Answered {
        let mut answers = Vec::new();
        let mut is_known = false;
        for fact in element.facts.iter().filter_map(|key| self.sight.get(key.as_str())) {
            match answer(fact, element.need) {
                Answer::Value(value) => {
                    is_known = true;
                    answers.push(self.manner.value(&fact.kind, value));
                }
                Answer::NotKnown => answers.push(NOT_KNOWN.to_owned()),
                Answer::Missing | Answer::Disputed(_) => {}
            }
        }
        let is_its = |gap: &Gap| gap.element.as_ref() == Some(&element.id);
        let state = if self.is_passed_over(element) {
            AnswerState::NotAsked
        } else if self.gaps.iter().any(is_its) {
            AnswerState::Hole
        } else if estimates.iter().any(is_its) {
            AnswerState::Estimate
        } else if element.facts.is_empty() {
            AnswerState::InTheWording
        } else if is_known {
            AnswerState::Answered
        } else {
            AnswerState::NotKnown
        };
        let Element { id, says, cite, need, .. } = element.clone();
        Answered { id, says, cite, need, answer: answers.join("; "), state }
    }
}

/// The lines of some words, with breaks between them.
fn runs(text: &str, style: Style, fact: Option<&FactKey>) -> Words {
    let mut words = Vec::new();
    for line in words::clean(text).lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !words.is_empty() {
            words.push(Inline::Break);
        }
        words.push(Inline::Run { words: line.to_owned(), style, fact: fact.cloned() });
    }
    words
}

/// The digest approval is bound to.
fn digest(meta: &DraftMeta, blocks: &[Block], gaps: &[Gap]) -> String {
    let covered = (&meta.title, &meta.lang, &meta.addressee, &meta.not_in_force_until, blocks, gaps);
    let canonical = serde_json::to_vec(&covered).expect("blocks and gaps hold strings and numbers only");
    let mut hash = Sha256::new();
    hash.update(b"watchbell notice 1\n");
    hash.update(&canonical);
    format!("sha256:{}", hex(&hash.finalize()))
}
