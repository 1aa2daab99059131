//! Messages that come in after a newer version of the same report.
//!
//! A late message is kept, and what it claims is weighed as said when its version was made: it
//! displaces nothing newer, while an instant it gives may still be the earliest. A clock that it
//! would have set in its time is set, since a newer word of a product ends none: so any order of
//! delivery comes to the same clocks.

use super::assessing::reassess;
use super::command::Moment;
use super::event::{Event, Received};
use super::ringing::rearmed;
use super::state::{Clock, Incident};
use crate::domain::instant::Instant;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The instant of receipt.
const RECEIPT: &str = "event.received-at";

/// The message with the mark that it is late, if a newer version of the same report is on record.
pub fn judge(incident: &Incident, received: Received) -> Received {
    let external_id = received.external_id.as_deref().unwrap_or(&incident.opened.external_id);
    let tenant = received.tenant.as_deref().unwrap_or_default();
    let newest = incident.messages.iter().filter(|message| message.is_of(&received.source, tenant, external_id));
    let newest = newest.filter_map(|message| message.version).max();
    Received { late: received.version.zip(newest).is_some_and(|(version, newest)| version < newest), ..received }
}

/// The clocks that messages of `version` and later would have set, had they come in their order.
pub fn would_run(incident: &Incident, version: Instant, moment: &Moment<'_>, because: &str) -> Vec<Event> {
    let later: BTreeSet<Instant> =
        incident.messages.iter().map(|message| message.said_at()).filter(|at| *at >= version).collect();
    let mut supposed = incident.clone();
    for until in later {
        let unsaid: BTreeSet<u32> = incident
            .messages
            .iter()
            .filter(|message| message.said_at() > until)
            .flat_map(|message| message.claims.iter().copied())
            .collect();
        // When something came in is our own clock's word, whatever version it was.
        supposed.book = incident.book.only(|id, claim| !unsaid.contains(&id) || claim.key.as_str() == RECEIPT);
        for event in reassess(&supposed, moment, because) {
            supposed.apply(&event, moment.now);
        }
    }
    let mut events = Vec::new();
    for (key, clock) in supposed.clocks.iter().filter(|(_, clock)| clock.standing.is_open()) {
        let set = |because, rearm| Event::ClockSet { clock: key.clone(), law: Arc::clone(&clock.law), because, rearm };
        match incident.clocks.get(key) {
            None => events.push(set(None, BTreeSet::new())),
            Some(before) if before.standing.is_open() && before.law != clock.law => {
                let moved = Clock { law: Arc::clone(&clock.law), ..before.clone() };
                events.push(set(Some(because.to_owned()), rearmed(incident, key, &before.handled, &moved, moment)));
            }
            Some(_) => {}
        }
    }
    events
}
