//! Bytes to claims: what a product posted, read through its mapping.
//!
//! [`read`] turns one delivery into [`Report`]s. A [`Mapping`] is data, in `rules/sources/*.toml`
//! or written by the user in the same language; it says where in a product's payload the id, the
//! title and the times stand. The native event is the one shape that may also state facts of the
//! vocabulary.
//!
//! Nothing here knows law or incidents, and nothing here may guess. A product claims the times it
//! gave and the instant of receipt; never awareness, never a number of people, never a place.
//! What merely looks like such a fact is kept as a [`Hint`] for a person to weigh.

mod apply;
pub mod credential;
mod dry_run;
mod envelope;
mod event_schema;
mod expression;
mod guess;
mod json;
pub mod mapping;
mod mapping_toml;
pub mod native;
mod payload_time;
mod place;
mod pointer;
mod report;
mod sample;
pub mod sns;
mod text;
mod toml_walk;
mod unread;
mod unreadable;

pub use credential::{TokenDigest, check_bearer};
pub use dry_run::{DryRun, dry_run};
pub use event_schema::event_schema;
pub use guess::{Guess, Why, guess};
pub use json::{DEPTH_MAX, ELEMENTS_MAX, read_strict};
pub use mapping::{Mapping, MappingFault, other_name};
pub use report::{EvidenceKind, Hint, Remark, RemarkCode, Report, Severity, Times};
pub use sample::sample;
pub use unreadable::{PayloadFault, Position, Refusal, Unreadable};

use crate::domain::facts::Vocabulary;
use crate::domain::ids::SourceId;
use crate::domain::instant::Instant;
use json::Body;
use mapping::Form;
use std::collections::BTreeMap;

/// What is known of a delivery beside its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryMeta {
    /// The configured source it was posted to.
    pub source: SourceId,
    /// The `Content-Type` header, as sent.
    pub content_type: Option<String>,
    /// The headers a mapping may read, names in lower case. Never credentials.
    pub headers: BTreeMap<String, String>,
    /// When the last byte of the body had come in, by our clock.
    pub received_at: Instant,
}

impl DeliveryMeta {
    /// A JSON delivery without further headers.
    pub fn json(source: SourceId, received_at: Instant) -> Self {
        Self { source, content_type: Some("application/json".into()), headers: BTreeMap::new(), received_at }
    }
}

/// Reads one delivery: a report per event in it.
///
/// A product's payload is refused only when it is not sound JSON, not an object, or a batch
/// that its mapping does not take; a field that is missing or odd costs a [`Remark`], not the
/// event. A native event is refused, with every fault at once, when a field is unknown or of the
/// wrong type. A batch is taken whole or refused whole; an empty one gives no reports.
pub fn read(mapping: &Mapping, vocabulary: &Vocabulary, delivery: &DeliveryMeta, body: &[u8]) -> Result<Vec<Report>, Unreadable> {
    read_with(mapping, vocabulary, delivery, body, Leftovers::PassedOver)
}

/// What becomes of the places of a payload that nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leftovers {
    /// Nothing.
    PassedOver,
    /// They are named, for whoever writes the mapping.
    Named,
}

fn read_with(
    mapping: &Mapping,
    vocabulary: &Vocabulary,
    delivery: &DeliveryMeta,
    body: &[u8],
    leftovers: Leftovers,
) -> Result<Vec<Report>, Unreadable> {
    let parsed = json::read_body(delivery.content_type.as_deref(), body)?;
    if matches!(parsed, Body::Batch(_)) && !mapping.takes_batches() {
        return Err(Unreadable::new(
            Refusal::BatchNotTaken,
            format!("{} sends one event per request, not a list", mapping.title()),
        ));
    }
    let mut reports = match &mapping.form {
        Form::Native => native::read_all(vocabulary, delivery, &parsed)?,
        Form::Mapped(fields) => apply::read_all(mapping, fields, delivery, leftovers, &parsed)?,
    };
    name_unversioned(&mut reports, delivery, &parsed, body);
    Ok(reports)
}

/// Gives a delivery id to each report whose payload named no version of its own: the sender's
/// message id, else a digest of the bytes.
fn name_unversioned(reports: &mut [Report], delivery: &DeliveryMeta, parsed: &Body, body: &[u8]) {
    let whole = matches!(parsed, Body::Single(_)) && reports.len() == 1;
    let message_id = delivery.headers.get("webhook-id").or_else(|| delivery.headers.get("svix-id"));
    for (nth, report) in reports.iter_mut().enumerate().filter(|(_, report)| report.update_id.is_empty()) {
        report.update_id = match (message_id, whole) {
            (Some(id), true) => text::id(id),
            (Some(id), false) => text::id(&format!("{id}#{nth}")),
            (None, true) => text::digest(body),
            // One element of many: the rest of the delivery must not change its name.
            (None, false) => text::digest(std::mem::take(&mut report.fingerprint).as_bytes()),
        };
    }
    for report in reports {
        report.fingerprint.clear();
    }
}
