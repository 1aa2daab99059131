//! Of whom a claim is: of an organisation, of a group of people, or of neither in particular.

use super::command::Refusal;
use super::state::Incident;
use crate::domain::facts::{Claim, Value};
use crate::domain::ids::OrganisationId;
use crate::domain::law::assess::COHORTS;
use std::collections::BTreeSet;

/// Answers, with what `KEY@word` says of an organisation turned into a claim of that organisation; refused
/// where a word names neither an organisation of the incident nor a group on record.
pub fn addressed(incident: &Incident, claims: Vec<Claim>) -> Result<Vec<Claim>, Refusal> {
    let is_organisation = |word: &str| incident.opened.organisations.contains_key(word);
    let claims: Vec<Claim> = claims.into_iter().map(|claim| claim.addressed(is_organisation)).collect();
    check_organisations(incident, &claims)?;
    let groups: BTreeSet<&str> =
        incident.book.history(COHORTS).iter().map(|(_, claim)| claim).chain(&claims).flat_map(named).collect();
    if let Some(taken) = claims.iter().flat_map(named).find(|group| is_organisation(group)) {
        return Err(Refusal::NameOfOrganisation(taken.to_owned()));
    }
    let mut of_groups = claims.iter().filter_map(|claim| Some(claim.key.as_str().split_once('@')?.1));
    match of_groups.find(|word| !groups.contains(word)) {
        None => Ok(claims),
        Some(word) => {
            let of_people = match groups.is_empty() {
                true => "no group is on record".to_owned(),
                false => format!("groups on record are {}", groups.into_iter().collect::<Vec<_>>().join(", ")),
            };
            Err(Refusal::NoGroup { word: word.to_owned(), known: format!("{}; {of_people}", concerned(incident)) })
        }
    }
}

/// Refuses claims of organisations that the incident does not concern: they would count for nobody.
pub fn check_organisations(incident: &Incident, claims: &[Claim]) -> Result<(), Refusal> {
    let stranger = |id: &&OrganisationId| !incident.opened.organisations.contains_key(*id);
    match claims.iter().flat_map(|claim| &claim.organisations).find(stranger) {
        None => Ok(()),
        Some(id) => Err(Refusal::NoOrganisation { organisation: id.to_string(), known: concerned(incident) }),
    }
}

fn concerned(incident: &Incident) -> String {
    let ids: Vec<&str> = incident.opened.organisations.keys().map(OrganisationId::as_str).collect();
    format!("it concerns {}", ids.join(", "))
}

/// The groups of people a claim names.
fn named(claim: &Claim) -> impl Iterator<Item = &str> {
    let groups = match &claim.value {
        Some(Value::Set(set)) if claim.key.as_str() == COHORTS => Some(set),
        _ => None,
    };
    groups.into_iter().flatten().map(String::as_str)
}
