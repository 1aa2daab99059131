//! The list of supervisory authorities beside the GDPR pack: whole, unambiguous, and honest about what was checked.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use watchbell::domain::instant::NaiveDate;
use watchbell::domain::law::Verification;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "reviewed")]
    _reviewed: NaiveDate,
    authority: Vec<Authority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Authority {
    code: String,
    country: String,
    short: String,
    name: String,
    #[serde(rename = "name-verification")]
    _name_verification: Verification,
    url: String,
    url_verification: Verification,
    form: Option<String>,
    form_verification: Option<Verification>,
    languages: Vec<String>,
    #[serde(rename = "confidence")]
    _confidence: Confidence,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Confidence {
    High,
    Medium,
    Low,
}

#[derive(Deserialize)]
struct Head {
    groups: BTreeMap<String, BTreeSet<String>>,
}

/// Parts of Finland and France with a country code of their own; their authority is that of the state.
const PARTS: [&str; 7] = ["AX", "GF", "GP", "MF", "MQ", "RE", "YT"];

fn authorities() -> Vec<Authority> {
    toml::from_str::<File>(include_str!("../../rules/eu-gdpr/authorities.toml")).expect("the file is read").authority
}

#[test]
fn every_state_of_the_eea_has_an_authority() {
    let head: Head = toml::from_str(include_str!("../../rules/eu-gdpr/pack.toml")).expect("the pack is read");
    let listed: BTreeSet<String> = authorities().into_iter().map(|authority| authority.country).collect();
    let states = head.groups["eea"].iter().filter(|place| !PARTS.contains(&place.as_str()));
    let without: Vec<&String> = states.filter(|place| !listed.contains(*place)).collect();
    assert!(without.is_empty(), "no authority for {without:?}");
}

#[test]
fn the_proposal_means_the_same_places_as_the_law_in_force() {
    let eea = |text: &str| toml::from_str::<Head>(text).expect("the pack is read").groups["eea"].clone();
    assert_eq!(eea(include_str!("../../rules/eu-gdpr/pack.toml")), eea(include_str!("../../rules/eu-omnibus/pack.toml")));
}

#[test]
fn germany_has_eighteen_bodies_and_lithuania_two() {
    let count = |country: &str| authorities().iter().filter(|authority| authority.country == country).count();
    assert_eq!((count("DE"), count("LT"), count("GB"), count("CH")), (18, 2, 1, 1));
}

#[test]
fn a_code_names_one_authority_and_begins_with_its_country() {
    let mut codes = BTreeSet::new();
    for authority in authorities() {
        let country = authority.code.split('-').next();
        assert_eq!(country, Some(authority.country.as_str()), "the code `{}`", authority.code);
        assert!(codes.insert(authority.code.clone()), "two authorities have the code `{}`", authority.code);
    }
}

#[test]
fn every_entry_is_complete_and_never_claims_more_than_was_seen() {
    for authority in authorities() {
        let code = &authority.code;
        assert!(!authority.short.trim().is_empty() && !authority.name.trim().is_empty(), "{code} has no name");
        assert!(
            authority.languages.iter().all(|tongue| tongue.len() == 2) && !authority.languages.is_empty(),
            "languages of {code}"
        );
        let addresses = authority.form.iter().chain([&authority.url]);
        assert!(addresses.clone().all(|url| url.starts_with("https://") && !url.contains(' ')), "an address of {code}");
        assert_eq!(
            authority.form.is_some(),
            authority.form_verification.is_some(),
            "the form of {code} and its mark go together"
        );
        // No address was read on the authority's own page.
        let marks = authority.form_verification.iter().chain([&authority.url_verification]);
        assert!(marks.clone().all(|mark| *mark != Verification::Official), "a mark of {code}");
    }
}
