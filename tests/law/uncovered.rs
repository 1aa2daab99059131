//! The border of the law that is modelled: wherever people are, a pack that declares the place owes something, or the
//! place is told as uncovered. Nothing is silent.

use crate::RULES;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use watchbell::domain::instant::parse_rfc3339;
use watchbell::domain::law::what_if::Inquiry;

const AT: &str = "2026-11-28T12:00:00Z";

/// What `assess` makes of facts: the JSON it writes.
fn assessed(facts: &Json) -> Json {
    let inquiry = Inquiry::of(&RULES, parse_rfc3339(AT).expect("an instant"));
    let question = inquiry.read(&json!({ "facts": facts }).to_string()).unwrap_or_else(|faults| panic!("{facts}: {faults:?}"));
    let mut out = Vec::new();
    inquiry.answer(&question).write_json(&mut out);
    serde_json::from_slice(&out).expect("JSON")
}

fn refused(facts: &Json) -> String {
    let inquiry = Inquiry::of(&RULES, parse_rfc3339(AT).expect("an instant"));
    let faults = inquiry.read(&json!({ "facts": facts }).to_string()).expect_err("it is refused");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The places and regimes that are uncovered and not answered.
fn uncovered(answer: &Json) -> BTreeSet<String> {
    let open = answer["uncovered"].as_array().into_iter().flatten().filter(|row| row["open"] == true);
    open.map(|row| row["place"].as_str().or(row["regime"].as_str()).expect("a code").to_owned()).collect()
}

/// The duties of law that run, by pack.
fn packs(answer: &Json) -> BTreeSet<String> {
    answer["duties"].as_array().expect("a list").iter().map(|duty| duty["pack"].as_str().expect("a pack").to_owned()).collect()
}

fn grave(place: &str, also: &[&str], roles: &[&str]) -> Json {
    let places: Vec<&str> = [place].into_iter().chain(also.iter().copied()).collect();
    json!({
        "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true,
        "incident.cyber": true, "risk.level": "high", "people.total": 5000, "people.by-place": { place: 5000 },
        "organisation.roles": roles, "organisation.places": places, "organisation.offers-to": places,
        "organisation.zone": "Etc/UTC", "aware.at": "2026-11-27T09:00:00Z", "noticed.at": "2026-11-27T09:00:00Z",
        "hipaa.phi": true, "hipaa.impermissible": true, "hipaa.discovered-at": "2026-11-27T09:00:00Z",
    })
}

#[test]
fn wherever_people_are_a_pack_that_declares_the_place_owes_something_or_the_place_is_uncovered() {
    let places = RULES.vocabulary.places();
    let everywhere: Vec<&str> = places.countries().chain(places.parts_of("US")).chain(places.parts_of("CA")).collect();
    assert!(everywhere.len() > 300, "{} places are no list of the world", everywhere.len());
    let houses: [(&[&str], &[&str]); 2] =
        [(&[], &["controller", "data-fiduciary"]), (&["DE", "US"], &["controller", "data-fiduciary", "covered-entity"])];
    for (also, roles) in houses {
        for place in &everywhere {
            let answer = assessed(&grave(place, also, roles));
            let declares = RULES.enabled(&[]).filter(|pack| pack.covered().any(|covered| places.is_within(place, covered)));
            let declaring: BTreeSet<String> = declares.map(|pack| pack.head.id.to_string()).collect();
            let told = uncovered(&answer).contains(places.canonical(place));
            let owed = !declaring.is_disjoint(&packs(&answer));
            assert!(told != owed, "{place}, also {also:?}: told {told}, owed by {declaring:?} {owed}:\n{answer:#}");
        }
    }
}

#[test]
fn every_state_of_the_union_of_america_has_a_hint_with_its_source() {
    let places = RULES.vocabulary.places();
    for state in places.parts_of("US").filter(|state| *state != "US-UM") {
        let hint = RULES.hints.of_place(state, places).unwrap_or_else(|| panic!("no hint of {state}"));
        assert_eq!(hint.place, state, "a hint of its own, not that of the whole country");
        assert!(!hint.cite.is_empty() && !hint.says.is_empty());
    }
}

#[test]
fn five_thousand_people_at_high_risk_in_brazil_or_switzerland_are_never_nothing() {
    for (place, cite) in [("BR", "LGPD art.48"), ("CH", "FADP art.24")] {
        let answer = assessed(&grave(place, &[], &["controller"]));
        assert!(uncovered(&answer).contains(place), "{answer:#}");
        let row = answer["uncovered"].as_array().expect("rows").iter().find(|row| row["place"] == place).expect("its row");
        assert!(row["known"]["cite"].as_str().is_some_and(|told| told.contains(cite)), "{row:#}");
        let counsel = answer["duties"].as_array().expect("duties").iter().find(|duty| duty["duty"] == "house.counsel");
        assert!(counsel.is_some_and(|duty| duty["owed"] == "owed"), "{answer:#}");
    }
}

#[test]
fn of_a_company_in_america_each_state_its_people_live_in_is_told_and_the_whole_only_while_no_state_is() {
    let mut facts = grave("US", &[], &["controller"]);
    facts["people.by-place"] = json!({ "US-CA": 5000, "US-NY": 700 });
    assert_eq!(uncovered(&assessed(&facts)), ["US-CA", "US-NY"].map(str::to_owned).into());
    facts.as_object_mut().expect("an object").remove("people.by-place");
    assert_eq!(uncovered(&assessed(&facts)), ["US".to_owned()].into());
    facts["people.by-place"] = json!({ "PR": 10 });
    assert_eq!(uncovered(&assessed(&facts)), ["US-PR".to_owned()].into(), "one place under two codes");
}

#[test]
fn a_place_that_does_not_exist_is_refused_with_the_nearest_that_does() {
    let cases = [
        ("UK", "did you mean `GB`"),
        ("EL", "did you mean `GR`"),
        ("EU", "one by one"),
        ("USA", "did you mean `US`"),
        ("de", "did you mean `DE`"),
        ("Germany", "did you mean `DE`"),
        ("us_tx", "did you mean `US-TX`"),
        ("Texas", "did you mean `US-TX`"),
        ("Swizerland", "did you mean `CH`"),
        ("XX", "no country in ISO 3166-1"),
        ("US-ZZ", "no part of United States (US)"),
        ("FR-75", "write `FR`"),
        ("ZZ-1", "no part of any country"),
    ];
    for (word, says) in cases {
        for facts in [
            json!({ "organisation.places": [word] }),
            json!({ "organisation.offers-to": ["DE", word] }),
            json!({ "people.by-place": { word: 900 } }),
            json!({ "people.by-place@staff": { word: 900 } }),
        ] {
            let told = refused(&facts);
            assert!(told.contains(says), "{facts}: {told}");
        }
    }
    assert!(refused(&json!({ "counsel.said.UK": "done" })).contains("did you mean `GB`"));
    assert!(refused(&json!({ "counsel.said.eu.nis3": "done" })).contains("did you mean `counsel.said.eu.nis2`"));
    assert!(refused(&json!({ "counsel.said": "done" })).contains("one place or regime at a time"));
}

#[test]
fn an_authority_that_is_not_in_the_list_is_refused_with_the_nearest_that_is() {
    let refused = |word: &str| refused(&json!({ "gdpr.authorities": ["FR", word] }));
    assert!(refused("UK").contains("`UK` is not in authorities.toml"), "{}", refused("UK"));
    assert!(refused("Ireland").contains("did you mean `IE`"), "{}", refused("Ireland"));
    assert!(refused("GERMANY").contains("did you mean `DE"), "{}", refused("GERMANY"));
    assert_eq!(assessed(&json!({ "gdpr.authorities": ["FR", "BE"] }))["at"], AT);
}

#[test]
fn sectors_bring_their_regimes_in_where_the_organisation_is_and_unset_sectors_none() {
    let told = |places: &[&str], sectors: Option<&[&str]>| {
        let mut facts = json!({ "breach.suspected": true, "organisation.places": places });
        sectors.iter().for_each(|sectors| facts["organisation.sectors"] = json!(sectors));
        uncovered(&assessed(&facts))
    };
    assert_eq!(told(&["DE"], None), BTreeSet::new());
    assert_eq!(told(&["DE"], Some(&["other"])), BTreeSet::new());
    assert_eq!(told(&["DE"], Some(&["insurance"])), ["eu.dora".to_owned()].into());
    assert!(told(&["FR"], Some(&["health"])).contains("eu.nis2"), "the GDPR does not cover what NIS2 asks");
    assert_eq!(told(&["IN"], Some(&["banking", "telecom"])), BTreeSet::new(), "packs declare what binds them");
    assert!(told(&["US"], Some(&["listed-company"])).contains("us.sec"));
}

#[test]
fn a_regime_whose_pack_is_off_is_uncovered() {
    let packs = RULES.enabled(&[]).filter(|pack| pack.head.id.as_str() != "in-cert-in");
    let border = watchbell::domain::law::Border::of(&RULES, packs);
    let book = watchbell::domain::facts::Book::from_iter([claim("organisation.places", json!(["IN"]))]);
    let sight = watchbell::domain::law::Sight::new(&RULES.vocabulary, &book);
    let asked = watchbell::domain::law::Asked {
        organisation: None,
        zone: watchbell::domain::instant::Zone::UTC,
        at: parse_rfc3339(AT).expect("an instant"),
        hinted: &["KE".to_owned()].into(),
    };
    let told = border.uncovered(&sight, &asked);
    let names: Vec<(&str, bool)> = told.iter().map(|one| (one.subject.as_str(), one.only_a_product)).collect();
    assert_eq!(names, [("KE", true), ("in.cert-in", false)]);
}

fn claim(key: &str, value: Json) -> watchbell::domain::facts::Claim {
    watchbell::domain::facts::Claim::of(
        key,
        Some(RULES.vocabulary.read(key, &value).expect("a value")),
        watchbell::domain::facts::Claimant::Person("counsel".into()),
        parse_rfc3339(AT).expect("an instant"),
    )
}

#[test]
fn a_start_that_lies_in_the_future_is_said_and_one_that_does_not_is_not() {
    let remarks = |aware: &str| {
        let answer = assessed(&json!({
            "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true, "risk.level": "risk",
            "organisation.roles": ["controller"], "organisation.places": ["FR"], "organisation.offers-to": ["FR"],
            "organisation.zone": "Europe/Paris", "aware.at": aware,
        }));
        answer["duties"].to_string()
    };
    assert!(remarks("2199-01-01T00:00:00Z").contains("`aware.at` lies in the future"));
    assert!(!remarks("2026-01-01T00:00:00Z").contains("in the future"));
}
