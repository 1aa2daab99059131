//! A mapping run over a payload.

use super::envelope::unwrap;
use super::json::{Body, ELEMENTS_MAX};
use super::mapping::{Fields, From, Mapping, Take, TimeTake};
use super::payload_time::{Reading, TimeFault};
use super::place::{Place, Sight};
use super::pointer::Found;
use super::report::{EvidenceKind, Hint, Remark, RemarkCode, Report, Severity, Times};
use super::unread::unread;
use super::unreadable::{Refusal, Unreadable};
use super::{DeliveryMeta, Leftovers, text};
use crate::domain::facts::{Claim, Claimant, Value};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, rfc3339};
use serde_json::Value as Json;

const HINTS_PER_PLACE_MAX: usize = 20;
const IGNORED_MAX: usize = 1000;

/// Reads every event of a body.
pub(super) fn read_all(
    mapping: &Mapping,
    fields: &Fields,
    delivery: &DeliveryMeta,
    leftovers: Leftovers,
    body: &Body,
) -> Result<Vec<Report>, Unreadable> {
    match body {
        Body::Single(payload) => read_payload(mapping, fields, delivery, leftovers, payload, ""),
        Body::Batch(payloads) => {
            let mut reports = Vec::with_capacity(payloads.len());
            for (nth, payload) in payloads.iter().enumerate() {
                reports.extend(read_payload(mapping, fields, delivery, leftovers, payload, &format!("/{nth}"))?);
                check_count(reports.len())?;
            }
            Ok(reports)
        }
    }
}

fn check_count(count: usize) -> Result<(), Unreadable> {
    if count > ELEMENTS_MAX {
        return Err(Unreadable::new(Refusal::BatchTooLong, format!("more than {ELEMENTS_MAX} events in one delivery")));
    }
    Ok(())
}

fn read_payload(
    mapping: &Mapping,
    fields: &Fields,
    delivery: &DeliveryMeta,
    leftovers: Leftovers,
    root: &Json,
    root_path: &str,
) -> Result<Vec<Report>, Unreadable> {
    if !root.is_object() {
        return Err(not_an_object(root_path));
    }
    check_is_event(mapping, fields, delivery, root, root_path)?;
    let (inner, inner_path) = unwrap(&fields.unwrap, root, root_path);
    let list = fields.for_each.iter().find_map(|place| place.find(&inner, &inner_path).into_iter().next());
    let whole = Found { value: &inner, path: inner_path.clone() };
    let (container, elements): (String, Vec<Found<'_>>) = match list {
        Some(Found { value: Json::Array(elements), path }) => {
            check_count(elements.len())?;
            let each = elements.iter().enumerate().map(|(nth, value)| Found { value, path: format!("{path}/{nth}") });
            (path.clone(), each.collect())
        }
        Some(one) if one.value.is_object() => (one.path.clone(), vec![one]),
        _ => (inner_path, vec![whole]),
    };
    let mut reports = Vec::with_capacity(elements.len());
    for element in elements {
        if !element.value.is_object() {
            return Err(not_an_object(&element.path));
        }
        // An element of a list may stand in an envelope of its own.
        let (value, path) = unwrap(&fields.unwrap, element.value, &element.path);
        let sight = Sight::new(delivery, (root, root_path), Found { value: &value, path }, &fields.not_set);
        reports.push(Run { mapping, fields, leftovers, sight, remarks: Vec::new(), used: Vec::new() }.report());
    }
    if let Some(first) = reports.first_mut()
        && leftovers == Leftovers::Named
        && container != root_path
    {
        add_envelope_leftovers(first, root, root_path, container);
    }
    Ok(reports)
}

/// What the mapping knows to be no event is refused in the mapping's own words.
fn check_is_event(
    mapping: &Mapping,
    fields: &Fields,
    delivery: &DeliveryMeta,
    root: &Json,
    root_path: &str,
) -> Result<(), Unreadable> {
    let event = Found { value: root, path: root_path.to_owned() };
    let sight = Sight::new(delivery, (root, root_path), event, &fields.not_set);
    let says = fields.refuse.iter().find_map(|no_event| {
        let (word, _) = sight.scalar(&no_event.place)?;
        (no_event.is.is_empty() || no_event.is.contains(&word.to_lowercase())).then_some(&no_event.says)
    });
    match says {
        Some(says) => Err(Unreadable::new(Refusal::NotAnEvent, format!("not an event of {}: {says}", mapping.product))),
        None => Ok(()),
    }
}

fn not_an_object(path: &str) -> Unreadable {
    Unreadable::new(Refusal::NotAnObject, format!("the event at `{}` is not an object", if path.is_empty() { "/" } else { path }))
}

/// The leftovers around the events are told once, with the first of them.
fn add_envelope_leftovers(first: &mut Report, root: &Json, root_path: &str, container: String) {
    let mut used = first.consumed.clone();
    used.push(container);
    used.sort_unstable();
    first.ignored.extend(unread(root, root_path, &used, IGNORED_MAX));
    first.ignored.sort_unstable();
    first.ignored.dedup();
}

/// One event being read.
struct Run<'a> {
    mapping: &'a Mapping,
    fields: &'a Fields,
    leftovers: Leftovers,
    sight: Sight<'a>,
    remarks: Vec<Remark>,
    used: Vec<String>,
}

impl Run<'_> {
    fn report(mut self) -> Report {
        let fields = self.fields;
        let external_id = self.first_word(&fields.external_id).map(|id| text::id(&id));
        let update_id = self.version().map(|id| text::id(&id)).unwrap_or_default();
        let tenant = self.first_word(&fields.tenant).map(|tenant| text::id(&tenant));
        let title = self.first_word(&fields.title).map(|title| text::title(&title)).filter(|title| !title.is_empty());
        let kind = self.first_word(&fields.kind).and_then(|name| EvidenceKind::named(&name));
        let status = self.first_word(&fields.status).map(|status| text::hint(&status)).filter(|status| !status.is_empty());
        let severity = self.severity();
        let occurred = self.time(&fields.occurred, Iterator::min);
        let detected = self.time(&fields.detected, Iterator::min);
        let updated = self.time(&fields.updated, Iterator::max);
        let hints = self.hints();
        if external_id.is_none() && title.is_none() {
            let text = format!("neither an id nor a title where {} has them; is it the right mapping?", self.mapping.title);
            self.remark(RemarkCode::NothingRecognised, None, text);
        }
        self.used.sort_unstable();
        self.used.dedup();
        let ignored = match self.leftovers {
            Leftovers::PassedOver => Vec::new(),
            Leftovers::Named => unread(self.sight.event.value, &self.sight.event.path, &self.used, IGNORED_MAX),
        };
        Report {
            external_id,
            fingerprint: if update_id.is_empty() { self.sight.event.value.to_string() } else { String::new() },
            update_id,
            tenant,
            title: title.unwrap_or_else(|| format!("{} without a title", self.mapping.title)),
            severity,
            status,
            kind: kind.unwrap_or(EvidenceKind::SecurityAlert),
            organisations: Vec::new(),
            note: None,
            times: Times {
                occurred: occurred.as_ref().map(|t| t.at),
                detected: detected.as_ref().map(|t| t.at),
                updated: updated.map(|t| t.at),
            },
            claims: time_claims(self.sight.delivery, occurred, detected),
            hints,
            remarks: self.remarks,
            consumed: self.used,
            ignored,
        }
    }

    /// A part of a joined id: a scalar, or the digest of an object or a list.
    fn part(&self, place: &Place) -> Option<(String, String)> {
        self.sight.scalar(place).or_else(|| {
            let nested = self.sight.find(place).into_iter().find(|given| given.value.is_object() || given.value.is_array())?;
            Some((text::digest(nested.value.to_string().as_bytes()), nested.path))
        })
    }

    fn first_word(&mut self, takes: &[Take]) -> Option<String> {
        takes.iter().find_map(|take| self.word(take))
    }

    /// The identity of this version. A join that lacks a part would name every version alike and
    /// hide the later ones, so it counts as absent, and the bytes name the version instead.
    fn version(&mut self) -> Option<String> {
        self.fields.update_id.iter().find_map(|take| match &take.from {
            From::Join(places) if places.iter().any(|place| self.part(place).is_none()) => None,
            _ => self.word(take),
        })
    }

    fn word(&mut self, take: &Take) -> Option<String> {
        let (raw, paths) = self.raw_word(take)?;
        let word = take.translate(&raw)?;
        self.use_up(paths);
        Some(word)
    }

    fn raw_word(&self, take: &Take) -> Option<(String, Vec<String>)> {
        match &take.from {
            From::Constant(word) => Some((word.clone(), Vec::new())),
            From::Place(place) => self.sight.scalar(place).map(|(word, path)| (word, vec![path])),
            From::Join(places) => {
                let (first, rest) = places.split_first()?;
                let parts = std::iter::once(self.part(first)?).chain(rest.iter().filter_map(|place| self.part(place)));
                let (words, paths): (Vec<_>, Vec<_>) = parts.unzip();
                Some((words.join("|"), paths))
            }
        }
    }

    /// By the mapping's own words first, by common words where it translates none.
    fn severity(&mut self) -> Severity {
        let mut unknown = None;
        for take in &self.fields.severity {
            let Some((raw, paths)) = self.raw_word(take) else { continue };
            if let Some(severity) = take.translate(&raw).and_then(|word| Severity::of_word(&word)) {
                self.use_up(paths);
                return severity;
            }
            unknown = unknown.or(paths.into_iter().next().map(|path| (raw, path)));
        }
        if let Some((raw, path)) = unknown {
            let text = format!("the mapping does not know the severity `{}`", text::hint(&raw));
            self.remark(RemarkCode::SeverityUnknown, Some(path), text);
        }
        Severity::Unknown
    }

    /// The first source that holds a usable time; of several times there, the one `pick` takes.
    fn time(&mut self, takes: &[TimeTake], pick: fn(std::vec::IntoIter<GivenTime>) -> Option<GivenTime>) -> Option<GivenTime> {
        for take in takes {
            let mut given = Vec::new();
            let mut remarks = Vec::new();
            for found in self.sight.find(&take.place) {
                if matches!(&*found.value, Json::String(text) if self.fields.not_set.contains(text.trim())) {
                    continue;
                }
                match take.form.read(&found.value, self.sight.delivery.received_at) {
                    Reading::NotSet => {}
                    Reading::At(at, assumed) => given.push(GivenTime { at, assumed, pointer: found.path }),
                    Reading::Refused(fault) => remarks.push(fault.remark(&found.value, found.path)),
                }
            }
            self.remarks.extend(remarks.into_iter().filter(|remark| !self.remarks.contains(remark)).collect::<Vec<_>>());
            if let Some(time) = pick(given.into_iter()) {
                self.use_up([time.pointer.clone()]);
                if let Some(assumed) = &time.assumed {
                    let remark = Remark { code: RemarkCode::Assumed, pointer: Some(time.pointer.clone()), text: assumed.clone() };
                    if !self.remarks.contains(&remark) {
                        self.remarks.push(remark);
                    }
                }
                return Some(time);
            }
        }
        None
    }

    fn hints(&mut self) -> Vec<Hint> {
        let mut hints = Vec::new();
        for take in &self.fields.hints {
            for found in self.sight.find(&take.place).into_iter().take(HINTS_PER_PLACE_MAX) {
                let value = match &*found.value {
                    Json::Array(elements) if elements.is_empty() => None,
                    Json::Object(members) if members.is_empty() => None,
                    nested @ (Json::Array(_) | Json::Object(_)) => Some(nested.to_string()),
                    scalar => self.sight.set_scalar(scalar),
                };
                if let Some(value) = value {
                    let (label, value) = (take.label.clone(), text::hint(&value));
                    hints.push(Hint { label, value, pointer: found.path, about: take.about.clone() });
                }
            }
        }
        self.use_up(hints.iter().map(|hint| hint.pointer.clone()));
        hints
    }

    /// Of headers and expressions no place in the body is known.
    fn use_up(&mut self, paths: impl IntoIterator<Item = String>) {
        self.used.extend(paths.into_iter().filter(|path| path.starts_with('/')));
    }

    fn remark(&mut self, code: RemarkCode, pointer: Option<String>, text: String) {
        self.remarks.push(Remark { code, pointer, text });
    }
}

/// A usable time of a payload; the earliest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GivenTime {
    pub(super) at: Instant,
    pub(super) assumed: Option<String>,
    pub(super) pointer: String,
}

/// What a source may claim of times: those it gave, and the instant of receipt. Never awareness.
pub(super) fn time_claims(delivery: &DeliveryMeta, occurred: Option<GivenTime>, detected: Option<GivenTime>) -> Vec<Claim> {
    let claim = |key: &str, at, pointer, assumed| Claim {
        pointer,
        assumed,
        ..Claim::of(
            FactKey::from(key),
            Some(Value::Instant(at)),
            Claimant::Product(delivery.source.as_str().to_owned()),
            delivery.received_at,
        )
    };
    let mut claims = Vec::with_capacity(3);
    claims.extend(occurred.map(|time| claim("event.occurred-at", time.at, Some(time.pointer), time.assumed)));
    claims.extend(detected.map(|time| claim("event.detected-at", time.at, Some(time.pointer), time.assumed)));
    claims.push(claim("event.received-at", delivery.received_at, None, None));
    claims
}

impl TimeFault {
    /// The fault in words, and what stands in.
    pub(super) fn remark(self, json: &Json, pointer: String) -> Remark {
        let got = text::hint(&json.as_str().map_or_else(|| json.to_string(), str::to_owned));
        let (code, what) = match self {
            Self::Unreadable => (RemarkCode::TimeUnreadable, format!("`{got}` is not a time")),
            Self::NoZone => (RemarkCode::TimeUnreadable, format!("`{got}` has no zone, and the mapping names none")),
            Self::InFuture(at) => (RemarkCode::TimeInFuture, format!("{} is after the time of receipt", rfc3339(at))),
            Self::Implausible => (RemarkCode::TimeImplausible, format!("`{got}` is before 1990 or after 2199")),
        };
        Remark { code, pointer: Some(pointer), text: format!("{what}; it is not used") }
    }
}
