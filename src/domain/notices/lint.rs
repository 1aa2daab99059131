//! Every fault of a template at once, before an incident needs it.

use super::contents::{Asked, Element, FactIs};
use super::draft::{Draft, draft};
use super::fault::{TemplateFault, nearest};
use super::meta::{Contact, DraftMeta, Organisation};
use super::sight::{Seen, Sight};
use super::tags::{calls, line_at};
use crate::domain::facts::{FactType, Value, Vocabulary};
use crate::domain::ids::{DutyId, FactKey, IncidentId};
use crate::domain::instant::Zone;
use serde_json::json;
use std::collections::BTreeSet;

/// Functions whose first argument is the key of a fact.
const OF_FACTS: [&str; 9] = ["say", "when", "day", "each", "known", "yes", "no", "has", "within"];
/// Functions whose argument is the id of an element.
const OF_ELEMENTS: [&str; 3] = ["element", "covers", "met"];
/// Samples of full facts; each takes the next word of every closed list, and yes and no in turn.
const SAMPLES: usize = 12;

/// Every fault of a template against its duty's contents and the vocabulary, in the order of lines.
///
/// Keys and element ids are looked up in every branch; then the template is drafted with nothing
/// known and with several samples of full facts.
pub fn lint(template_source: &str, contents: &[Element], vocabulary: &Vocabulary) -> Vec<TemplateFault> {
    let mut faults = BTreeSet::new();
    contents_faults(contents, vocabulary, &mut faults);
    name_faults(template_source, contents, vocabulary, &mut faults);

    let sample = |sight: &Sight, meta: &DraftMeta| draft(template_source, contents, sight, meta);
    let take = |result: Result<Draft, TemplateFault>, faults: &mut BTreeSet<TemplateFault>| match result {
        Ok(draft) => Some(draft),
        Err(fault) => {
            // A misspelt key was already reported with every place where it stands.
            if !faults.iter().any(|known| known.line == fault.line && known.line.is_some()) {
                faults.insert(fault);
            }
            None
        }
    };
    take(sample(&Sight::empty(vocabulary), &sample_meta(false)), &mut faults);
    let mut never_placed: Option<BTreeSet<String>> = None;
    for turn in 0..SAMPLES {
        if let Some(draft) = take(sample(&full_sight(vocabulary, turn), &sample_meta(true)), &mut faults) {
            let unplaced: BTreeSet<String> = draft.unplaced.into_iter().collect();
            never_placed = Some(match never_placed {
                Some(before) => before.intersection(&unplaced).cloned().collect(),
                None => unplaced,
            });
        }
    }
    for id in never_placed.unwrap_or_default() {
        faults.insert(
            TemplateFault::new(None, format!("element `{id}` of the duty is never written"))
                .hint(format!("write `{{{{ element(\"{id}\") }}}}`, or its facts, or `covers(\"{id}\")` beside fixed words")),
        );
    }
    faults.into_iter().collect()
}

fn contents_faults(contents: &[Element], vocabulary: &Vocabulary, faults: &mut BTreeSet<TemplateFault>) {
    let mut ids = BTreeSet::new();
    for element in contents {
        let id = &element.id;
        if !ids.insert(id) {
            faults.insert(TemplateFault::new(None, format!("two elements are called `{id}`")));
        }
        for (name, words) in [("id", id), ("says", &element.says), ("cite", &element.cite)] {
            if words.trim().is_empty() {
                faults.insert(TemplateFault::new(None, format!("element `{id}` has an empty `{name}`")));
            }
        }
        for key in element.facts.iter().filter(|key| vocabulary.get(key.as_str()).is_none()) {
            let near = vocabulary.nearest(key.as_str()).map(FactKey::as_str);
            faults.insert(unknown(None, &format!("element `{id}`: no fact `{key}`"), near));
        }
        if let Some(Asked::Is(FactIs { fact, of })) = &element.asked {
            let words = match vocabulary.get(fact.as_str()).map(|entry| &entry.kind) {
                Some(FactType::OneOf(words)) => words.as_slice(),
                _ => &[],
            };
            for word in of.iter().filter(|word| !words.contains(word)) {
                let near = nearest(word, words.iter()).map(String::as_str);
                faults.insert(unknown(None, &format!("element `{id}`: fact `{fact}` is never `{word}`"), near));
            }
        }
    }
}

fn name_faults(source: &str, contents: &[Element], vocabulary: &Vocabulary, faults: &mut BTreeSet<TemplateFault>) {
    for call in calls(source) {
        let line = Some(line_at(source, call.at));
        let of_fact = OF_FACTS.contains(&call.function) || call.function == "at_least";
        if of_fact && vocabulary.get(call.argument).is_none() {
            let near = vocabulary.nearest(call.argument).map(FactKey::as_str);
            faults.insert(unknown(line, &format!("no fact `{}`", call.argument), near));
        }
        if OF_ELEMENTS.contains(&call.function) && !contents.iter().any(|element| element.id == call.argument) {
            let near = nearest(call.argument, contents.iter().map(|element| &element.id)).map(String::as_str);
            faults.insert(unknown(line, &format!("the duty has no element `{}`", call.argument), near));
        }
    }
}

fn unknown(line: Option<usize>, says: &str, near: Option<&str>) -> TemplateFault {
    let guess = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    TemplateFault::new(line, format!("{says}{guess}"))
}

fn full_sight(vocabulary: &Vocabulary, turn: usize) -> Sight {
    vocabulary.iter().fold(Sight::empty(vocabulary), |sight, entry| {
        let json = match &entry.kind {
            FactType::YesNo => json!(turn.is_multiple_of(2)),
            FactType::Count => json!(if turn.is_multiple_of(3) { 12_345 } else { 7 }),
            FactType::OneOf(words) if !words.is_empty() => json!(words[turn % words.len()]),
            FactType::AnyOf(words) => json!(words),
            other => serde_json::from_str(&other.example()).unwrap_or(serde_json::Value::Null),
        };
        let value = entry.kind.read(&json).unwrap_or_else(|_| Value::Text("words".into()));
        sight.with(entry.key.as_str(), Seen::Known { value, source: "sample".into() })
    })
}

fn sample_meta(full: bool) -> DraftMeta {
    let words = |words: &str| full.then(|| words.to_owned());
    DraftMeta {
        title: "Sample".into(),
        lang: "en".into(),
        incident: IncidentId::new("inc-0000000000000000"),
        duty: DutyId::new("sample"),
        organisation: Organisation { name: "Sample".into(), address: words("1 Sample Street") },
        contact: Contact {
            name: words("Sample"),
            role: words("sample"),
            email: words("sample@example.com"),
            phone: words("000"),
            address: words("1 Sample Street"),
            web: words("https://example.com"),
        },
        addressee: words("Sample authority"),
        addressee_fact: None,
        late: full,
        zone: Zone::UTC,
        due: words("some day"),
        held: None,
        derivation: words("a step").into_iter().collect(),
        not_in_force_until: None,
        not_covered: None,
        answer_for: None,
    }
}
