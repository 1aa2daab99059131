//! What stood in a message and looks like the answer to a question. It claims nothing.

use crate::domain::ids::FactKey;
use serde::{Deserialize, Serialize};

/// A look-alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Lookalike {
    /// What the sender calls it, in words.
    pub label: String,
    /// Its value, as words.
    pub value: String,
    /// Where it stood: a JSON Pointer, `header:…` or `jmespath:…`.
    pub pointer: String,
    /// The fact whose question it may help to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<FactKey>,
}

impl Lookalike {
    /// `the sender's field /n says 1200 (rows exported, not people); nobody has said so yet`.
    pub fn in_words(&self) -> String {
        let Self { label, value, pointer, about } = self;
        let what = match about {
            Some(key) if key.as_str() == label => String::new(),
            _ => format!(" ({label})"),
        };
        format!("the sender's field {pointer} says {value}{what}; nobody has said so yet")
    }
}

/// A look-alike as it was and is written: label, value and pointer in a list, or by name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Listed(String, String, String),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    label: String,
    value: String,
    pointer: String,
    #[serde(default)]
    about: Option<FactKey>,
}

impl From<Written> for Lookalike {
    fn from(written: Written) -> Self {
        match written {
            Written::Listed(label, value, pointer) => Self { label, value, pointer, about: None },
            Written::Named(Named { label, value, pointer, about }) => Self { label, value, pointer, about },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn both_ways_of_writing_are_read_and_one_is_written() {
        let listed: Lookalike = from_value(json!(["rows", "1200", "/n"])).expect("as it was written");
        assert_eq!((listed.value.as_str(), &listed.about), ("1200", &None));
        let about = Lookalike { about: Some("people.total".into()), ..listed };
        let written = to_value(&about).expect("it is written");
        assert_eq!(written, json!({ "label": "rows", "value": "1200", "pointer": "/n", "about": "people.total" }));
        assert_eq!(from_value::<Lookalike>(written).expect("it reads"), about);
        assert_eq!(about.in_words(), "the sender's field /n says 1200 (rows); nobody has said so yet");
    }
}
