//! The native event: the shape of our own, and the only one that may state facts.
//!
//! ```json
//! {
//!   "id": "case-2026-118",                       "title": "Mailbox of a payroll clerk taken over",
//!   "severity": "high",                          "kind": "breach-report",
//!   "occurred_at": "2026-11-20T22:10:00+01:00",  "detected_at": "2026-11-21T07:40:00+01:00",
//!   "organisations": ["acme-gmbh"],
//!   "facts": { "people.total": { "at-least": 400 } },
//!   "note": "Found by the help desk."
//! }
//! ```
//!
//! `title` is required. Also taken: `update_id` (identity of this version), `updated_at`,
//! `organisation` (of which the facts are said), `tenant`, `status`, `link`, `labels` (an object of words: kept as hints). Times are RFC 3339
//! with an offset. Unknown fields, unknown facts and wrong types are refused by name, all at
//! once. A fact of `null` says "not known". A judgement, and the instant of awareness, are a
//! person's to state: from here they are kept as hints.

use super::apply::{GivenTime, time_claims};
use super::json::Body;
use super::payload_time::{Reading, TimeFault, TimeForm};
use super::pointer::join;
use super::report::{EvidenceKind, Hint, Remark, RemarkCode, Report, Severity, Times};
use super::toml_walk::nearest;
use super::unreadable::{PayloadFault, Refusal, Unreadable};
use super::{DeliveryMeta, text};
use crate::domain::facts::{Claim, Claimant, FactFault, Vocabulary, is_place};
use crate::domain::ids::{FactKey, OrganisationId};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Title,
    Text,
    Note,
    Time,
    OneOf(&'static [&'static str]),
    Ids,
    Facts,
    Labels,
}

/// Every field, what it holds, and what it is for.
pub(super) const FIELDS: [(&str, Field, &str); 16] = [
    ("id", Field::Text, "the incident at the sender"),
    ("update_id", Field::Text, "this version of it; else the bytes count"),
    ("tenant", Field::Text, "the sender's account or workspace"),
    ("title", Field::Title, "one line"),
    ("severity", Field::OneOf(&Severity::NAMES), "how grave the sender thinks it is"),
    ("status", Field::Text, "kept for people; stops no clock"),
    ("kind", Field::OneOf(&EvidenceKind::NAMES), "without it: breach-report if facts are given, else security-alert"),
    ("occurred_at", Field::Time, "when it happened: RFC 3339 with an offset"),
    ("detected_at", Field::Time, "when the sender noticed: RFC 3339 with an offset"),
    ("updated_at", Field::Time, "when this version was made: RFC 3339 with an offset"),
    ("organisations", Field::Ids, "ids of the configuration"),
    ("organisation", Field::Text, "the one of them of which `facts` are said; without it they count for each"),
    ("facts", Field::Facts, "what is known; null says that it is not known"),
    ("note", Field::Note, "free words"),
    ("link", Field::Text, "where to read more"),
    ("labels", Field::Labels, "words of your own, kept as hints"),
];
pub(super) const NOTE_MAX_CHARS: usize = 20_000;
const FAULTS_MAX: usize = 100;

/// Facts that the reading itself sets, and the field that gives them.
pub(super) const RESERVED: [(&str, &str); 3] = [
    ("event.occurred-at", "give it as `occurred_at`, beside `facts`"),
    ("event.detected-at", "give it as `detected_at`, beside `facts`"),
    ("event.received-at", "leave it out: it is the time of receipt by our clock"),
];

/// The instant of awareness is never a product's word.
const AWARENESS: &str = "aware.at";

/// Reads every event of a body; the faults of all of them at once.
pub(super) fn read_all(vocabulary: &Vocabulary, delivery: &DeliveryMeta, body: &Body) -> Result<Vec<Report>, Unreadable> {
    let mut faults = Vec::new();
    let mut read_one = |json: &Json, path: &str| {
        let Json::Object(members) = json else {
            let place = if path.is_empty() { "/" } else { path };
            return Err(Unreadable::new(Refusal::NotAnObject, format!("the event at `{place}` is not an object")));
        };
        let mut event = Event { vocabulary, delivery, members, path, faults: Vec::new(), hints: Vec::new(), remarks: Vec::new() };
        let report = event.report(json);
        faults.append(&mut event.faults);
        Ok(report)
    };
    let reports = match body {
        Body::Single(json) => vec![read_one(json, "")?],
        Body::Batch(elements) => {
            elements.iter().enumerate().map(|(nth, json)| read_one(json, &format!("/{nth}"))).collect::<Result<_, _>>()?
        }
    };
    if faults.is_empty() {
        return Ok(reports);
    }
    faults.truncate(FAULTS_MAX);
    Err(Unreadable::event(faults))
}

/// One native event being read.
struct Event<'a> {
    vocabulary: &'a Vocabulary,
    delivery: &'a DeliveryMeta,
    members: &'a Map<String, Json>,
    path: &'a str,
    faults: Vec<PayloadFault>,
    hints: Vec<Hint>,
    remarks: Vec<Remark>,
}

impl<'a> Event<'a> {
    fn report(&mut self, json: &Json) -> Report {
        self.check_names();
        let title = self.title();
        let external_id = self.text("id").map(text::id);
        let update_id = self.text("update_id").map(text::id).unwrap_or_default();
        let occurred = self.time("occurred_at");
        let detected = self.time("detected_at");
        let updated = self.time("updated_at");
        let severity = self.word("severity", &Severity::NAMES).and_then(Severity::named).unwrap_or_default();
        let kind = self.word("kind", &EvidenceKind::NAMES).and_then(EvidenceKind::named);
        let times = Times {
            occurred: occurred.as_ref().map(|t| t.at),
            detected: detected.as_ref().map(|t| t.at),
            updated: updated.map(|t| t.at),
        };
        let mut claims = time_claims(self.delivery, occurred, detected);
        let time_claims_len = claims.len();
        self.facts(&mut claims);
        self.words_as_hints();
        let organisation: BTreeSet<OrganisationId> = self.text("organisation").map(OrganisationId::from).into_iter().collect();
        claims[time_claims_len..].iter_mut().for_each(|claim| claim.organisations.clone_from(&organisation));
        let states_facts = claims.len() > time_claims_len;
        Report {
            external_id,
            fingerprint: if update_id.is_empty() && !self.path.is_empty() { json.to_string() } else { String::new() },
            update_id,
            tenant: self.text("tenant").map(text::id),
            title,
            severity,
            status: self.text("status").map(text::hint),
            kind: kind.unwrap_or(if states_facts { EvidenceKind::BreachReport } else { EvidenceKind::SecurityAlert }),
            organisations: self.organisations(),
            note: self.note(),
            times,
            claims,
            hints: std::mem::take(&mut self.hints),
            remarks: std::mem::take(&mut self.remarks),
            consumed: self.members.keys().map(|name| join(self.path, name)).collect(),
            ignored: Vec::new(),
        }
    }

    fn check_names(&mut self) {
        let members = self.members;
        for name in members.keys().filter(|name| FIELDS.iter().all(|(field, ..)| field != name)) {
            let shown = text::hint(name);
            let hint = match nearest(name, &FIELDS.map(|(field, ..)| field)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.vocabulary.get(name).is_some() => "facts go under `facts`".to_owned(),
                None => "words of your own go under `labels`".to_owned(),
            };
            self.fault(join(self.path, &shown), "unknown-field", format!("no field `{shown}`"), Some(hint));
        }
    }

    fn title(&mut self) -> String {
        let title = self.text("title").map(text::title);
        if title.as_ref().is_none_or(String::is_empty)
            && self.faults.iter().all(|fault| fault.pointer != join(self.path, "title"))
        {
            let example = "give one line, for example `\"title\": \"Laptop of a nurse stolen\"`";
            self.fault(join(self.path, "title"), "missing-field", "`title` is missing".into(), Some(example.into()));
        }
        title.unwrap_or_default()
    }

    /// A field that is there and not null.
    fn member(&self, name: &str) -> Option<&'a Json> {
        self.members.get(name).filter(|json| !json.is_null())
    }

    fn text(&mut self, name: &str) -> Option<&'a str> {
        let json = self.member(name)?;
        if json.as_str().is_none() {
            self.wrong_type(name, "text", json, "\"words\"");
        }
        json.as_str().filter(|text| !text.trim().is_empty())
    }

    fn word(&mut self, name: &str, allowed: &[&str]) -> Option<&'a str> {
        let json = self.member(name)?;
        let word = json.as_str().filter(|word| allowed.contains(word));
        if word.is_none() {
            let near = json.as_str().and_then(|word| nearest(word, allowed));
            let expected = format!("one of {}", allowed.join(", "));
            self.wrong_type(name, &expected, json, &format!("\"{}\"", near.unwrap_or(allowed[0])));
        }
        word
    }

    /// A time must have a zone and a sound spelling; an unbelievable one is set aside with a remark.
    fn time(&mut self, name: &str) -> Option<GivenTime> {
        let json = self.member(name)?;
        let pointer = join(self.path, name);
        match TimeForm::Rfc3339.read(json, self.delivery.received_at) {
            Reading::NotSet => None,
            Reading::At(at, assumed) => Some(GivenTime { at, assumed, pointer }),
            Reading::Refused(TimeFault::Unreadable | TimeFault::NoZone) => {
                let expected = "an RFC 3339 time with an explicit offset";
                self.wrong_type(name, expected, json, "\"2026-11-21T09:14:30+05:30\"");
                None
            }
            Reading::Refused(fault) => {
                self.remarks.push(fault.remark(json, pointer));
                None
            }
        }
    }

    fn organisations(&mut self) -> Vec<OrganisationId> {
        let Some(json) = self.member("organisations") else { return Vec::new() };
        let names = json.as_array().and_then(|names| {
            names.iter().map(|name| name.as_str().filter(|name| !name.trim().is_empty()).map(OrganisationId::from)).collect()
        });
        if names.is_none() {
            self.wrong_type("organisations", "a list of organisation ids", json, "[\"acme-gmbh\"]");
        }
        names.unwrap_or_default()
    }

    fn note(&mut self) -> Option<String> {
        let note = self.text("note")?;
        if note.chars().count() > NOTE_MAX_CHARS {
            let message = format!("`note` is longer than {NOTE_MAX_CHARS} characters");
            self.fault(join(self.path, "note"), "wrong-type", message, Some("keep it short and give a `link`".into()));
        }
        Some(note.to_owned())
    }

    /// `link`, and `labels` under their own names.
    fn words_as_hints(&mut self) {
        if let Some(link) = self.text("link") {
            self.hints.push(Hint {
                label: "link".into(),
                value: text::hint(link),
                pointer: join(self.path, "link"),
                about: None,
            });
        }
        let Some(json) = self.member("labels") else { return };
        let Json::Object(labels) = json else {
            return self.wrong_type("labels", "an object of words", json, "{\"ward\": \"north\"}");
        };
        let base = join(self.path, "labels");
        for (label, value) in labels.iter().filter(|(_, value)| !value.is_null()) {
            let value = text::hint(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            self.hints.push(Hint { label: text::hint(label), value, pointer: join(&base, label), about: None });
        }
    }

    fn facts(&mut self, claims: &mut Vec<Claim>) {
        let Some(json) = self.member("facts") else { return };
        let Json::Object(facts) = json else {
            return self.wrong_type("facts", "an object of fact keys to values", json, "{\"people.total\": 512}");
        };
        let base = join(self.path, "facts");
        for (key, value) in facts {
            let pointer = join(&base, key);
            if let Some((_, hint)) = RESERVED.iter().find(|(reserved, _)| reserved == key) {
                self.fault(pointer, "reserved-fact", format!("fact `{key}` cannot be given here"), Some((*hint).into()));
            } else if key == AWARENESS || self.vocabulary.get(key).is_some_and(|entry| entry.judgement) {
                self.keep_judgement(key, value, pointer);
            } else {
                claims.extend(self.fact(key, value, pointer));
            }
        }
    }

    fn keep_judgement(&mut self, key: &str, value: &Json, pointer: String) {
        let said = text::hint(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let text = format!("`{key}` is for a named person to state; what the source said is kept as a hint");
        self.remarks.push(Remark { code: RemarkCode::JudgementNotTaken, pointer: Some(pointer.clone()), text });
        self.hints.push(Hint { label: key.to_owned(), value: said, pointer, about: Some(key.into()) });
    }

    /// What has happened has not happened in the future: the event counts, this word of it does not.
    fn keep_future(&mut self, key: &str, value: &Json, pointer: String) {
        let said = text::hint(value.as_str().unwrap_or_default());
        let text = format!("`{key}` lies in the future and was not taken; what the source said is kept as a hint");
        self.remarks.push(Remark { code: RemarkCode::TimeInFuture, pointer: Some(pointer.clone()), text });
        self.hints.push(Hint { label: key.to_owned(), value: said, pointer, about: Some(key.into()) });
    }

    /// A place or an authority that does not exist: the event counts, this word of it does not.
    fn keep_unlisted(&mut self, key: &str, value: &Json, pointer: String, fault: &FactFault) {
        let said = text::hint(&value.to_string());
        let text = format!("{}; it was not taken, and what the source said is kept as a hint", text::hint(&fault.to_string()));
        self.remarks.push(Remark { code: RemarkCode::NotListed, pointer: Some(pointer.clone()), text });
        self.hints.push(Hint { label: key.to_owned(), value: said, pointer, about: Some(key.into()) });
    }

    fn fact(&mut self, key: &str, value: &Json, pointer: String) -> Option<Claim> {
        let read = match (value, self.vocabulary.get(key)) {
            (Json::Null, Some(_)) => Ok(None),
            _ => self.vocabulary.read(key, value).map(Some),
        };
        let received_at = self.delivery.received_at;
        if let Ok(Some(claimed)) = &read
            && self.vocabulary.future_instant(key, claimed, received_at).is_some()
        {
            self.keep_future(key, value, pointer);
            return None;
        }
        match read {
            Ok(value) => Some(Claim {
                pointer: Some(pointer),
                ..Claim::of(FactKey::from(key), value, Claimant::Product(self.delivery.source.as_str().to_owned()), received_at)
            }),
            Err(FactFault::UnknownKey { key, nearest }) => {
                let hint = match nearest {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`watchbell facts` lists every key; words of your own go under `labels`".to_owned(),
                };
                self.fault(pointer, "unknown-fact", format!("no fact `{}`", text::hint(&key)), Some(hint));
                None
            }
            Err(FactFault::WrongType { key, fault }) => {
                let message = format!("fact `{key}` expects {}, got `{}`", fault.expected, fault.got);
                self.fault(pointer, "wrong-fact-type", message, Some(format!("for example `{}`", fault.example)));
                None
            }
            // What has not even the form of a code is no place that somebody mistook for another.
            Err(FactFault::NoPlace { key, fault }) if !is_place(&fault.word) => {
                let message = format!("fact `{key}`: {}", text::hint(&fault.to_string()));
                self.fault(pointer, "wrong-fact-type", message, Some("for example `{\"US-OH\": 620}`".into()));
                None
            }
            Err(fault @ (FactFault::NoPlace { .. } | FactFault::NotListed { .. })) => {
                self.keep_unlisted(key, value, pointer, &fault);
                None
            }
            Err(fault @ FactFault::OfEach { .. }) => {
                self.fault(pointer, "unknown-fact", fault.to_string(), None);
                None
            }
        }
    }

    fn wrong_type(&mut self, name: &str, expected: &str, got: &Json, example: &str) {
        let got = text::hint(&got.to_string());
        let message = format!("`{name}` expects {expected}, got `{got}`");
        self.fault(join(self.path, name), "wrong-type", message, Some(format!("for example `{example}`")));
    }

    fn fault(&mut self, pointer: String, code: &'static str, message: String, hint: Option<String>) {
        self.faults.push(PayloadFault { pointer, code, message, hint });
    }
}
