//! How long messages are kept, and what is replaced in them before.

use super::raw::{RawPayloads, RawRedaction};
use super::{Reader, there_are};
use crate::domain::escalation::parse_length;
use crate::domain::instant::Duration;
use crate::domain::redaction::{By, Group, Redactor, Rule};
use std::sync::Arc;

/// Shorter, and a message is gone before anybody who is away for a weekend has seen it.
const KEEP_MIN: Duration = Duration::days(3);
/// The word for keeping messages until the store is deleted.
const FOREVER: &str = "forever";

/// What becomes of messages as they came.
#[derive(Clone, Debug)]
pub struct Payloads {
    /// How long they are kept.
    pub keep: Keep,
    /// What is replaced in them before.
    pub redactor: Arc<Redactor>,
}

/// How long messages are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The length; none is for ever.
    pub length: Option<Duration>,
    /// As written.
    pub words: String,
}

impl Reader<'_> {
    pub(super) fn payloads(&mut self, raw: &RawPayloads) -> Payloads {
        let keep = Keep { length: self.keep(&raw.keep), words: raw.keep.clone() };
        let names: Vec<&str> = Group::NAMES.iter().map(|(name, _)| *name).collect();
        for name in raw.redact.iter().filter(|name| Group::named(name).is_none()) {
            self.fault(name, format!("there is no group of redactions `{name}`"), there_are(&names, name));
        }
        let groups: Vec<Group> = raw.redact.iter().filter_map(|name| Group::named(name)).collect();
        let rules: Vec<Rule> = raw.rules.iter().filter_map(|rule| self.redaction(rule)).collect();
        let redactor = Redactor::new(&groups, &rules).unwrap_or_else(|fault| {
            let written = raw.rules.iter().flat_map(|rule| [&rule.field, &rule.pointer, &rule.pattern]).flatten();
            let word = written.filter(|word| fault.to_string().contains(word.as_str())).max_by_key(|word| word.len());
            let word = word.map_or("payloads", String::as_str).to_owned();
            self.fault(&word, fault.to_string(), "config.example.toml has one of each kind under [payloads]");
            Redactor::default()
        });
        Payloads { keep, redactor: Arc::new(redactor) }
    }

    fn keep(&mut self, words: &str) -> Option<Duration> {
        if words == FOREVER {
            return None;
        }
        let length = parse_length(words).filter(|length| *length >= KEEP_MIN);
        if length.is_none() {
            let text = format!("`keep` is `{words}`, which is no length of three days or more");
            self.fault(words, text, format!("write `90d`, for example, or `{FOREVER}`"));
        }
        length
    }

    fn redaction(&mut self, raw: &RawRedaction) -> Option<Rule> {
        let by = match (&raw.field, &raw.pointer, &raw.pattern) {
            (Some(field), None, None) => By::Field(field.clone()),
            (None, Some(pointer), None) => By::Pointer(pointer.clone()),
            (None, None, Some(pattern)) => By::Pattern(pattern.clone()),
            _ => {
                let text = format!("the rule `{}` needs one of `field`, `pointer` and `pattern`", raw.name);
                self.fault(&raw.name, text, "write a rule for each");
                return None;
            }
        };
        Some(Rule { name: raw.name.clone(), by })
    }
}
