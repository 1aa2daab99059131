//! An incident whose facts name places that no pack covers: nothing ends silently, and each place is closed by its own word.

use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use watchbell::domain::board::{Card, IncidentView};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{
    Clock, ClockKey, Command, Evidence, House, Incident, Lookalike, Moment, Opened, Opening, Profile, Received, Refusal,
    Standing, decide, next_wake,
};
use watchbell::domain::instant::{Instant, NaiveDate, Zone, parse_rfc3339};
use watchbell::domain::law::{Rulebook, StandingWord};
use watchbell::shell::rulebook;

fn at(text: &str) -> Instant {
    parse_rfc3339(text).expect("an instant")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// An incident of a clinic in Berlin, played on by answers.
struct Case {
    rulebook: Rulebook,
    house: House,
    id: IncidentId,
    incident: Incident,
}

impl Case {
    /// Opened by a product that says nothing but what is hinted.
    fn opened(rulebook: Rulebook, profile: &Json, hints: Vec<Lookalike>) -> Self {
        let now = at("2026-11-27T08:00:00Z");
        let policy = Claimant::Policy("organisation clinic".into());
        let zone = Zone::named("Europe/Berlin").expect("a zone");
        let claims = claims(&rulebook, profile, &policy, now).into_iter().collect();
        let opened = Opened {
            title: "a server answers strangers".into(),
            severity: "high".into(),
            kind: "security-alert".into(),
            source: "wazuh".into(),
            external_id: "1".into(),
            organisations: BTreeMap::from([("clinic".into(), Profile { name: "Clinic".into(), zone, claims }.into())]),
        };
        let received = Received { hints, ..Received::of("wazuh", "1") };
        let receipt = claims_of_receipt(&rulebook, now);
        let (id, house) = (IncidentId::from("inc-1"), House::default());
        let moment = Moment { now, rulebook: &rulebook, house: &house };
        let opening = Command::Open(Box::new(Opening { opened, received, claims: receipt }));
        let incident = decide(&id, None, opening, &moment).expect("it opens").incident.expect("an incident");
        Self { rulebook, house, id, incident }
    }

    fn submit(&mut self, command: Command, now: &str) -> Result<(), Refusal> {
        let moment = Moment { now: at(now), rulebook: &self.rulebook, house: &self.house };
        let decision = decide(&self.id, Some(&self.incident), command, &moment)?;
        if let Some(incident) = decision.incident {
            self.incident = incident;
        }
        Ok(())
    }

    fn answer(&mut self, facts: &Json, now: &str) {
        let claims = claims(&self.rulebook, facts, &Claimant::Person("Ada Keller".into()), at(now));
        self.submit(Command::Answer { claims }, now).unwrap_or_else(|refusal| panic!("{facts}: {refusal}"));
    }

    fn counsel(&self) -> Option<&Clock> {
        self.incident.clocks.get(&ClockKey::of("house.counsel", "clinic"))
    }

    fn open(&self) -> Vec<&str> {
        self.incident.still_uncovered().map(|(_, one)| one.subject.as_str()).collect()
    }

    fn view(&self) -> IncidentView {
        IncidentView::of(&self.incident, &Moment { now: self.incident.opened_at, rulebook: &self.rulebook, house: &self.house })
    }
}

fn claims(rulebook: &Rulebook, facts: &Json, by: &Claimant, at: Instant) -> Vec<Claim> {
    let claim = |(key, value): (&String, &Json)| Claim {
        ground: Some("says J. Ruiz of the law firm".into()),
        ..Claim::of(
            key.as_str(),
            (!value.is_null()).then(|| rulebook.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"))),
            by.clone(),
            at,
        )
    };
    facts.as_object().expect("an object").iter().map(claim).collect()
}

fn claims_of_receipt(rulebook: &Rulebook, now: Instant) -> Vec<Claim> {
    claims(rulebook, &json!({ "event.received-at": "2026-11-27T08:00:00Z" }), &Claimant::Product("wazuh".into()), now)
}

fn rules() -> Rulebook {
    rulebook::load(None).expect("sound rules")
}

fn berlin() -> Json {
    json!({ "organisation.roles": ["controller"], "organisation.places": ["DE"], "organisation.sectors": ["other"] })
}

#[test]
fn people_in_brazil_keep_the_incident_open_until_a_word_with_a_ground_closes_brazil() {
    let mut case = Case::opened(rules(), &berlin(), Vec::new());
    case.answer(&json!({ "people.by-place": { "BR": 5000 } }), "2026-11-27T09:00:00Z");
    assert_eq!(case.open(), ["BR"], "it is told before anybody says that it may be a breach");
    assert!(case.counsel().is_none(), "and asks nobody yet");
    case.answer(&json!({ "breach.suspected": true, "breach.personal-data": true }), "2026-11-27T10:00:00Z");
    let clock = case.counsel().expect("the house asks counsel");
    assert_eq!(clock.law.title, "Ask counsel about Brazil");
    assert_eq!((clock.law.start.at, clock.law.limit()), (at("2026-11-27T10:00:00Z"), Some(at("2026-11-27T22:00:00Z"))));
    assert!(clock.law.remarks.iter().any(|remark| remark.contains("LGPD art.48")), "{:?}", clock.law.remarks);
    assert_eq!(Card::of(&case.incident).uncovered, ["Brazil (BR)"]);

    case.answer(&json!({ "people.by-place": { "BR": 5000, "US-TX": 12, "FR": 3 } }), "2026-11-27T11:00:00Z");
    assert_eq!(case.counsel().expect("it runs").law.title, "Ask counsel about Brazil and Texas", "one clock lists them all");
    let key = ClockKey::of("house.counsel", "clinic");
    let evidence = Evidence {
        by: "Ada".into(),
        what: "asked".into(),
        filed_at: at("2026-11-27T11:30:00Z"),
        reference: None,
        told: None,
        known_then: None,
    };
    let refused = case.submit(Command::Meet { clock: key, evidence }, "2026-11-27T12:00:00Z");
    assert_eq!(refused, Err(Refusal::EachByItsWord("BR, US-TX".into())));

    case.answer(&json!({ "counsel.said.BR": "done" }), "2026-11-27T13:00:00Z");
    assert_eq!(case.open(), ["US-TX"], "each is closed by its own word");
    case.answer(&json!({ "counsel.said.US-TX": "owed" }), "2026-11-27T14:00:00Z");
    assert_eq!(case.open(), ["US-TX"], "what is to be done there is not done");
    case.answer(&json!({ "counsel.said.US-TX": "nothing-owed" }), "2026-11-27T15:00:00Z");
    assert_eq!(case.counsel().expect("it is on record").standing, Standing::Met);
    let row = &case.view().uncovered[1];
    let word = row.uncovered.word.as_ref().expect("what counsel said is shown");
    assert_eq!((word.by.as_str(), word.on), ("Ada Keller", day("2026-11-27")));
    assert!(!row.open && word.says.contains("J. Ruiz"), "{row:?}");

    case.answer(&json!({ "people.by-place": { "BR": 5000, "US-TX": 12, "CH": 1 } }), "2026-11-28T09:00:00Z");
    let clock = case.counsel().expect("it runs");
    assert!(clock.standing.is_open() && clock.met.is_none(), "a new place opens it again");
    assert_eq!((clock.law.start.at, case.open()), (at("2026-11-28T09:00:00Z"), vec!["CH"]), "counted from its naming");
    case.answer(&json!({ "counsel.said.CH": "nothing-owed" }), "2026-11-28T10:00:00Z");
    assert!(!case.counsel().expect("on record").standing.is_open());
    case.answer(&json!({ "counsel.said.BR": null }), "2026-11-28T11:00:00Z");
    assert!(case.counsel().expect("on record").standing.is_open(), "a word can be taken back");
}

#[test]
fn a_place_of_a_hint_is_shown_as_such_until_a_person_confirms_it() {
    let hint = |about: &str, value: &str| Lookalike {
        label: "country".into(),
        value: value.into(),
        pointer: "/country".into(),
        about: Some(about.into()),
    };
    let hints = vec![
        hint("people.by-place", "{\"UK\": 5, \"KE\": 7}"),
        hint("organisation.places", "Switzerland"),
        hint("people.total", "BR"),
    ];
    let mut case = Case::opened(rules(), &berlin(), hints);
    assert_eq!(case.open(), ["CH", "KE"], "a place that a pack covers is none, and a number names none");
    let told: Vec<String> = case.view().uncovered.iter().map(|one| one.uncovered.to_string()).collect();
    assert!(told.iter().all(|row| row.contains("named by a product only, which nobody has confirmed")), "{told:?}");
    case.answer(&json!({ "breach.suspected": true, "people.by-place": { "KE": 7 } }), "2026-11-27T09:00:00Z");
    let unconfirmed: Vec<bool> = case.incident.still_uncovered().map(|(_, one)| one.only_a_product).collect();
    assert_eq!((case.open(), unconfirmed), (vec!["CH", "KE"], vec![true, false]));
    assert!(case.counsel().is_some(), "counsel is asked about both");
}

#[test]
fn a_standing_word_closes_a_place_beforehand_and_stops_counting_on_its_last_day() {
    let mut rulebook = rules();
    rulebook.counsel.push(StandingWord {
        subject: "CH".into(),
        organisation: Some("clinic".into()),
        says: "no business there".into(),
        by: "J. Ruiz".into(),
        on: day("2026-06-01"),
        until: day("2026-12-01"),
    });
    let profile =
        json!({ "organisation.roles": ["controller"], "organisation.places": ["DE"], "organisation.offers-to": ["CH"] });
    let mut case = Case::opened(rulebook, &profile, Vec::new());
    case.answer(&json!({ "breach.suspected": true, "breach.personal-data": true }), "2026-11-27T09:00:00Z");
    assert!(case.open().is_empty() && case.counsel().is_none(), "{:?}", case.incident.uncovered);
    let told = case.view().uncovered[0].uncovered.to_string();
    assert!(told.contains("counsel, by J. Ruiz on 2026-06-01: no business there (counts until 2026-12-01)"), "{told}");

    let ends = at("2026-12-01T00:00:00+01:00");
    let words_end = |case: &Case, now| {
        let wake = next_wake(&case.incident, &case.house, now);
        wake.is_some_and(|wake| wake.at <= ends)
    };
    assert!(words_end(&case, at("2026-11-30T00:00:00Z")), "the daemon looks again when the word ends");
    case.submit(Command::Wake, "2026-11-30T22:59:59Z").expect("a wake");
    assert!(case.open().is_empty(), "the last moment of the day before");
    case.submit(Command::Wake, "2026-11-30T23:00:00Z").expect("a wake");
    assert_eq!(case.open(), ["CH"]);
    let clock = case.counsel().expect("counsel is asked again");
    assert_eq!(clock.law.start.at, ends, "from the moment the word counts no longer");
}

#[test]
fn what_products_alone_named_is_not_closed_by_their_silence() {
    let mut case = Case::opened(rules(), &berlin(), Vec::new());
    let said = |case: &Case, places: Json, now: &str| {
        let by = Claimant::Product("wazuh".into());
        claims(&case.rulebook, &json!({ "people.by-place": places }), &by, at(now))
    };
    let first = said(&case, json!({ "BR": 5 }), "2026-11-27T08:10:00Z");
    let observe = |id: &str, claims| Command::Observe { received: Received::of("wazuh", id), claims };
    case.submit(observe("2", first), "2026-11-27T08:10:00Z").expect("a report");
    case.answer(&json!({ "breach.suspected": true }), "2026-11-27T09:00:00Z");
    let then = said(&case, json!({ "DE": 5 }), "2026-11-27T09:10:00Z");
    case.submit(observe("3", then), "2026-11-27T09:10:00Z").expect("a report");
    assert_eq!(case.open(), ["BR"], "the later report of a product ends nothing");
    assert!(case.counsel().expect("it runs").standing.is_open());
    case.answer(&json!({ "people.by-place": { "DE": 5 } }), "2026-11-27T10:00:00Z");
    assert!(case.open().is_empty(), "the word of a person does");
}

#[test]
fn sectors_that_nobody_has_named_set_no_clock_and_those_named_bring_their_regimes_in() {
    let unset = json!({ "organisation.roles": ["controller"], "organisation.places": ["DE"] });
    let mut case = Case::opened(rules(), &unset, Vec::new());
    case.answer(&json!({ "breach.suspected": true }), "2026-11-27T09:00:00Z");
    assert!(case.open().is_empty() && case.counsel().is_none());
    case.answer(&json!({ "organisation.sectors": ["health"] }), "2026-11-27T10:00:00Z");
    assert!(case.open().contains(&"eu.nis2"), "{:?}", case.open());
    assert!(case.counsel().is_some_and(|clock| clock.standing.is_open()));
}
