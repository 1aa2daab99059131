//! Merging and splitting, as a person says: what is taken in, what moves on, what becomes its own.
//!
//! A merge is two decisions: the other incident takes this one in, then this one gives up the clocks that go on there.
//! Either may be repeated; between them both ring, which is a duplicate and no miss. A clock moves
//! only where the other incident has the same one with a limit no later; otherwise it stays.

use super::command::Refusal;
use super::event::{ClockKey, Event, Standing};
use super::message::Message;
use super::relation::{Inheritance, Inherited, Word};
use super::state::{Clock, Incident};
use crate::domain::facts::{Claim, ClaimId, FactEntry, Standing as FactStanding, Value, Vocabulary};
use crate::domain::law::Mode;
use std::collections::BTreeSet;

/// What `incident` takes in of `other`: everything not taken in before; nothing if there is no news.
pub fn take_in(incident: &Incident, other: &Incident, word: &Word, vocabulary: &Vocabulary) -> Result<Option<Event>, Refusal> {
    said(word)?;
    if incident.id == other.id {
        return Err(Refusal::Itself);
    }
    if let Some(into) = &incident.relations.merged_into {
        return Err(Refusal::Elsewhere(into.clone()));
    }
    if let Some(into) = other.relations.merged_into.as_ref().filter(|into| **into != incident.id) {
        return Err(Refusal::Elsewhere(into.clone()));
    }
    if other.relations.taken_in.contains_key(&incident.id) {
        return Err(Refusal::Circular(other.id.clone()));
    }
    if !other.opened.organisations.keys().all(|id| incident.opened.organisations.contains_key(id)) {
        return Err(Refusal::OtherOrganisations);
    }
    let known = incident.relations.taken_in.get(&other.id).cloned().unwrap_or_default();
    let mut claims: Vec<Inherited> = inherited(other, |id| !known.claims.contains_key(&id));
    // Where it concerns fewer organisations, what was said there of each was not said of the others here.
    let ids = || other.opened.organisations.keys().cloned().collect::<BTreeSet<_>>();
    let organisations =
        if other.opened.organisations.len() < incident.opened.organisations.len() { ids() } else { BTreeSet::new() };
    let is_of_each = |claim: &Claim| vocabulary.get(claim.key.as_str()).is_some_and(FactEntry::is_of_each_organisation);
    for Inherited { claim, .. } in &mut claims {
        if claim.organisations.is_empty() && is_of_each(claim) {
            claim.organisations.clone_from(&organisations);
        }
    }
    let messages: Vec<Message> = other.messages.iter().skip(known.messages).map(|message| foreign(message, other)).collect();
    if claims.is_empty() && messages.is_empty() && incident.relations.taken_in.contains_key(&other.id) {
        return Ok(None);
    }
    let inheritance = Inheritance {
        from: other.id.clone(),
        opened_at: other.opened_at,
        messages,
        claims,
        hints: other.hints.clone(),
        remarks: other.remarks.clone(),
        sides: other.relations.sides.clone(),
        organisations,
    };
    Ok(Some(Event::TookIn { word: word.clone(), inheritance }))
}

/// The end of `incident` in `into`, which must have taken in all of it, and the clocks that move there.
pub fn merge_into(incident: &Incident, into: &Incident, word: &Word) -> Result<Vec<Event>, Refusal> {
    said(word)?;
    if let Some(before) = incident.relations.merged_into.as_ref().filter(|before| **before != into.id) {
        return Err(Refusal::Elsewhere(before.clone()));
    }
    if incident.relations.taken_in.contains_key(&into.id) {
        return Err(Refusal::Circular(into.id.clone()));
    }
    let taken_in = into.relations.taken_in.get(&incident.id).ok_or(Refusal::NotTakenIn)?;
    if taken_in.claims.len() != incident.book.len() || taken_in.messages != incident.messages.len() {
        return Err(Refusal::NotTakenIn);
    }
    let mut events = Vec::new();
    if incident.relations.merged_into.is_none() {
        events.push(Event::MergedInto { into: into.id.clone(), word: word.clone() });
    }
    for (key, clock) in incident.clocks.iter().filter(|(_, clock)| clock.standing.is_open()) {
        let there = match (&clock.law.listed, incident.party_of(key, clock)) {
            // Each incident has numbers of its own.
            (Some(list), Some(party)) => match into.parties(list).number(&party) {
                Some(number) => key.whole().towards(&number.to_string()),
                None => continue,
            },
            _ => key.clone(),
        };
        if goes_on_in(into, &there, clock) {
            events.push(Event::ClockMoved { clock: key.clone(), into: into.id.clone() });
        }
    }
    Ok(events)
}

/// Whether a clock may end here because `into` has the same one, no later: open, or ended by a person's determination.
pub fn goes_on_in(into: &Incident, key: &ClockKey, clock: &Clock) -> bool {
    let Some(there) = into.clocks.get(key) else { return false };
    let no_later = there.law.due() <= clock.law.due();
    let determined = into.nothing_owed.get(key).is_some_and(|why| why.determined);
    // The house's own question was answered there with yes: what it opens runs there.
    let answered = || {
        clock.law.mode == Mode::Policy
            && clock.law.about.is_empty()
            && there.standing == Standing::Met
            && matches!(into.book.standing_for(&key.organisation, "breach.suspected"), FactStanding::Known(Value::YesNo(true), _))
    };
    (no_later && (there.standing.is_open() || (there.standing == Standing::Void && determined))) || answered()
}

/// The first events of an incident of its own for some messages of another.
pub fn split_from(from: &Incident, numbers: &BTreeSet<u32>, word: &Word) -> Result<Vec<Event>, Refusal> {
    let messages = chosen(from, numbers, word)?;
    let first = messages.first().ok_or(Refusal::Empty("messages"))?;
    let opened = super::event::Opened {
        title: first.title.clone().unwrap_or_else(|| from.opened.title.clone()),
        source: first.source.clone(),
        external_id: first.external_id.clone(),
        ..from.opened.clone()
    };
    let wanted: BTreeSet<ClaimId> = messages.iter().flat_map(|message| message.claims.iter().copied()).collect();
    let inheritance = Inheritance {
        from: from.id.clone(),
        opened_at: from.opened_at,
        claims: inherited(from, |id| wanted.contains(&id)),
        messages: messages.into_iter().map(|message| foreign(message, from)).collect(),
        hints: BTreeSet::new(),
        remarks: BTreeSet::new(),
        sides: Default::default(),
        organisations: BTreeSet::new(),
    };
    let numbers = numbers.iter().copied().collect();
    Ok(vec![Event::Opened(opened), Event::SplitFrom { word: word.clone(), messages: numbers, inheritance }])
}

/// The mark in the incident that messages were split from. What they claimed stays until a person says otherwise.
pub fn split_off(
    incident: &Incident,
    into: &crate::domain::ids::IncidentId,
    numbers: &BTreeSet<u32>,
    word: &Word,
) -> Result<Option<Event>, Refusal> {
    chosen(incident, numbers, word)?;
    let known = incident.relations.told.iter().any(|relation| relation.incident == *into);
    let messages = numbers.iter().copied().collect();
    Ok((!known).then(|| Event::SplitOff { into: into.clone(), word: word.clone(), messages }))
}

/// The messages of these numbers, if they are there, some stay behind, and a reason is given.
fn chosen<'i>(incident: &'i Incident, numbers: &BTreeSet<u32>, word: &Word) -> Result<Vec<&'i Message>, Refusal> {
    said(word)?;
    let message = |number: &u32| {
        let index = usize::try_from(*number).ok()?.checked_sub(1)?;
        incident.messages.get(index)
    };
    let messages: Result<Vec<&Message>, Refusal> =
        numbers.iter().map(|number| message(number).ok_or(Refusal::NoMessage(*number))).collect();
    let messages = messages?;
    match messages.len() {
        0 => Err(Refusal::Empty("messages")),
        all if all == incident.messages.len() => Err(Refusal::AllMessages),
        _ => Ok(messages),
    }
}

/// The claims of an incident that are wanted, in the order of recording.
fn inherited(of: &Incident, wanted: impl Fn(ClaimId) -> bool) -> Vec<Inherited> {
    let claims = of.book.numbered().into_iter().filter(|(id, _)| wanted(*id));
    claims.map(|(id, claim)| Inherited { was: *id, claim: claim.clone(), version: of.book.version(*id) }).collect()
}

fn foreign(message: &Message, of: &Incident) -> Message {
    Message { from: Some(message.from.clone().unwrap_or_else(|| of.id.clone())), ..message.clone() }
}

fn said(word: &Word) -> Result<(), Refusal> {
    match word {
        Word { by, .. } if by.trim().is_empty() => Err(Refusal::Empty("by")),
        Word { because, .. } if because.trim().is_empty() => Err(Refusal::Empty("because")),
        Word { .. } => Ok(()),
    }
}
