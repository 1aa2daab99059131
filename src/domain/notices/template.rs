//! What a template can say, and the record of what it said.
//!
//! A template never sees a value. What it prints is a token; the tokens are replaced after the
//! Markdown has been read. So the words of a fact cannot become a heading, a link or a tag, and one
//! render finds every gap.

use super::contents::Element;
use super::fault::{TemplateFault, nearest};
use super::gap::{Answer, answer};
use super::meta::{DraftMeta, NAMES};
use super::sight::{Fact, Sight};
use super::tags::{line_at, line_of_name, with_line_ends};
use super::words::Manner;
use crate::domain::facts::{Count, FactType, Value as FactValue};
use crate::domain::ids::FactKey;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Steps a template may take; the longest of ours takes about a thousand.
const FUEL: u64 = 100_000;
/// Characters a rendered template may have.
const OUTPUT_MAX_BYTES: usize = 1 << 20;
const TOKEN_START: char = '\u{e000}';
const TOKEN_END: char = '\u{e001}';

/// The names of the functions, for faults.
pub(super) const FUNCTIONS: [&str; 14] =
    ["say", "when", "day", "each", "element", "covers", "met", "known", "yes", "no", "has", "at_least", "within", "blank"];
/// Names that stand for several lines.
const LISTS: [&str; 1] = ["derivation"];

/// One thing a template printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A fact, in the form asked for.
    Fact(FactKey, Form),
    /// One part of a list-like fact, in words.
    Part(FactKey, String),
    /// An element's answer: all of its facts.
    Element(String),
    /// Words of the house; `None` if they are not known, with what they would be and the fact that gives them.
    House(&'static str, Option<FactKey>, Option<String>),
    /// A place filled for each recipient.
    Blank(String),
}

/// How a fact is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In plain words.
    Words,
    /// A moment with zone and UTC.
    When,
    /// The civil date.
    Day,
}

/// A template rendered: Markdown with tokens, and what each token stands for.
pub(super) struct Rendered {
    /// The Markdown.
    pub markdown: String,
    /// By token number.
    pub marks: Vec<Mark>,
    /// Elements that the template says its fixed words answer.
    pub covered: BTreeSet<String>,
}

/// Renders a template. It prints tokens only, so that nothing outside it can shape the page.
pub(super) fn render(
    source: &str,
    contents: &[Element],
    sight: &Sight,
    meta: &DraftMeta,
    manner: &Manner,
) -> Result<Rendered, TemplateFault> {
    if let Some(at) = source.find([TOKEN_START, TOKEN_END]) {
        return Err(TemplateFault::new(Some(line_at(source, at)), "the template has a character of the private use area"));
    }
    let record = Arc::new(Record::default());
    let desk = Arc::new(Desk {
        contents: contents.to_vec(),
        late: meta.late,
        sight: sight.clone(),
        manner: manner.clone(),
        record: record.clone(),
    });
    let env = environment(&desk);
    let prepared = with_line_ends(source);
    let template = env.template_from_named_str("notice", &prepared).map_err(|error| fault_of(&error))?;
    refuse_undefined(source, &template.undeclared_variables(true).into_iter().collect())?;
    let markdown = template.render(house(meta, &record)).map_err(|error| fault_of(&error))?;
    if markdown.len() > OUTPUT_MAX_BYTES {
        return Err(TemplateFault::new(None, "the notice is longer than a megabyte"));
    }
    let marks = std::mem::take(&mut *record.marks());
    let covered = std::mem::take(&mut *locked(&record.covered));
    Ok(Rendered { markdown, marks, covered })
}

/// Divides text with tokens: plain pieces and numbers of marks, or `None` for a token that was cut apart.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(TOKEN_START) {
        let after = &rest[start + TOKEN_START.len_utf8()..];
        let end = after.find(TOKEN_END)?;
        pieces.push(Piece::Words(&rest[..start]));
        pieces.push(Piece::Mark(after[..end].parse().ok()?));
        rest = &after[end + TOKEN_END.len_utf8()..];
    }
    if rest.contains(TOKEN_END) {
        return None;
    }
    pieces.push(Piece::Words(rest));
    Some(pieces)
}

/// The fault of a token that was cut apart.
pub(super) fn cut_apart() -> TemplateFault {
    TemplateFault::new(None, "something the template prints was cut apart on its way to the page")
}

/// A part of rendered text.
pub(super) enum Piece<'a> {
    /// The template's own words.
    Words(&'a str),
    /// The number of a [`Mark`].
    Mark(usize),
}

#[derive(Debug, Default)]
struct Record {
    marks: Mutex<Vec<Mark>>,
    covered: Mutex<BTreeSet<String>>,
}

impl Record {
    fn marks(&self) -> MutexGuard<'_, Vec<Mark>> {
        locked(&self.marks)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `say` and its like give: prints a token when it is printed, is true when there is something to print.
struct Printed {
    mark: Mark,
    stands: bool,
    record: Arc<Record>,
}

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_token(f, &self.record, &self.mark)
    }
}

impl Object for Printed {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn is_true(self: &Arc<Self>) -> bool {
        self.stands
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_token(f, &self.record, &self.mark)
    }
}

fn write_token(f: &mut fmt::Formatter<'_>, record: &Record, mark: &Mark) -> fmt::Result {
    let mut marks = record.marks();
    write!(f, "{TOKEN_START}{}{TOKEN_END}", marks.len())?;
    marks.push(mark.clone());
    Ok(())
}

/// Everything the functions of a template look at.
struct Desk {
    contents: Vec<Element>,
    late: bool,
    sight: Sight,
    manner: Manner,
    record: Arc<Record>,
}

impl Desk {
    fn fact(&self, key: &str) -> Result<(FactKey, &Fact), Error> {
        match self.sight.get(key) {
            Some(fact) => Ok((FactKey::from(key), fact)),
            None => Err(fault(format!("no fact `{key}`{}", guess(self.sight.nearest(key).map(FactKey::as_str))))),
        }
    }

    fn element(&self, id: &str) -> Result<&Element, Error> {
        self.contents.iter().find(|element| element.id == id).ok_or_else(|| {
            let ids: Vec<&String> = self.contents.iter().map(|element| &element.id).collect();
            fault(format!("the duty has no element `{id}`{}", guess(nearest(id, ids.into_iter()).map(String::as_str))))
        })
    }

    /// The value of a fact, weighed as the first element that asks for it needs it.
    fn value<'a>(&self, key: &FactKey, fact: &'a Fact) -> Option<&'a FactValue> {
        match answer(fact, super::draft::need_of(&self.contents, key)) {
            Answer::Value(value) => Some(value),
            Answer::NotKnown | Answer::Missing | Answer::Disputed(_) => None,
        }
    }

    fn print(&self, mark: Mark, stands: bool) -> Value {
        Value::from_object(Printed { mark, stands, record: self.record.clone() })
    }

    fn print_fact(&self, key: &str, form: Form, kinds: &[FactType]) -> Result<Value, Error> {
        let (key, fact) = self.fact(key)?;
        if !kinds.is_empty() && !kinds.contains(&fact.kind) {
            return Err(fault(format!("fact `{key}` is no time; write it with `say`")));
        }
        let stands = self.value(&key, fact).is_some();
        Ok(self.print(Mark::Fact(key, form), stands))
    }

    fn each(&self, key: &str) -> Result<Value, Error> {
        let (key, fact) = self.fact(key)?;
        let Some(value) = self.value(&key, fact) else {
            return Ok(Value::from(vec![self.print(Mark::Fact(key, Form::Words), false)]));
        };
        let parts = self.manner.parts(&fact.kind, value).into_iter();
        Ok(Value::from(parts.map(|part| self.print(Mark::Part(key.clone(), part), true)).collect::<Vec<_>>()))
    }

    fn is(&self, key: &str, wanted: bool) -> Result<bool, Error> {
        let (key, fact) = self.fact(key)?;
        if fact.kind != FactType::YesNo {
            return Err(fault(format!("fact `{key}` is not answered by yes or no")));
        }
        Ok(self.value(&key, fact) == Some(&FactValue::YesNo(wanted)))
    }

    fn has(&self, key: &str, word: &str) -> Result<bool, Error> {
        let (key, fact) = self.fact(key)?;
        match &fact.kind {
            FactType::OneOf(words) | FactType::AnyOf(words) if !words.iter().any(|listed| listed == word) => {
                let guess = guess(nearest(word, words.iter()).map(String::as_str));
                return Err(fault(format!("fact `{key}` has no word `{word}`{guess}")));
            }
            FactType::OneOf(_) | FactType::AnyOf(_) | FactType::Places | FactType::Names | FactType::CountByPlace => {}
            _ => return Err(fault(format!("fact `{key}` is not chosen from a list"))),
        }
        Ok(match self.value(&key, fact) {
            Some(FactValue::Text(text)) => text == word,
            Some(FactValue::Set(set)) => set.contains(word),
            Some(FactValue::ByPlace(places)) => places.contains_key(word),
            _ => false,
        })
    }

    fn at_least(&self, key: &str, number: u64) -> Result<bool, Error> {
        let (key, fact) = self.fact(key)?;
        if fact.kind != FactType::Count {
            return Err(fault(format!("fact `{key}` is not a number")));
        }
        Ok(matches!(self.value(&key, fact), Some(FactValue::Count(count)) if count.number >= number))
    }

    /// How many of a count by place are in one country or subdivision.
    fn within(&self, key: &str, place: &str) -> Result<Value, Error> {
        let (key, fact) = self.fact(key)?;
        if fact.kind != FactType::CountByPlace {
            return Err(fault(format!("fact `{key}` is no count by place")));
        }
        let lies_there = |of: &str| of == place || of.strip_prefix(place).is_some_and(|rest| rest.starts_with('-'));
        let counts: Vec<Count> = match self.value(&key, fact) {
            Some(FactValue::ByPlace(places)) => places.iter().filter(|(of, _)| lies_there(of)).map(|(_, count)| *count).collect(),
            _ => Vec::new(),
        };
        let Some(precision) = counts.iter().map(|count| count.precision).max() else {
            return Ok(self.print(Mark::Fact(key, Form::Words), false));
        };
        let number = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(count.number));
        let words = self.manner.value(&FactType::Count, &FactValue::Count(Count { number, precision }));
        Ok(self.print(Mark::Part(key, words), true))
    }

    fn met(&self, id: &str) -> Result<bool, Error> {
        let element = self.element(id)?;
        let gaps = super::gap::gaps_of(std::slice::from_ref(element), &self.sight, self.late, &self.manner);
        Ok(!gaps.iter().any(super::Gap::is_hole))
    }
}

fn environment(desk: &Arc<Desk>) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_syntax(
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("the delimiters are the usual ones"),
    );
    let times = || [FactType::Instant, FactType::Date];
    let d = desk.clone();
    env.add_function("say", move |key: String| d.print_fact(&key, Form::Words, &[]));
    let d = desk.clone();
    env.add_function("when", move |key: String| d.print_fact(&key, Form::When, &times()[..1]));
    let d = desk.clone();
    env.add_function("day", move |key: String| d.print_fact(&key, Form::Day, &times()));
    let d = desk.clone();
    env.add_function("each", move |key: String| d.each(&key));
    let d = desk.clone();
    env.add_function("known", move |key: String| d.fact(&key).map(|(key, fact)| d.value(&key, fact).is_some()));
    let d = desk.clone();
    env.add_function("yes", move |key: String| d.is(&key, true));
    let d = desk.clone();
    env.add_function("no", move |key: String| d.is(&key, false));
    let d = desk.clone();
    env.add_function("has", move |key: String, word: String| d.has(&key, &word));
    let d = desk.clone();
    env.add_function("at_least", move |key: String, number: u64| d.at_least(&key, number));
    let d = desk.clone();
    env.add_function("element", move |id: String| {
        if d.element(&id)?.facts.is_empty() {
            return Err(fault(format!("element `{id}` has no facts; answer it in the text and write `covers(\"{id}\")` there")));
        }
        let met = d.met(&id)?;
        Ok(d.print(Mark::Element(id), met))
    });
    let d = desk.clone();
    env.add_function("met", move |id: String| d.met(&id));
    let d = desk.clone();
    env.add_function("covers", move |id: String| -> Result<&'static str, Error> {
        d.element(&id)?;
        locked(&d.record.covered).insert(id);
        Ok("")
    });
    let d = desk.clone();
    env.add_function("within", move |key: String, place: String| d.within(&key, &place));
    let d = desk.clone();
    env.add_function("blank", move |words: String| d.print(Mark::Blank(super::words::clean(&words)), true));
    env
}

/// The names of the house, as a template sees them.
fn house(meta: &DraftMeta, record: &Arc<Record>) -> Value {
    let print = |what: &'static str, fact: Option<FactKey>, words: Option<&str>| {
        let words = words.map(super::words::clean).filter(|words| !words.trim().is_empty());
        let stands = words.is_some();
        Value::from_object(Printed { mark: Mark::House(what, fact, words), stands, record: record.clone() })
    };
    let mut top: BTreeMap<String, Value> = BTreeMap::new();
    let mut nested: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (path, what) in NAMES {
        let value = print(what, meta.fact_of(path), meta.words(path));
        match path.split_once('.') {
            Some((noun, part)) => nested.entry(noun).or_default().insert(part.to_owned(), value),
            None => top.insert(path.to_owned(), value),
        };
    }
    top.extend(nested.into_iter().map(|(noun, parts)| (noun.to_owned(), Value::from(parts))));
    let derivation = meta.derivation.iter().map(|line| print("a step of the derivation", None, Some(line)));
    top.insert("derivation".into(), Value::from(derivation.collect::<Vec<_>>()));
    Value::from(top)
}

/// Names that no branch of the template may use, because they mean nothing.
fn refuse_undefined(source: &str, used: &BTreeSet<String>) -> Result<(), TemplateFault> {
    let paths = NAMES.map(|(path, _)| path);
    for name in used {
        let known = paths.iter().chain(&FUNCTIONS).chain(&LISTS).any(|known| known == name);
        if !known {
            let line = line_of_name(source, name);
            let near = nearest(name, paths.iter().chain(&FUNCTIONS).chain(&LISTS)).copied();
            return Err(TemplateFault::new(line, format!("`{name}` is not a name a notice knows{}", guess(near))));
        }
    }
    Ok(())
}

fn guess(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

fn fault(says: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, says)
}

fn fault_of(error: &Error) -> TemplateFault {
    let detail = error.detail().unwrap_or_default();
    let line = error.line();
    match error.kind() {
        ErrorKind::OutOfFuel => {
            TemplateFault::new(line, "the template takes too many steps").hint("look for a loop inside a loop")
        }
        ErrorKind::UndefinedError => {
            TemplateFault::new(line, "a name here means nothing").hint("check the spelling of each name")
        }
        ErrorKind::InvalidOperation if !detail.is_empty() => TemplateFault::new(line, detail),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            TemplateFault::new(line, format!("{}; notices have no filters and no tests", detail.trim_end_matches('.')))
        }
        kind if detail.is_empty() => TemplateFault::new(line, kind.to_string()),
        kind => TemplateFault::new(line, format!("{kind}: {detail}")),
    }
}
