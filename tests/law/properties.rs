//! What must hold for any facts: unknown is not no, order is nothing, and only people end a clock.

use crate::RULES;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use watchbell::domain::facts::{Book, Claim, Claimant, FactEntry, FactType};
use watchbell::domain::ids::{DutyId, FactKey, IncidentId};
use watchbell::domain::incident::{Command, House, Incident, Moment, Opened, Opening, Profile, Received, Standing, decide};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::evaluate::evaluate;
use watchbell::domain::law::what_if::Inquiry;
use watchbell::domain::law::{Condition, Duty, Mode, Owed, Pack, Sight, Truth};

/// Questions whose silence is an answer (`said`, `unanswered`), and the moments that settle a start: a pack asks these on
/// purpose in two values, and a start that moves may lead out of the law's time. They are the same in both of two worlds.
static SETTLED: LazyLock<BTreeSet<FactKey>> = LazyLock::new(|| {
    let mut settled = BTreeSet::new();
    for (pack, duty) in RULES.duties() {
        settled.extend(duty.text.start.facts.iter().cloned());
        for condition in conditions(pack, duty) {
            condition.walk(&mut |part| {
                if let Condition::Said(fact) | Condition::Unanswered(fact) = part {
                    settled.insert(fact.clone());
                }
            });
        }
    }
    settled
});

/// Every condition of a duty, and the notions of its pack.
fn conditions<'a>(pack: &'a Pack, duty: &'a Duty) -> Vec<&'a Condition> {
    let text = &duty.text;
    let mut all = vec![&text.binds, &text.arises];
    all.extend(text.exceptions.iter().map(|exception| &exception.when));
    all.extend(text.due.iter().filter_map(|due| due.when.as_ref()));
    all.extend(pack.head.terms.iter().map(|term| &term.when));
    all
}

const PLACES: [&str; 9] = ["US", "US-OH", "US-TX", "PR", "DE", "FR", "GB", "IN", "SG"];

fn instant() -> impl Strategy<Value = Json> {
    let first = parse_rfc3339("2024-06-01T00:00:00Z").expect("an instant");
    (0..60 * 24 * 1100_i64).prop_map(move |minutes| json!(rfc3339(first + Duration::minutes(minutes))))
}

fn places() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(&PLACES[..], 0..4)
}

/// A value of a type.
fn value(kind: &FactType) -> BoxedStrategy<Json> {
    match kind {
        FactType::YesNo => any::<bool>().prop_map(|yes| json!(yes)).boxed(),
        FactType::Count => prop_oneof![
            (0..1200_u64).prop_map(|number| json!(number)),
            (0..1200_u64).prop_map(|number| json!({ "about": number })),
        ]
        .boxed(),
        FactType::Instant => instant().boxed(),
        FactType::Date => {
            (0..1200_i64).prop_map(|day| json!(format!("20{:02}-0{}-1{}", 20 + day % 9, 1 + day % 9, day % 9))).boxed()
        }
        FactType::Text => prop_oneof![Just(json!("words")), Just(json!(""))].boxed(),
        FactType::OneOf(words) => prop::sample::select(words.clone()).prop_map(|word| json!(word)).boxed(),
        FactType::AnyOf(words) => {
            prop::sample::subsequence(words.clone(), 0..=words.len().min(3)).prop_map(|words| json!(words)).boxed()
        }
        FactType::Names => {
            prop::sample::subsequence(&["staff", "patients", "DE-BY"][..], 0..3).prop_map(|words| json!(words)).boxed()
        }
        FactType::Parties => {
            let parties = &["North <a@north.example>", "South", "East <+1 555 0100>"][..];
            prop::sample::subsequence(parties, 0..3).prop_map(|words| json!(words)).boxed()
        }
        FactType::CountByPlace => prop::collection::btree_map(prop::sample::select(&PLACES[..]), 0..900_u64, 0..4)
            .prop_map(|places| json!(places))
            .boxed(),
        FactType::Places => places().prop_map(|places| json!(places)).boxed(),
        FactType::Zone => {
            prop::sample::select(&["Asia/Kolkata", "Europe/Berlin", "America/New_York"][..]).prop_map(|zone| json!(zone)).boxed()
        }
    }
}

/// A value of a fact: of its type, and from its list where it has one.
fn value_of(entry: &FactEntry) -> BoxedStrategy<Json> {
    if entry.listed_in.is_some() {
        return prop::sample::subsequence(&["FR", "DE-BE", "LT"][..], 0..3).prop_map(|words| json!(words)).boxed();
    }
    value(&entry.kind)
}

/// The facts there are; one that is said of each place is said of one that no pack covers.
fn entries() -> impl Iterator<Item = FactEntry> {
    RULES.vocabulary.iter().map(|entry| match entry.of_each_subject {
        true => FactEntry { key: FactKey::new(format!("{}.US-TX", entry.key)), ..entry.clone() },
        false => entry.clone(),
    })
}

/// In which of two worlds a fact is known.
#[derive(Clone, Copy, Debug, PartialEq)]
enum In {
    Neither,
    Later,
    Both,
}

/// One fact, and in which of two worlds it is known. Of some facts few values are drawn, so that duties are met often.
fn fact(entry: &FactEntry) -> BoxedStrategy<(FactKey, Json, In)> {
    let key = entry.key.clone();
    let telling: BoxedStrategy<In> = if SETTLED.contains(&key) {
        prop_oneof![4 => Just(In::Both), 1 => Just(In::Neither)].boxed()
    } else {
        prop_oneof![3 => Just(In::Both), 3 => Just(In::Later), 1 => Just(In::Neither)].boxed()
    };
    let value = match key.as_str() {
        "breach.suspected" | "breach.personal-data" | "incident.cyber" => {
            Union::new_weighted(vec![(6, Just(json!(true)).boxed()), (1, Just(json!(false)).boxed())]).boxed()
        }
        _ => value_of(entry),
    };
    (Just(key), value, telling).boxed()
}

/// What is known first, and what is known later: the same and more. Counts do not contradict their parts.
fn two_worlds() -> impl Strategy<Value = (BTreeMap<FactKey, Json>, BTreeMap<FactKey, Json>)> {
    let facts: Vec<_> = entries().map(|entry| fact(&entry)).collect();
    facts.prop_map(|facts| {
        let mut later: BTreeMap<FactKey, Json> = facts
            .iter()
            .filter(|(.., known)| *known != In::Neither)
            .map(|(key, value, _)| (key.clone(), value.clone()))
            .collect();
        for (entry, parts) in RULES.vocabulary.iter().filter_map(|entry| Some((entry, entry.at_least_sum_of.as_ref()?))) {
            let places = later.get(parts).and_then(Json::as_object).cloned().unwrap_or_default();
            let sum: u64 = places.values().filter_map(Json::as_u64).sum();
            if let Some(total) = later.get_mut(&entry.key) {
                let number = total.as_u64().or(total["about"].as_u64()).unwrap_or_default();
                *total = json!(number.max(sum));
            }
        }
        let both: BTreeSet<&FactKey> = facts.iter().filter(|(.., known)| *known == In::Both).map(|(key, ..)| key).collect();
        let first = later.iter().filter(|(key, _)| both.contains(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        (first, later)
    })
}

fn now() -> Instant {
    parse_rfc3339("2027-06-15T12:00:00Z").expect("an instant")
}

fn claim(key: &FactKey, value: &Json, by: Claimant, at: Instant) -> Claim {
    let value = RULES.vocabulary.read(key.as_str(), value).unwrap_or_else(|fault| panic!("{fault}"));
    let ground = Some("as found".to_owned());
    Claim { ground, ..Claim::of(key.clone(), Some(value), by, at) }
}

fn book(facts: &BTreeMap<FactKey, Json>) -> Book {
    let mut book = Book::default();
    for (key, value) in facts {
        book.record(claim(key, value, Claimant::Person("Ada".into()), now()));
    }
    book
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decided_on_some_facts_stays_so_on_more((first, later) in two_worlds()) {
        let (first, later) = (book(&first), book(&later));
        let (first, later) = (Sight::new(&RULES.vocabulary, &first), Sight::new(&RULES.vocabulary, &later));
        for (pack, duty) in RULES.duties() {
            for condition in conditions(pack, duty) {
                let (before, after) = (evaluate(condition, pack, &first), evaluate(condition, pack, &later));
                prop_assert!(
                    before.truth == Truth::Open || before.truth == after.truth,
                    "{}: {condition:?}\n{:?}\n{:?}", duty.text.id, before.reasons(), after.reasons()
                );
                prop_assert_eq!(before.truth == Truth::Open, !before.missing().is_empty(), "{}: {:?}", duty.text.id, condition);
            }
        }
    }

    #[test]
    fn no_duty_is_ruled_out_that_more_facts_could_make_owed((first, later) in two_worlds()) {
        let (first, later) = (book(&first), book(&later));
        let (first, later) = (Sight::new(&RULES.vocabulary, &first), Sight::new(&RULES.vocabulary, &later));
        for (pack, duty) in RULES.duties() {
            let under = |sight: &Sight<'_>| {
                let at = Circumstances { sight, zone: Zone::UTC, at: now(), holds: &[] };
                let assessment = assess(duty, pack, &RULES, &at);
                (matches!(assessment.owed, Owed::Open | Owed::Owed), assessment.deadlines.is_some(), assessment.reasons())
            };
            let (before, after) = (under(&first), under(&later));
            prop_assert!(before.0 || !after.0, "{}\n{:#?}\n{:#?}", duty.text.id, before.2, after.2);
            prop_assert_eq!(after.0, after.1, "{}: a duty runs just when it has deadlines", duty.text.id);
        }
    }

    #[test]
    fn an_assessment_is_a_function_of_facts_law_and_instant((_, facts) in two_worlds()) {
        let question = json!({ "at": rfc3339(now()), "facts": facts }).to_string();
        let mut inquiry = Inquiry::of(&RULES, now() + Duration::days(1));
        (inquiry.all, inquiry.derived) = (true, true);
        let answer = || {
            let mut written = Vec::new();
            inquiry.answer(&inquiry.read(&question).expect("the facts are read")).write_json(&mut written);
            String::from_utf8(written).expect("JSON is UTF-8")
        };
        let first = answer();
        prop_assert_eq!(&first, &answer());
        prop_assert!(serde_json::from_str::<Json>(&first).is_ok(), "{}", first);
    }

    #[test]
    fn no_order_of_claims_changes_the_outcome((facts, order, by) in stories()) {
        let told = |order: &[usize]| {
            let mut book = Book::default();
            for index in order {
                let (key, value, minutes) = &facts[*index];
                book.record(claim(key, value, claimant(by[*index]), now() + Duration::minutes(*minutes)));
            }
            let sight = Sight::new(&RULES.vocabulary, &book);
            let at = Circumstances { sight: &sight, zone: Zone::UTC, at: now(), holds: &[] };
            let outcomes = RULES.duties().map(|(pack, duty)| {
                let assessment = assess(duty, pack, &RULES, &at);
                let deadlines = assessment.deadlines.as_ref().map(|reckoning| reckoning.recorded());
                (assessment.owed, assessment.start.recorded(), deadlines, assessment.reasons(), assessment.decided_by())
            });
            outcomes.collect::<Vec<_>>()
        };
        let as_recorded: Vec<usize> = (0..facts.len()).collect();
        prop_assert_eq!(told(&as_recorded), told(&order));
    }
}

/// Claims of several mouths, several a fact, and another order of them.
type Story = (Vec<(FactKey, Json, i64)>, Vec<usize>, Vec<u8>);

fn stories() -> impl Strategy<Value = Story> {
    let claims: Vec<_> = entries().map(|entry| (Just(entry.key.clone()), value_of(&entry), 0..3_i64)).collect();
    let claims = prop::sample::select((0..claims.len()).collect::<Vec<_>>())
        .prop_flat_map(move |index| claims[index].clone())
        .prop_map(|(key, value, minutes)| (key, value, minutes));
    prop::collection::vec(claims, 1..60).prop_flat_map(|claims| {
        let order: Vec<usize> = (0..claims.len()).collect();
        let by = prop::collection::vec(0..5_u8, claims.len());
        (Just(claims), Just(order).prop_shuffle(), by)
    })
}

fn claimant(number: u8) -> Claimant {
    match number {
        0 => Claimant::Product("wazuh".into()),
        1 => Claimant::Product("splunk".into()),
        2 => Claimant::Policy("config".into()),
        3 => Claimant::Person("Ada".into()),
        _ => Claimant::Person("Ben".into()),
    }
}

// ── an incident as the daemon decides it ─────────────────────────────────────

fn moment<'a>(now: Instant, house: &'a House) -> Moment<'a> {
    Moment { now, rulebook: &RULES, house }
}

fn received(update: &str) -> Received {
    Received { status: Some("resolved".into()), ..Received::of("wazuh", update) }
}

/// An incident opened by a product that claims nothing, of an organisation that says everything of itself.
fn opened(profile: &BTreeMap<FactKey, Json>, house: &House) -> Incident {
    let of_organisation = |key: &&FactKey| RULES.vocabulary.get(key.as_str()).is_some_and(|entry| entry.of_organisation);
    let said = profile.keys().filter(of_organisation);
    let claims = said.map(|key| claim(key, &profile[key], Claimant::Policy("config".into()), now())).collect();
    let profile = Profile { name: "Mercy".into(), zone: Zone::UTC, claims };
    let opened = Opened {
        title: "an alert".into(),
        severity: "high".into(),
        kind: "security-alert".into(),
        source: "wazuh".into(),
        external_id: "1".into(),
        organisations: BTreeMap::from([("mercy".into(), profile.into())]),
    };
    let opening = Opening { opened, received: received("1"), claims: Vec::new() };
    let id = IncidentId::from("inc-0123456789abcdef");
    decide(&id, None, Command::Open(Box::new(opening)), &moment(now(), house)).expect("it opens").incident.expect("it is there")
}

fn told(incident: &Incident, command: Command, now: Instant, house: &House) -> Incident {
    let decision = decide(&incident.id, Some(incident), command, &moment(now, house)).expect("nobody refuses facts");
    decision.incident.unwrap_or_else(|| incident.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_product_ends_a_clock_whatever_it_claims((answers, claimed) in (two_worlds(), two_worlds())) {
        let house = House::default();
        let incident = opened(&answers.1, &house);
        let by_person = answers.0.iter().map(|(key, value)| claim(key, value, Claimant::Person("Ada".into()), now()));
        let before = told(&incident, Command::Answer { claims: by_person.collect() }, now(), &house);
        let later = now() + Duration::hours(1);
        let judged = |key: &&FactKey| RULES.vocabulary.get(key.as_str()).is_some_and(|entry| entry.judgement);
        let by_product = claimed.1.keys().filter(|key| !judged(key));
        let by_product = by_product.map(|key| claim(key, &claimed.1[key], Claimant::Product("wazuh".into()), later)).collect();
        let after = told(&before, Command::Observe { received: received("2"), claims: by_product }, later, &house);
        for (key, clock) in before.clocks.iter().filter(|(_, clock)| clock.standing.is_open()) {
            let still = &after.clocks[key];
            // A clock for all may give way to one for each of those who are named.
            let divided = after.clocks.keys().any(|other| other.duty == key.duty && other.target.is_some() && key.target.is_none());
            prop_assert!(
                still.standing.is_open() || clock.law.mode == Mode::Policy || divided,
                "{key} ended: {:?}", after.nothing_owed.get(key)
            );
        }
    }

    #[test]
    fn a_clock_that_people_end_ends_with_a_name_a_ground_and_a_citation((first, later) in two_worlds()) {
        let house = House::default();
        let incident = opened(&first, &house);
        let answers = |facts: &BTreeMap<FactKey, Json>, at| {
            let claims = facts.iter().map(|(key, value)| claim(key, value, Claimant::Person("Ada".into()), at));
            Command::Answer { claims: claims.collect() }
        };
        let before = told(&incident, answers(&first, now()), now(), &house);
        let at = now() + Duration::hours(1);
        let after = told(&before, answers(&later, at), at, &house);
        for (key, _) in before.clocks.iter().filter(|(_, clock)| clock.standing.is_open()) {
            let still = &after.clocks[key];
            if still.standing == Standing::Void {
                let why = after.nothing_owed.get(key).expect("what ends has a record");
                prop_assert!(!why.ground.is_empty() && !why.cite.is_empty(), "{key}: {why:?}");
                prop_assert!(!why.by.is_empty() || why.ground.starts_with("replaced by"), "{key}: {why:?}");
            } else {
                prop_assert!(still.standing.is_open() || still.met.is_some(), "{key}: {:?}", still.standing);
            }
        }
    }
}

#[test]
fn a_start_that_nobody_has_settled_puts_no_duty_out_of_time() {
    // Seen in the last days before the duty became law; when the organisation became aware, nobody has said.
    let duty = DutyId::from("eu.gdpr.art33.authority");
    let answer = |facts: Json| {
        let inquiry = Inquiry::of(&RULES, now());
        let question = inquiry.read(&facts.to_string()).expect("the facts are read");
        let answer = inquiry.answer(&question);
        answer.duties.iter().any(|judged| judged.assessment.duty.text.id == duty)
    };
    let mut facts = json!({
        "organisation.roles": ["controller"], "organisation.places": ["DE"], "organisation.zone": "Europe/Berlin",
        "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true,
        "event.detected-at": "2018-05-20T12:00:00+02:00",
    });
    assert!(answer(facts.clone()), "it may have become aware when the duty was law");
    facts["aware.at"] = json!("2018-05-24T12:00:00+02:00");
    assert!(!answer(facts.clone()), "it became aware before the duty was law");
    facts["aware.at"] = json!("2018-05-26T12:00:00+02:00");
    assert!(answer(facts), "it became aware when the duty was law");
}
