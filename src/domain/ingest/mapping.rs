//! A mapping: where in a product's payload the parts of a report stand.
//!
//! The language, in TOML, as `rules/sources/*.toml` use it and users write it; `rules/sources/README.md` teaches it:
//!
//! | key | meaning |
//! |---|---|
//! | `name`, `title`, `product` | lower-case name, words for people, the product |
//! | `form = "native"` | the product speaks the native event; no further keys |
//! | `batch = true` | a top-level list, or one object per line, is so many payloads |
//! | `unwrap` | envelopes to take off, tried again until none fits (at most five): a carrier's by name, `"eventbridge"`, `"sns"`, `"pub-sub"`, `"cloudevents"`; the product's own as `{ object = "/object" }`, `{ json-text = "/body" }`, `{ base64-json = "/data" }` |
//! | `for_each` | places of a list of events; the first that is there gives one report per element, each out of its own envelopes |
//! | `not_set` | words this product writes for "nothing", beside null and the empty string |
//! | `refuse` | what is no event, as `{ pointer, is, says }`: refused with these words if something stands there (with `is`: one of these words) |
//! | `fields` | `kind`, `title` (both required), `external_id`, `update_id`, `tenant`, `severity`, `status`, `occurred`, `detected`, `updated`: each a list of sources, the first that yields wins |
//! | `hints` | a list of `{ label, pointer }`, with `about = "<fact key>"` where it helps to answer that question |
//!
//! A source is `{ pointer }`, `{ header }`, `{ jmespath }`, `{ constant }` or `{ join = [places] }` (the first must be there, for
//! `update_id` all of them; an object or list counts by its digest). Without an
//! `update_id` the sender's message id or the bytes tell versions apart. It may be cut, `before = "/providers/"`, and translated:
//! `map = { word = "value" }` (any case; no match yields nothing), or `at_least = { 0 = "low", 7 = "medium" }` for numbers.
//! Times take `time`: `any` (the default), `rfc3339`, `rfc3339-lenient`, `epoch`, `naive:<zone>`.
//!
//! A pointer is a JSON Pointer within the event; `*` stands for every element of a list (of
//! several times `occurred` and `detected` take the earliest, `updated` the latest), and `root:`
//! starts at the payload as sent. A JMESPath expression runs over the event.

use super::envelope::Envelope;
use super::payload_time::TimeForm;
use super::place::Place;
use super::pointer::Pointer;
use crate::domain::ids::FactKey;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

/// Mappings that were called otherwise before, or are by some; a file of that name comes first.
const OTHER_NAMES: [(&str, &str); 1] = [("alertmanager", "prometheus-alertmanager")];

/// The name of a mapping's file for the name a configuration gives, if it differs.
pub fn other_name(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, file)| *file)
}

/// How one product's payload is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) product: String,
    pub(super) form: Form,
}

/// Something wrong in a mapping's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingFault {
    /// What is wrong, and what would do.
    pub message: String,
    /// The bytes of the text it is about.
    pub span: Option<Range<usize>>,
}

impl fmt::Display for MappingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MappingFault {}

impl Mapping {
    /// Reads a mapping from TOML; all faults at once as far as they can be told apart.
    pub fn parse(text: &str) -> Result<Self, Vec<MappingFault>> {
        super::mapping_toml::parse(text)
    }

    /// The mapping of the native event, without a file.
    pub fn native() -> Self {
        Self { name: "native".into(), title: "Native event".into(), product: "Watchbell".into(), form: Form::Native }
    }

    /// The name that a source's configuration uses, such as `wazuh`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it reads, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The product.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Whether it reads the native event, which alone may state facts.
    pub fn is_native(&self) -> bool {
        self.form == Form::Native
    }

    /// The facts its hints are about.
    pub fn hinted_facts(&self) -> impl Iterator<Item = &FactKey> {
        let hints = match &self.form {
            Form::Native => &[][..],
            Form::Mapped(fields) => &fields.hints[..],
        };
        hints.iter().filter_map(|hint| hint.about.as_ref())
    }

    /// Whether a delivery may be a list of payloads.
    pub fn takes_batches(&self) -> bool {
        match &self.form {
            Form::Native => true,
            Form::Mapped(fields) => fields.batch,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Native,
    Mapped(Box<Fields>),
}

/// The places of a mapped product.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) batch: bool,
    pub(super) unwrap: Vec<Envelope>,
    pub(super) for_each: Vec<Pointer>,
    pub(super) not_set: BTreeSet<String>,
    pub(super) refuse: Vec<NoEvent>,
    pub(super) kind: Vec<Take>,
    pub(super) external_id: Vec<Take>,
    pub(super) update_id: Vec<Take>,
    pub(super) tenant: Vec<Take>,
    pub(super) title: Vec<Take>,
    pub(super) severity: Vec<Take>,
    pub(super) status: Vec<Take>,
    pub(super) occurred: Vec<TimeTake>,
    pub(super) detected: Vec<TimeTake>,
    pub(super) updated: Vec<TimeTake>,
    pub(super) hints: Vec<HintTake>,
}

/// One source of a word.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Take {
    pub(super) from: From,
    /// Only what stands before these words, in any case.
    pub(super) before: Option<String>,
    /// Words in lower case to values; empty for none.
    pub(super) map: BTreeMap<String, String>,
    /// Lower bounds, ascending, to values; empty for none.
    pub(super) at_least: Vec<(f64, String)>,
}

/// Where a word comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum From {
    Place(Place),
    Constant(String),
    Join(Vec<Place>),
}

/// One source of a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeTake {
    pub(super) place: Place,
    pub(super) form: TimeForm,
}

/// One source of hints.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HintTake {
    pub(super) label: String,
    pub(super) place: Place,
    /// The fact whose question it helps to answer.
    pub(super) about: Option<FactKey>,
}

/// What some products post that is no event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NoEvent {
    pub(super) place: Place,
    /// The words that mark it, in lower case; empty for any.
    pub(super) is: BTreeSet<String>,
    pub(super) says: String,
}

impl Take {
    /// What the word is translated to; `None` where the translation does not know it.
    pub(super) fn translate(&self, word: &str) -> Option<String> {
        let word = match &self.before {
            Some(marker) => word.get(..word.to_ascii_lowercase().find(marker.as_str())?).filter(|word| !word.is_empty())?,
            None => word,
        };
        if !self.map.is_empty() {
            return self.map.get(&word.to_lowercase()).cloned();
        }
        if !self.at_least.is_empty() {
            let number: f64 = word.parse().ok().filter(|n: &f64| n.is_finite())?;
            return self.at_least.iter().rev().find(|(bound, _)| *bound <= number).map(|(_, value)| value.clone());
        }
        Some(word.to_owned())
    }
}
