//! What no enabled pack covers of an incident: found with every assessment, recorded when it changes.

use super::assessing;
use super::command::Moment;
use super::event::Event;
use super::sides::Sighting;
use super::state::Incident;
use crate::domain::facts::{FactType, Places, Rank};
use crate::domain::ids::OrganisationId;
use crate::domain::instant::Instant;
use crate::domain::law::{Asked, Border, Uncovered};
use std::collections::{BTreeMap, BTreeSet};

/// Finds what is uncovered on every side of an incident and lets its duties ask for it; gives the event that records it, if
/// it is not what was recorded before.
pub fn look(
    incident: &Incident,
    organisation: &OrganisationId,
    border: &Border<'_>,
    sightings: &mut [Sighting<'_>],
    moment: &Moment<'_>,
) -> Option<Event> {
    let profile = incident.opened.organisations.get(organisation)?;
    let hinted = hinted(incident, moment);
    let asked = Asked { organisation: Some(organisation), zone: profile.zone, at: moment.now, hinted: &hinted };
    let before = incident.uncovered.get(organisation).map_or(&[][..], Vec::as_slice);
    let mut all: BTreeMap<String, Uncovered> = BTreeMap::new();
    for sighting in sightings {
        let mut found = border.uncovered(sighting.sight(), &asked);
        found.extend(unsaid_by_products(before, &found, sighting, border));
        for one in &found {
            // What is open on one side is open: a word about one of the incidents that became one closes nothing of another.
            let known = all.entry(one.subject.clone()).or_insert_with(|| one.clone());
            if one.is_open() && !known.is_open() {
                *known = one.clone();
            }
        }
        sighting.set_uncovered(found);
    }
    let mut uncovered: Vec<Uncovered> = all.into_values().collect();
    uncovered.sort_by(|a, b| (a.subject.contains('.'), &a.subject).cmp(&(b.subject.contains('.'), &b.subject)));
    (uncovered != before).then(|| Event::BorderFound { organisation: organisation.clone(), uncovered })
}

/// What products alone named and name no longer: their silence ends nothing, as their word does not.
fn unsaid_by_products(before: &[Uncovered], found: &[Uncovered], sighting: &Sighting<'_>, border: &Border<'_>) -> Vec<Uncovered> {
    let is_gone = |one: &&Uncovered| found.iter().all(|known| known.subject != one.subject) && !border.covers(&one.subject);
    let said_by_people = |one: &Uncovered| {
        let claims = one.named_by.iter().flat_map(|fact| sighting.sight().standing_claims(fact));
        claims.into_iter().any(|claim| claim.by.rank() > Rank::Product)
    };
    before.iter().filter(|one| one.only_a_product).filter(is_gone).filter(|one| !said_by_people(one)).cloned().collect()
}

/// The places that stand in what messages say about a fact of places, and that nobody has claimed by it.
fn hinted(incident: &Incident, moment: &Moment<'_>) -> BTreeSet<String> {
    let vocabulary = &moment.rulebook.vocabulary;
    let of_places = |fact: &str| {
        let kind = vocabulary.get(fact).map(|entry| &entry.kind);
        matches!(kind, Some(FactType::Places | FactType::CountByPlace))
    };
    let hints = incident.hints.iter().filter(|hint| hint.about.as_ref().is_some_and(|fact| of_places(fact.as_str())));
    hints.flat_map(|hint| places_in(&hint.value, vocabulary.places())).collect()
}

/// The places a sender's words name: a code, a name, a list of either, or an object by code.
fn places_in(words: &str, places: &Places) -> Vec<String> {
    let said: Vec<String> = match serde_json::from_str::<serde_json::Value>(words) {
        Ok(serde_json::Value::Object(counts)) => counts.into_iter().map(|(place, _)| place).collect(),
        Ok(serde_json::Value::Array(list)) => list.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
        Ok(serde_json::Value::String(word)) => vec![word],
        _ => words.split([',', ';', '\n']).map(|word| word.trim().to_owned()).collect(),
    };
    let code = |word: &String| if places.has(word) { Some(word.clone()) } else { places.meant(word).map(str::to_owned) };
    said.iter().filter_map(code).collect()
}

/// When the next standing word ends on which an open incident rests.
pub fn next_word_ends(incident: &Incident) -> Option<(Instant, &str)> {
    if !incident.is_open() {
        return None;
    }
    let words = incident.uncovered.iter().flat_map(|(organisation, list)| list.iter().map(move |one| (organisation, one)));
    let ends = words.filter_map(|(organisation, one)| {
        let zone = incident.opened.organisations.get(organisation)?.zone;
        Some((zone.start_of(one.word.as_ref()?.until?).0, one.subject.as_str()))
    });
    ends.min()
}

/// Whether a standing word that the record rests on counts no longer.
pub fn word_has_ended(incident: &Incident, now: Instant) -> bool {
    next_word_ends(incident).is_some_and(|(at, _)| at <= now)
}

/// What no enabled pack covers of what an organisation's profile alone names.
pub fn of_profile(organisation: &OrganisationId, profile: &super::Profile, moment: &Moment<'_>) -> Vec<Uncovered> {
    let border = Border::of(moment.rulebook, assessing::packs(moment));
    let sight = crate::domain::law::Sight::new(&moment.rulebook.vocabulary, &profile.claims);
    let asked = Asked { organisation: Some(organisation), zone: profile.zone, at: moment.now, hinted: &BTreeSet::new() };
    border.uncovered(&sight, &asked)
}

/// What a notice does not speak of: the places and regimes of the organisation that no pack in use covers.
pub fn not_covered(incident: &Incident, organisation: &OrganisationId) -> Option<String> {
    let of_this = incident.still_uncovered().filter(|(of, _)| *of == organisation);
    let names: Vec<String> = of_this.map(|(_, one)| one.in_words()).collect();
    let says = format!("{}: no pack in use holds the law there; what is owed is for counsel to say", names.join(", "));
    (!names.is_empty()).then_some(says)
}
