//! A fact somebody said, beside what stood before and what stands since.

use crate::domain::facts::{Book, Claim, Claimant, Standing, Value};
use crate::domain::instant::{Instant, Zone};
use serde::{Deserialize, Serialize};

/// One word about one fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The fact.
    pub key: String,
    /// The value, as the API takes it; none for "not known".
    pub value: Option<serde_json::Value>,
    /// In words.
    pub words: String,
    /// Who said it.
    pub by: String,
    /// When it was said.
    pub at: Instant,
    /// What stood before, and who had said it; none if nobody had spoken of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What stands since, where that is not this very word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<String>,
    /// Where in the message it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// On what ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// What was assumed in reading it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Whether it settles what is disputed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settles: bool,
}

impl Said {
    /// A claim, beside what the book held before it was written down.
    pub fn of(claim: &Claim, book: &Book, zone: Zone) -> Self {
        let key = claim.key.as_str();
        let before = (!book.history(key).is_empty()).then(|| standing(book, key, zone));
        Self {
            key: key.to_owned(),
            value: claim.value.as_ref().map(Value::to_json),
            words: value(claim.value.as_ref(), zone),
            by: claimant(&claim.by),
            at: claim.at,
            before,
            stands: None,
            pointer: claim.pointer.clone(),
            ground: claim.ground.clone(),
            assumed: claim.assumed.clone(),
            settles: claim.settles,
        }
    }

    /// Notes what stands once it was written down.
    pub fn settle(&mut self, book: &Book, zone: Zone) {
        let stands = match book.standing(&self.key) {
            Standing::Known(known, _) if self.value.as_ref() == Some(&known.to_json()) => None,
            Standing::Unknown if self.value.is_none() => None,
            _ => Some(standing(book, &self.key, zone)),
        };
        self.stands = stands;
    }

    /// `people.total: 12,850; before: 9000 (said by Ada)`, with whatever belongs to it.
    pub fn in_words(&self) -> String {
        let mut line = format!("{}: {}", self.key, self.words);
        let mut add = |label: &str, text: &Option<String>| {
            if let Some(text) = text {
                line.push_str(&format!("; {label}{text}"));
            }
        };
        add("before: ", &self.before);
        add("on record, but what stands is: ", &self.stands);
        add("assumed: ", &self.assumed);
        add("at ", &self.pointer);
        if self.settles {
            line.push_str("; settles what is disputed");
        }
        line
    }

    /// Whether it says what had been said before.
    pub fn is_no_news(&self) -> bool {
        self.stands.is_none()
            && self.before.as_ref().is_some_and(|before| before.starts_with(&format!("{} (said by", self.words)))
    }
}

/// What stands of a fact, and who says so.
fn standing(book: &Book, key: &str, zone: Zone) -> String {
    let said = |claim: &Claim| format!("{} (said by {})", value(claim.value.as_ref(), zone), claim.by.name());
    match book.standing(key) {
        Standing::Known(_, claim) => said(claim),
        Standing::Unknown => "not known".to_owned(),
        Standing::Disputed(claims) => {
            format!("DISPUTED: {}", claims.into_iter().map(said).collect::<Vec<_>>().join(" against "))
        }
    }
}

/// A value in words; instants in the zone of the timeline.
pub fn value(value: Option<&Value>, zone: Zone) -> String {
    match value {
        None => "not known".to_owned(),
        Some(Value::Instant(at)) => zone.in_words(*at),
        Some(value) => value.to_string(),
    }
}

/// A claimant's name, with what it is where that is no person.
pub fn claimant(by: &Claimant) -> String {
    match by {
        Claimant::Person(name) => name.clone(),
        Claimant::Product(name) => format!("{name} (a product)"),
        Claimant::Policy(place) => format!("the configuration ({place})"),
    }
}
