//! Several organisations in one incident, each with what it knows and judges.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::LazyLock;
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::{IncidentId, OrganisationId};
use watchbell::domain::incident::{
    ClockKey, ClockLaw, Command, House, Incident, Moment, Opened, Opening, Profile, Received, Refusal, Word, decide,
};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::Rulebook;
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).expect("the built-in rules are sound"));
static HOUSE: LazyLock<House> = LazyLock::new(House::default);

fn now() -> Instant {
    parse_rfc3339("2026-11-21T12:00:00Z").expect("an instant")
}

fn claim(key: &str, value: &Json, by: Claimant, of: Option<&str>) -> Claim {
    Claim {
        ground: Some("as found".into()),
        organisations: of.map(OrganisationId::from).into_iter().collect(),
        ..Claim::of(key, Some(RULES.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"))), by, now())
    }
}

fn profile(role: &str) -> Profile {
    let facts = [
        ("organisation.roles", json!([role])),
        ("organisation.places", json!(["US"])),
        ("organisation.offers-to", json!(["US"])),
    ];
    let policy = || Claimant::Policy("config".into());
    let claims = facts.iter().map(|(key, value)| claim(key, value, policy(), None)).collect();
    Profile { name: role.into(), zone: Zone::named("America/New_York").expect("a zone"), claims }
}

fn opened(name: &str, organisations: &[(&str, &str)]) -> Incident {
    let opened = Opened {
        title: format!("incident {name}"),
        severity: "high".into(),
        kind: "breach-report".into(),
        source: "native".into(),
        external_id: name.into(),
        organisations: organisations.iter().map(|(id, role)| ((*id).into(), profile(role).into())).collect(),
    };
    let received_at = claim("event.received-at", &json!(rfc3339(now())), Claimant::Product("native".into()), None);
    let received = Received { external_id: Some(name.to_owned()), ..Received::of("native", format!("{name}/0")) };
    let opening = Opening { opened, received, claims: vec![received_at] };
    let moment = Moment { now: now(), rulebook: &RULES, house: &HOUSE };
    let id = IncidentId::new(format!("inc-{name}"));
    decide(&id, None, Command::Open(Box::new(opening)), &moment).expect("it opens").incident.expect("it is there")
}

fn submit(incident: &Incident, command: Command, minutes: i64) -> Result<Incident, Refusal> {
    let now = now() + Duration::minutes(minutes);
    let decided = decide(&incident.id, Some(incident), command, &Moment { now, rulebook: &RULES, house: &HOUSE })?;
    Ok(decided.incident.unwrap_or_else(|| incident.clone()))
}

fn answer(incident: &Incident, facts: &[(&str, Json)], of: Option<&str>) -> Incident {
    let claims = facts.iter().map(|(key, value)| claim(key, value, Claimant::Person("Counsel".into()), of)).collect();
    submit(incident, Command::Answer { claims }, 1).unwrap_or_else(|refusal| panic!("{refusal}"))
}

const HOSPITAL_AND_VENDOR: [(&str, &str); 2] = [("hosp", "covered-entity"), ("vendor", "business-associate")];

/// A breach of which the vendor learnt on 1 October and told the hospital on 20 November.
fn told_late() -> Incident {
    let of_all = [
        ("breach.suspected", json!(true)),
        ("breach.personal-data", json!(true)),
        ("hipaa.phi", json!(true)),
        ("hipaa.impermissible", json!(true)),
        ("people.total", json!(900)),
    ];
    let incident = answer(&opened("two", &HOSPITAL_AND_VENDOR), &of_all, None);
    answer(&incident, &[("hipaa.discovered-at", json!("2026-10-01T12:00:00Z"))], Some("vendor"))
}

fn limit(incident: &Incident, duty: &str, organisation: &str) -> String {
    let law = &incident.clocks[&ClockKey::of(duty, organisation)].law;
    Zone::named("America/New_York").expect("a zone").date_of(law.limit().expect("a limit")).to_string()
}

fn laws(incident: &Incident, organisation: &str) -> Vec<(ClockKey, ClockLaw)> {
    let clocks =
        incident.clocks.iter().filter(|(key, clock)| key.organisation.as_str() == organisation && clock.standing.is_open());
    clocks.map(|(key, clock)| (key.clone(), (*clock.law).clone())).collect()
}

#[test]
fn the_hospitals_own_discovery_moves_no_limit_of_the_vendor() {
    let mut incident = told_late();
    assert_eq!(limit(&incident, "us.hipaa.covered_entity", "vendor"), "2026-11-30");
    let told = [("hipaa.contractor-told-us-at", json!("2026-11-20T15:00:00Z"))];
    incident = answer(&incident, &told, Some("hosp"));
    assert_eq!(limit(&incident, "us.hipaa.individuals", "hosp"), "2027-01-19");
    incident = answer(&incident, &[("hipaa.discovered-at", json!("2026-11-20T15:00:00Z"))], Some("hosp"));
    assert_eq!(limit(&incident, "us.hipaa.covered_entity", "vendor"), "2026-11-30");
    assert_eq!(limit(&incident, "us.hipaa.individuals", "hosp"), "2027-01-19");
}

#[test]
fn an_answer_of_no_organisation_counts_for_each_until_one_is_answered_apart() {
    let discovered = |at: &str| [("hipaa.discovered-at", json!(at))];
    let mut incident = answer(&told_late(), &discovered("2026-11-10T12:00:00Z"), None);
    assert_eq!(limit(&incident, "us.hipaa.covered_entity", "vendor"), "2026-11-30", "it was answered apart");
    assert_eq!(limit(&incident, "us.hipaa.individuals", "hosp"), "2027-01-09", "it has no word of its own");
    incident = answer(&incident, &discovered("2026-11-20T15:00:00Z"), Some("hosp"));
    assert_eq!(limit(&incident, "us.hipaa.individuals", "hosp"), "2027-01-19");
}

#[test]
fn a_word_that_names_neither_organisation_nor_group_is_refused_with_those_there_are() {
    let incident = told_late();
    let say = |key: &str, value: Json, of: Option<&str>| {
        let mut said = claim(key.split('@').next().expect("a key"), &value, Claimant::Person("Counsel".into()), of);
        said.key = key.into();
        submit(&incident, Command::Answer { claims: vec![said] }, 2)
    };
    let refused = |result: Result<Incident, Refusal>| result.expect_err("it is refused").to_string();
    let moment = json!("2026-11-20T15:00:00Z");
    let stranger = refused(say("hipaa.discovered-at", moment.clone(), Some("hops")));
    assert_eq!(stranger, "this incident does not concern an organisation `hops`; it concerns hosp, vendor");
    let nobody = refused(say("people.total@staff", json!(3), None));
    assert!(nobody.contains("`staff`") && nobody.contains("it concerns hosp, vendor; no group is on record"), "{nobody}");
    let both = refused(say("people.cohorts", json!(["hosp"]), None));
    assert!(both.starts_with("`hosp` is an organisation"), "{both}");
    let written = say("hipaa.discovered-at@hosp", moment.clone(), None).expect("it names an organisation");
    let apart = say("hipaa.discovered-at", moment, Some("hosp")).expect("it names an organisation");
    assert!(written.book == apart.book, "the two ways of writing say the same");
}

#[test]
fn a_merge_with_an_incident_of_one_organisation_says_nothing_of_the_other() {
    let of_hospital = answer(
        &opened("one", &HOSPITAL_AND_VENDOR[..1]),
        &[("breach.suspected", json!(true)), ("hipaa.discovered-at", json!("2026-11-20T15:00:00Z"))],
        None,
    );
    let before = told_late();
    let word = Word { by: "Ada".into(), because: "the same host".into() };
    let merged = submit(&before, Command::TakeIn { other: of_hospital.into(), word }, 5).expect("it takes it in");
    assert_eq!(limit(&merged, "us.hipaa.covered_entity", "vendor"), "2026-11-30");
    let discovered = |id: &str| merged.book.standing_for(&id.into(), "hipaa.discovered-at").value().map(ToString::to_string);
    assert!(discovered("hosp").is_some_and(|at| at.starts_with("2026-11-20")));
    assert!(discovered("vendor").is_some_and(|at| at.starts_with("2026-10-01")));
}

fn fact() -> impl Strategy<Value = (&'static str, Json)> {
    let day = (1_u32..20).prop_map(|day| json!(format!("2026-11-{day:02}T12:00:00Z")));
    let yes_no = any::<bool>().prop_map(Json::Bool);
    let role = prop_oneof![Just(json!(["controller"])), Just(json!(["processor"])), Just(json!(["covered-entity"]))];
    prop_oneof![
        (prop_oneof![Just("hipaa.discovered-at"), Just("aware.at"), Just("hipaa.contractor-told-us-at")], day),
        (prop_oneof![Just("breach.suspected"), Just("breach.personal-data"), Just("hipaa.phi")], yes_no),
        (Just("organisation.roles"), role),
        (Just("people.total"), (0_u32..2000).prop_map(|count| json!(count))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_answer_for_one_organisation_changes_no_clock_of_another(
        facts in proptest::collection::vec(fact(), 1..4),
        of_hospital in any::<bool>(),
    ) {
        let (of, other) = if of_hospital { ("hosp", "vendor") } else { ("vendor", "hosp") };
        let before = told_late();
        let after = facts.iter().fold(before.clone(), |incident, fact| answer(&incident, std::slice::from_ref(fact), Some(of)));
        prop_assert!(after.book.len() > before.book.len() || before.book == after.book);
        prop_assert_eq!(laws(&before, other), laws(&after, other));
    }
}

#[test]
fn a_draft_says_of_which_organisation_its_gaps_are_to_be_answered() {
    let how = |incident: &Incident, organisation: &str| -> Vec<String> {
        let mut how = Vec::new();
        for key in incident.clocks.keys().filter(|key| key.organisation.as_str() == organisation) {
            let Some(draft) = incident.draft(key, &RULES) else { continue };
            how.extend(draft.expect("it can be drafted").gaps.into_iter().flat_map(|gap| gap.how));
        }
        assert!(!how.is_empty(), "{organisation} has gaps");
        how
    };
    let two = told_late();
    for organisation in ["hosp", "vendor"] {
        let mut of_each = 0;
        for command in how(&two, organisation) {
            let key = command.split_whitespace().nth(3).and_then(|word| word.split('=').next()).expect("a key");
            let entry = RULES.vocabulary.get(key).unwrap_or_else(|| panic!("`{key}` in `{command}`"));
            let says = command.contains(&format!(" --for {organisation}"));
            assert_eq!(says, entry.is_of_each_organisation(), "{command}");
            of_each += usize::from(says);
        }
        assert!(of_each > 0, "{organisation} is asked for something of its own");
    }
    let one = answer(&opened("one", &HOSPITAL_AND_VENDOR[..1]), &[("breach.suspected", json!(true))], None);
    assert!(how(&one, "hosp").iter().all(|command| !command.contains("--for")), "one organisation needs no name");
}
