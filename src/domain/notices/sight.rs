//! What a notice may see of the facts: a snapshot, so that a draft depends on nothing else.

use crate::domain::facts::{Book, Claimant, FactType, Standing, Value, Vocabulary};
use crate::domain::ids::FactKey;
use std::collections::BTreeMap;

/// Every fact of the vocabulary and what stands of it at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    facts: BTreeMap<FactKey, Fact>,
}

/// One fact as a notice sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The question a person is asked for it.
    pub question: String,
    /// The type.
    pub kind: FactType,
    /// What stands of it.
    pub seen: Seen,
    /// Whether a named person must say it, on a ground.
    pub judgement: bool,
    /// Whether it is the organisation's, and so may stand in the configuration.
    pub of_organisation: bool,
    /// Whether each organisation of an incident has an answer of its own.
    pub of_each: bool,
}

/// What stands of one fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// One value stands.
    Known {
        /// The value, with its precision if it is a number.
        value: Value,
        /// Who said it.
        source: String,
    },
    /// Nobody has said.
    Unknown,
    /// A person said that it is not known: an answer where the law asks only for what is known.
    NotKnown {
        /// Who said so.
        source: String,
    },
    /// Different things were said and none was settled: each as `(value, who)`.
    Disputed(Vec<(Value, String)>),
}

impl Sight {
    /// What a book says of every fact of a vocabulary.
    pub fn of(book: &Book, vocabulary: &Vocabulary) -> Self {
        let facts = vocabulary
            .iter()
            .map(|entry| {
                let seen = seen_in(book, entry.key.as_str());
                let fact = Fact {
                    question: entry.question.clone(),
                    kind: entry.kind.clone(),
                    seen,
                    judgement: entry.judgement,
                    of_organisation: entry.of_organisation,
                    of_each: entry.is_of_each_organisation(),
                };
                (entry.key.clone(), fact)
            })
            .collect();
        Self { facts }
    }

    /// A sight of a vocabulary of which nothing is known.
    pub fn empty(vocabulary: &Vocabulary) -> Self {
        Self::of(&Book::default(), vocabulary)
    }

    /// The same sight with one fact replaced; a key outside the vocabulary changes nothing.
    pub fn with(mut self, key: &str, seen: Seen) -> Self {
        if let Some(fact) = self.facts.get_mut(key) {
            fact.seen = seen;
        }
        self
    }

    /// One fact, if the vocabulary has it.
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.facts.get(key)
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &FactKey> {
        self.facts.keys()
    }

    /// The key most like a mistyped one.
    pub fn nearest(&self, key: &str) -> Option<&FactKey> {
        super::fault::nearest(key, self.facts.keys())
    }
}

fn seen_in(book: &Book, key: &str) -> Seen {
    match book.standing(key) {
        Standing::Known(value, claim) => Seen::Known { value: value.clone(), source: claim.by.name().to_owned() },
        Standing::Disputed(claims) => {
            let words = claims.iter().filter_map(|claim| Some((claim.value.clone()?, claim.by.name().to_owned())));
            Seen::Disputed(words.collect())
        }
        Standing::Unknown => book
            .history(key)
            .iter()
            .rev()
            .find_map(|(_, claim)| match &claim.by {
                Claimant::Person(name) if claim.value.is_none() => Some(Seen::NotKnown { source: name.clone() }),
                _ => None,
            })
            .unwrap_or(Seen::Unknown),
    }
}
