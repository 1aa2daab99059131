//! One line of JSON, read as the facts of an incident.

use crate::domain::facts::{Book, Claim, Claimant, FactFault, FactType, Value, Vocabulary};
use crate::domain::ids::{DutyId, FactKey};
use crate::domain::instant::{Instant, Zone, parse_rfc3339};
use crate::domain::law::sight::MET;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The facts of one incident, and when it is judged.
#[derive(Debug)]
pub struct Question {
    /// What the asker calls it.
    pub id: Option<String>,
    /// When it is judged; the start of last resort.
    pub at: Instant,
    /// What was said.
    pub(super) book: Book,
    /// When duties were met.
    pub(super) met: BTreeMap<DutyId, Instant>,
}

/// Why a line is not a question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionFault {
    /// It is not JSON, or no object.
    #[error("expected {EXPECTED}: {0}; for example `{EXAMPLE}`")]
    NotAnObject(String),
    /// A fact is unknown or of another type.
    #[error(transparent)]
    Fact(#[from] FactFault),
    /// A member beside the facts is not what it must be.
    #[error("`{name}`: expected {expected}")]
    Member {
        /// Which.
        name: &'static str,
        /// What it must be, with an example.
        expected: &'static str,
    },
    /// A member beside `id`, `at` and `facts`.
    #[error("no member `{0}` beside `id`, `at` and `facts`; facts stand inside `facts`")]
    Stray(String),
}

const EXPECTED: &str = "one JSON object on a line";
const EXAMPLE: &str = r#"{"id": "case-17", "facts": {"breach.suspected": true}}"#;
const EXPECTED_ID: &str = "text or a number; for example `\"case-17\"`";
const EXPECTED_AT: &str = "an RFC 3339 time with an explicit offset; for example `\"2026-11-21T09:14:30+05:30\"`";
const EXPECTED_FACTS: &str = "an object of fact keys to values; for example `{\"breach.suspected\": true}`";

impl Question {
    /// Reads `{"id": …, "at": …, "facts": {…}}`, or the facts alone; `at` counts where the line does
    /// not say when. A fact that is `null` is not known. Tells every fault of the line.
    pub fn read(line: &str, vocabulary: &Vocabulary, at: Instant) -> Result<Self, Vec<QuestionFault>> {
        let mut members = match serde_json::from_str(line) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(vec![QuestionFault::NotAnObject("it is another value".into())]),
            Err(error) => return Err(vec![QuestionFault::NotAnObject(error.to_string())]),
        };
        let mut faults = Vec::new();
        let mut question = Self { id: None, at, book: Book::default(), met: BTreeMap::new() };
        let facts = match members.remove("facts") {
            None => members,
            Some(Json::Object(facts)) => {
                question.read_head(members, &mut faults);
                facts
            }
            Some(_) => return Err(vec![QuestionFault::Member { name: "facts", expected: EXPECTED_FACTS }]),
        };
        for (key, value) in facts {
            if let Err(fault) = question.record(vocabulary, key, &value) {
                faults.push(fault.into());
            }
        }
        if faults.is_empty() { Ok(question) } else { Err(faults) }
    }

    /// The organisation's principal zone, if the facts say it.
    pub fn zone(&self) -> Option<Zone> {
        match self.book.standing("organisation.zone").value() {
            Some(Value::Text(name)) => Zone::named(name),
            _ => None,
        }
    }

    fn read_head(&mut self, members: serde_json::Map<String, Json>, faults: &mut Vec<QuestionFault>) {
        for (name, value) in members {
            match (name.as_str(), value) {
                ("id" | "at", Json::Null) => {}
                ("id", Json::String(text)) => self.id = Some(text),
                ("id", Json::Number(number)) => self.id = Some(number.to_string()),
                ("id", _) => faults.push(QuestionFault::Member { name: "id", expected: EXPECTED_ID }),
                ("at", value) => match value.as_str().and_then(parse_rfc3339) {
                    Some(at) => self.at = at,
                    None => faults.push(QuestionFault::Member { name: "at", expected: EXPECTED_AT }),
                },
                _ => faults.push(QuestionFault::Stray(name)),
            }
        }
    }

    fn record(&mut self, vocabulary: &Vocabulary, key: String, json: &Json) -> Result<(), FactFault> {
        if let Some(duty) = key.strip_prefix(MET) {
            match FactType::Instant.read(json) {
                Ok(Value::Instant(at)) => drop(self.met.insert(DutyId::from(duty), at)),
                Ok(_) => {}
                Err(fault) => return Err(FactFault::WrongType { key: FactKey::new(key), fault }),
            }
            return Ok(());
        }
        let value = if json.is_null() { None } else { Some(vocabulary.read(&key, json)?) };
        self.book.record(Claim::of(FactKey::new(key), value, Claimant::Person("the input".into()), self.at));
        Ok(())
    }
}
