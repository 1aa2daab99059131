//! What the Indian packs must never ask or say, and that each of their notices can be written.

use crate::RULES;
use std::collections::BTreeSet;
use watchbell::domain::facts::{Book, Claim, Claimant};
use watchbell::domain::ids::{DutyId, IncidentId};
use watchbell::domain::instant::{Zone, parse_rfc3339};
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::pack::{Duty, DutyText};
use watchbell::domain::law::{self, Owed, Rulebook, Status};
use watchbell::domain::notices::{Block, Contact, Draft, DraftMeta, Organisation, Sight, draft, plain_text};

fn duty<'a>(rules: &'a Rulebook, id: &str) -> &'a Duty {
    rules.duty(&DutyId::from(id)).unwrap_or_else(|| panic!("no duty `{id}`")).1
}

fn asked(text: &DutyText) -> BTreeSet<&str> {
    text.contents.iter().flat_map(|element| &element.facts).map(|fact| fact.as_str()).collect()
}

fn facts() -> Vec<(&'static str, serde_json::Value)> {
    use serde_json::json;
    vec![
        ("aware.at", json!("2027-06-07T09:00:00+05:30")),
        ("noticed.at", json!("2027-06-07T08:20:00+05:30")),
        ("event.occurred-at", json!("2027-06-06T23:10:00+05:30")),
        ("event.detected-at", json!("2027-06-07T08:15:00+05:30")),
        ("telecom.aware-at", json!("2027-06-07T08:40:00+05:30")),
        ("breach.nature", json!("A stranger used a stolen password to open the booking system and copied patient records.")),
        ("breach.cause", json!("A password was reused and a second factor was not asked for.")),
        ("breach.location", json!("Booking system bk-2, data centre Mumbai (SECRET-SITE).")),
        ("breach.ongoing", json!(false)),
        ("data.in-words", json!("Your name, telephone number and the date and reason of your visits.")),
        ("data.kinds", json!(["name", "contact", "health"])),
        ("people.total", json!({ "about": 4200 })),
        ("people.children", json!(true)),
        ("consequences.likely", json!("Callers may pretend to be the hospital and ask for payment.")),
        ("measures.taken", json!("We locked the account and changed every password.")),
        ("measures.against-recurrence", json!("A second factor is asked of everybody.")),
        ("steps.for-people", json!("If somebody calls about a visit, hang up and call us on the number below.")),
        ("contact.name", json!("Asha Rao, data protection officer")),
        ("contact.reach", json!("+91 22 5550 0100, privacy@hospital.example")),
        ("dpdp.chronology", json!("6 June 23:10 login; 7 June 08:15 alarm; 7 June 08:50 account locked.")),
        ("intimations.report", json!("4,180 letters sent by e-mail on 8 June; 20 came back.")),
        ("organisation.sectors", json!(["health"])),
        ("cert-in.types", json!(["iii-unauthorised-access", "xi-data-breach"])),
        ("telecom.users-affected", json!(4200)),
        ("telecom.duration", json!("Nine hours.")),
        ("telecom.area", json!("Mumbai circle.")),
        ("telecom.effect", json!("None beyond the booking system.")),
    ]
}

fn book(rules: &Rulebook, facts: &[(&str, serde_json::Value)]) -> Book {
    let at = parse_rfc3339("2027-06-07T12:00:00+05:30").expect("a sound instant");
    let mut book = Book::default();
    for (key, json) in facts {
        let value = rules.vocabulary.read(key, json).unwrap_or_else(|fault| panic!("{fault}"));
        let by = Claimant::Person("Asha Rao".into());
        book.record(Claim::of(*key, Some(value), by, at));
    }
    book
}

fn drafted(rules: &Rulebook, id: &str, facts: &[(&str, serde_json::Value)]) -> (Draft, String) {
    let duty = duty(rules, id);
    let book = book(rules, facts);
    let meta = DraftMeta {
        title: duty.text.title.clone(),
        lang: "en".into(),
        incident: IncidentId::new("inc-0000000000000001"),
        duty: duty.text.id.clone(),
        organisation: Organisation { name: "Sahyadri Hospital Trust".into(), address: Some("12 Hill Road\nPune 411001".into()) },
        contact: Contact::default(),
        addressee: Some(duty.text.addressee.clone()),
        addressee_fact: None,
        late: false,
        zone: Zone::named("Asia/Kolkata").expect("a zone of the database"),
        due: None,
        held: None,
        derivation: Vec::new(),
        not_in_force_until: None,
        not_covered: None,
        answer_for: None,
    };
    let template = duty.template.as_deref().unwrap_or_else(|| panic!("`{id}` has no template"));
    let sight = Sight::of(&book, &rules.vocabulary);
    let draft = draft(template, &duty.text.contents, &sight, &meta).unwrap_or_else(|fault| panic!("{id}: {fault}"));
    let words = draft.blocks.iter().map(words_of).collect::<Vec<_>>().join("\n");
    (draft, words)
}

fn words_of(block: &Block) -> String {
    match block {
        Block::Heading { level, words } => format!("\n{} {}", "#".repeat(usize::from(*level)), plain_text(words)),
        Block::Paragraph(words) => plain_text(words),
        Block::List { items, .. } => {
            items.iter().flatten().map(|block| format!("- {}", words_of(block))).collect::<Vec<_>>().join("\n")
        }
        Block::Table { head, rows } => std::iter::once(head)
            .chain(rows)
            .map(|row| row.iter().map(|cell| plain_text(cell)).collect::<Vec<_>>().join(" | "))
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Field { label, value } => format!("{}: {}", plain_text(label), plain_text(value)),
        Block::Rule => "---".into(),
    }
}

const WITH_NOTICE: [&str; 9] = [
    "in.dpdp.people",
    "in.dpdp.board.first",
    "in.dpdp.board.detailed",
    "in.cert_in.report",
    "in.telecom.report.first",
    "in.telecom.report.detailed",
    "in.telecom.report.critical",
    "in.insurance.report.first",
    "in.insurance.report.detailed",
];

#[test]
fn the_letter_to_the_people_neither_asks_for_nor_tells_the_location() {
    let rules = &*RULES;
    assert!(!asked(&duty(rules, "in.dpdp.people").text).contains("breach.location"));
    let (_, words) = drafted(rules, "in.dpdp.people", &facts());
    assert!(!words.contains("SECRET-SITE"), "{words}");
}

#[test]
fn both_filings_with_the_board_ask_for_the_location() {
    let rules = &*RULES;
    for id in ["in.dpdp.board.first", "in.dpdp.board.detailed"] {
        assert!(asked(&duty(rules, id).text).contains("breach.location"), "{id}");
        assert!(drafted(rules, id, &facts()).1.contains("SECRET-SITE"), "{id}");
    }
}

#[test]
fn the_detailed_report_cannot_be_complete_without_the_report_on_the_letters() {
    let rules = &*RULES;
    let without: Vec<_> = facts().into_iter().filter(|(key, _)| *key != "intimations.report").collect();
    let (draft, words) = drafted(rules, "in.dpdp.board.detailed", &without);
    let holes: Vec<_> = draft.gaps.iter().filter(|gap| gap.is_hole()).filter_map(|gap| gap.element.as_deref()).collect();
    assert!(holes.contains(&"vi-intimations"), "{holes:?}\n{words}");
}

#[test]
fn a_letter_about_a_child_is_addressed_to_the_parent_or_guardian() {
    let rules = &*RULES;
    let (_, words) = drafted(rules, "in.dpdp.people", &facts());
    assert!(words.contains("We write to you as the parent or lawful guardian"), "{words}");
    let adults: Vec<_> = facts().into_iter().filter(|(key, _)| *key != "people.children").collect();
    assert!(!drafted(rules, "in.dpdp.people", &adults).1.contains("We write to you as the parent"));
}

#[test]
fn with_the_facts_at_hand_no_notice_has_a_hole_the_law_minds() {
    let rules = &*RULES;
    for id in WITH_NOTICE {
        let (draft, words) = drafted(rules, id, &facts());
        println!("\n════ {id}\n{words}");
        assert!(draft.unplaced.is_empty(), "{id} leaves out {:?}", draft.unplaced);
        let must = draft.gaps.iter().filter(|gap| gap.is_hole() && gap.need == watchbell::domain::notices::Need::Must);
        let must: Vec<_> = must.map(|gap| gap.says.as_str()).collect();
        assert!(must.is_empty(), "{id} lacks {must:?}\n{words}");
    }
}

#[test]
fn with_nothing_known_every_notice_still_lists_every_element() {
    let rules = &*RULES;
    for id in WITH_NOTICE {
        let (draft, _) = drafted(rules, id, &[]);
        let listed: BTreeSet<_> = draft.gaps.iter().filter_map(|gap| gap.element.as_deref()).collect();
        let asked: BTreeSet<_> = duty(rules, id).text.contents.iter().map(|element| element.id.as_str()).collect();
        assert_eq!(listed, asked, "{id}");
    }
}

#[test]
fn no_indian_statement_of_law_claims_to_have_been_read_in_the_official_text() {
    let rules = &*RULES;
    for (pack, duty) in rules.duties().filter(|(pack, _)| pack.head.place == "IN") {
        let text = &duty.text;
        let marks = std::iter::once(text.verification)
            .chain(text.due.iter().map(|due| due.verification))
            .chain(text.exceptions.iter().map(|exception| exception.verification))
            .chain(pack.head.terms.iter().map(|term| term.verification))
            .chain(pack.head.sources.iter().map(|source| source.verification));
        for mark in marks {
            assert_ne!(mark, watchbell::domain::law::Verification::Official, "{}", text.id);
        }
    }
}

#[test]
fn rule_seven_is_enacted_and_not_in_force() {
    let rules = &*RULES;
    for id in ["in.dpdp.people", "in.dpdp.board.first", "in.dpdp.board.detailed"] {
        let force = &duty(rules, id).text.force;
        assert_eq!(force.status, Status::Enacted, "{id}");
        assert_eq!(force.from.map(|day| day.to_string()).as_deref(), Some("2027-05-13"), "{id}");
        assert_eq!(force.from_latest.map(|day| day.to_string()).as_deref(), Some("2027-05-14"), "{id}");
    }
}

/// Whom India's sector laws bind, with what would bring each of their duties.
fn houses() -> Vec<Vec<(&'static str, serde_json::Value)>> {
    use serde_json::json;
    let sectors = ["banking", "payment", "lending", "securities", "insurance", "telecom"];
    let kinds = [
        "commercial-bank",
        "regional-rural-bank",
        "nbfc",
        "housing-finance-company",
        "all-india-financial-institution",
        "credit-information-company",
    ];
    let kind = |kind: &str| vec![("banking.kind", json!(kind))];
    let mut houses: Vec<_> = kinds.iter().map(|name| kind(name)).collect();
    houses.push(vec![("organisation.sectors", json!(sectors)), ("organisation.ifsca", json!("also"))]);
    houses
}

/// For each duty of India that asks for no data about people: what becomes of it at every house, on these facts.
fn outcomes(said: &[(&'static str, serde_json::Value)]) -> Vec<(DutyId, Owed)> {
    use serde_json::json;
    let rules = &*RULES;
    let at = parse_rfc3339("2026-12-01T10:00:00+05:30").expect("a sound instant");
    let mut found = Vec::new();
    for mut facts in houses() {
        let noticed = json!("2026-12-01T09:00:00+05:30");
        facts.extend([("organisation.places", json!(["IN"])), ("noticed.at", noticed.clone()), ("incident.cyber", json!(true))]);
        facts.extend([("insurance.new-information-at", noticed.clone()), ("event.detected-at", noticed)]);
        facts.extend(said.iter().cloned());
        let book = book(rules, &facts);
        let sight = law::Sight::new(&rules.vocabulary, &book);
        let zone = Zone::named("Asia/Kolkata").expect("a zone of the database");
        for (pack, duty) in rules.duties().filter(|(pack, _)| pack.head.place == "IN" && pack.head.id.as_str() != "in-dpdp") {
            let under = Circumstances { sight: &sight, zone, at, holds: &[] };
            found.push((duty.text.id.clone(), assess(duty, pack, rules, &under).owed));
        }
    }
    found
}

#[test]
fn a_no_about_data_on_people_ends_no_duty_that_asks_for_none() {
    use serde_json::json;
    let nos = [
        vec![("breach.suspected", json!(false))],
        vec![("breach.personal-data", json!(false))],
        vec![("breach.suspected", json!(false)), ("breach.personal-data", json!(false))],
    ];
    for no in nos {
        let outcomes = outcomes(&no);
        let ended: Vec<_> = outcomes.iter().filter(|(_, owed)| *owed == Owed::NotOwed).map(|(id, _)| id.as_str()).collect();
        let lifted = ["in.banking.report"];
        assert!(
            ended.iter().all(|id| lifted.contains(id)) && ended.len() <= 1,
            "{no:?}: {ended:?}, but for a bank of no paragraph"
        );
        let ring: BTreeSet<_> = outcomes.iter().filter(|(_, owed)| *owed == Owed::Open).map(|(id, _)| id.as_str()).collect();
        let all: BTreeSet<_> = outcomes.iter().map(|(id, _)| id.as_str()).collect();
        let silent: Vec<_> = all.difference(&ring).copied().collect();
        assert_eq!(silent, ["in.banking.report.unusual"], "{no:?}: the framework of 2016 ended before");
    }
}

#[test]
fn while_nobody_has_looked_no_duty_of_india_rings() {
    let rings: Vec<_> = outcomes(&[]).into_iter().filter(|(_, owed)| matches!(owed, Owed::Open | Owed::Owed)).collect();
    assert!(rings.is_empty(), "{rings:?}");
}
