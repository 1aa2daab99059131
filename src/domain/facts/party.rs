//! People and organisations outside the house by name, and how they are reached.

use super::{Book, Value};
use crate::domain::ids::FactKey;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// No name, and no way to reach one, is longer.
const MAX_CHARS: usize = 400;

/// One of a list, out of the word it is kept as: `Name <reach>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How it is reached, where that was said.
    pub reach: Option<&'a str>,
}

impl<'a> Party<'a> {
    /// Reads the word.
    pub fn of(word: &'a str) -> Self {
        match word.strip_suffix('>').and_then(|word| word.split_once(" <")) {
            Some((name, reach)) => Self { name, reach: Some(reach) },
            None => Self { name: word, reach: None },
        }
    }

    /// By what it is known again: its name, however that is capitalised.
    fn known_by(&self) -> String {
        self.name.to_lowercase()
    }
}

/// Reads a list of parties; none of them twice.
pub(super) fn read_list(json: &Json) -> Option<BTreeSet<String>> {
    let words: Vec<String> = json.as_array()?.iter().map(read).collect::<Option<_>>()?;
    let names: BTreeSet<String> = words.iter().map(|word| Party::of(word).known_by()).collect();
    (names.len() == words.len()).then(|| words.into_iter().collect())
}

fn read(json: &Json) -> Option<String> {
    let plain = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = !text.is_empty() && text.chars().count() <= MAX_CHARS;
        let printed = text.chars().all(|c| !c.is_control() && !matches!(c, '<' | '>'));
        (fits && printed).then_some(text)
    };
    let (name, reach) = match json {
        Json::String(word) => match word.trim().strip_suffix('>').and_then(|word| word.split_once('<')) {
            Some((name, reach)) => (plain(name)?, Some(plain(reach)?)),
            None => (plain(word)?, None),
        },
        Json::Object(party) => {
            let known = |key: &String| matches!(key.as_str(), "name" | "reach");
            let reach = party.get("reach").filter(|reach| !reach.is_null() && reach.as_str() != Some(""));
            let reach = reach.map(|reach| plain(reach.as_str()?)).map_or(Some(None), |reach| reach.map(Some))?;
            let name = party.get("name").filter(|_| party.keys().all(known))?;
            (plain(name.as_str()?)?, reach)
        }
        _ => return None,
    };
    Some(reach.map_or_else(|| name.clone(), |reach| format!("{name} <{reach}>")))
}

/// The parties that were ever named in a list, numbered from 1 in the order in which they were first named. What was said
/// is never erased, so that a number stays with its party whatever the list becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    numbers: BTreeMap<String, usize>,
    /// The last word for each.
    words: Vec<String>,
}

impl Numbered {
    /// Numbers those whom books name, one book after the other.
    pub fn of<'b>(books: impl IntoIterator<Item = &'b Book>, list: &FactKey) -> Self {
        let mut numbered = Self::default();
        for claim in books.into_iter().flat_map(|book| book.said_of(list)) {
            let Some(Value::Set(words)) = &claim.value else { continue };
            words.iter().for_each(|word| numbered.add(word));
        }
        numbered
    }

    fn add(&mut self, word: &str) {
        let next = self.words.len() + 1;
        let number = *self.numbers.entry(Party::of(word).known_by()).or_insert(next);
        if number == next {
            self.words.push(word.to_owned());
        } else if Party::of(word).reach.is_some() || Party::of(&self.words[number - 1]).reach.is_none() {
            word.clone_into(&mut self.words[number - 1]);
        }
    }

    /// The number of a party, in the word it is kept as or by its name.
    pub fn number(&self, word: &str) -> Option<usize> {
        self.numbers.get(&Party::of(word).known_by()).copied()
    }

    /// The word for the party of a number.
    pub fn word(&self, number: usize) -> Option<&str> {
        self.words.get(number.checked_sub(1)?).map(String::as_str)
    }

    /// The words for all, from number 1.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether nobody was ever named.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::FactType;
    use serde_json::json;

    #[test]
    fn a_party_is_a_name_and_perhaps_a_way_to_reach_it() {
        let read = |json: Json| FactType::Parties.read(&json).ok().map(|value| value.to_string());
        assert_eq!(
            read(json!([{ "name": " North  Clinic ", "reach": "a@north.example" }])),
            Some("North Clinic <a@north.example>".into())
        );
        assert_eq!(read(json!(["North Clinic<a@north.example>"])), Some("North Clinic <a@north.example>".into()));
        assert_eq!(read(json!(["South", { "name": "East", "reach": "" }])), Some("East, South".into()));
        for refused in [
            json!("North"),
            json!([""]),
            json!(["<a@b.example>"]),
            json!(["a\u{7}b"]),
            json!([{ "reach": "x" }]),
            json!([{ "name": "N", "mail": "x" }]),
            json!(["North", "NORTH <other@north.example>"]),
            json!(["x".repeat(MAX_CHARS + 1)]),
        ] {
            assert_eq!(read(refused.clone()), None, "{refused}");
        }
        assert_eq!(Party::of("North Clinic <a@north.example>").reach, Some("a@north.example"));
        assert_eq!(Party::of("North Clinic"), Party { name: "North Clinic", reach: None });
    }
}
