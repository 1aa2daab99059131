//! In which order an incident asks: what decides whether anything is owed comes first, rehearsals come last.

use serde_json::json;
use std::collections::BTreeMap;
use watchbell::domain::board::{Question, questions};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{Command, House, Moment, Opened, Opening, Profile, Received, decide};
use watchbell::domain::instant::{Instant, Zone, parse_rfc3339};
use watchbell::domain::law::Rulebook;
use watchbell::shell::rulebook;

fn claims(rulebook: &Rulebook, facts: &serde_json::Value, by: &Claimant, at: Instant) -> Vec<Claim> {
    let facts = facts.as_object().expect("an object");
    let claim = |(key, value): (&String, &serde_json::Value)| Claim {
        ground: Some("the log of the shift".into()),
        ..Claim::of(
            key.as_str(),
            Some(rulebook.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"))),
            by.clone(),
            at,
        )
    };
    facts.iter().map(claim).collect()
}

/// What a hospital of Germany, Ohio and India is still asked once a leak of health data is known.
fn asked() -> Vec<Question> {
    let rulebook = rulebook::load(None).expect("sound rules");
    let now = parse_rfc3339("2026-11-21T03:00:00Z").expect("an instant");
    let profile = json!({
        "organisation.roles": ["controller", "covered-entity", "data-fiduciary"],
        "organisation.places": ["US", "DE"],
        "organisation.offers-to": ["US", "DE", "IN"],
    });
    let facts = json!({
        "event.received-at": "2026-11-21T02:00:00Z", "aware.at": "2026-11-21T02:30:00Z", "noticed.at": "2026-11-21T02:10:00Z",
        "hipaa.discovered-at": "2026-11-21T02:10:00Z", "breach.suspected": true, "incident.cyber": true,
        "breach.personal-data": true, "breach.security-failed": true, "breach.kinds": ["confidentiality"],
        "hipaa.phi": true, "hipaa.impermissible": true, "people.by-place": { "DE": 1200, "US-OH": 8400, "IN": 310 },
    });
    let (policy, person) = (Claimant::Policy("organisation mercy".into()), Claimant::Person("Ada Keller".into()));
    let profile = Profile {
        name: "Mercy".into(),
        zone: Zone::named("America/New_York").expect("a zone"),
        claims: claims(&rulebook, &profile, &policy, now).into_iter().collect(),
    };
    let opened = Opened {
        title: "files encrypted".into(),
        severity: "high".into(),
        kind: "security-alert".into(),
        source: "wazuh".into(),
        external_id: "1".into(),
        organisations: BTreeMap::from([("mercy".into(), profile.into())]),
    };
    let received = Received::of("wazuh", "1");
    let opening = Opening { opened, received, claims: claims(&rulebook, &facts, &person, now) };
    let (id, house) = (IncidentId::from("inc-1"), House::default());
    let moment = Moment { now, rulebook: &rulebook, house: &house };
    let decision = decide(&id, None, Command::Open(Box::new(opening)), &moment).expect("it opens");
    let incident = decision.incident.expect("an incident");
    questions(&incident, &rulebook)
}

fn place(questions: &[Question], key: &str) -> usize {
    let keys: Vec<&str> = questions.iter().map(|question| question.key.as_str()).collect();
    keys.iter().position(|asked| *asked == key).unwrap_or_else(|| panic!("`{key}` is not among {keys:?}"))
}

#[test]
fn what_settles_most_of_what_is_open_is_asked_first_and_rehearsals_last() {
    let questions = asked();
    assert_eq!(questions[0].key, "risk.level", "two duties to tell depend on it");
    assert!(place(&questions, "data.encrypted") < place(&questions, "hipaa.exclusion"), "open before owed");
    assert_eq!(place(&questions, "dpdp.exemption"), questions.len() - 1, "India's Act is not in force yet");
}

#[test]
fn a_question_names_each_duty_it_settles_once_and_is_asked_once() {
    let questions = asked();
    let keys: std::collections::BTreeSet<&str> = questions.iter().map(|question| question.key.as_str()).collect();
    assert_eq!(keys.len(), questions.len());
    let exemption = &questions[place(&questions, "dpdp.exemption")];
    let mut settles = exemption.settles.clone();
    settles.sort();
    settles.dedup();
    assert_eq!(settles, ["in.dpdp.board.detailed", "in.dpdp.board.first", "in.dpdp.people"]);
    assert_eq!(settles.len(), exemption.settles.len());
}
