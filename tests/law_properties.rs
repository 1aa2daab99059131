//! What must hold of the law in force here whatever the facts are.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use watchbell::domain::facts::{Book, Claim, Claimant, FactType, Value};
use watchbell::domain::ids::FactKey;
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339};
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::{Condition, Duty, Owed, Pack, Rulebook, Sight};
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).unwrap_or_else(|fault| panic!("{fault}")));

/// Facts a random world is made of, each with values it may have.
static CHOICES: LazyLock<Vec<(FactKey, Vec<Value>)>> = LazyLock::new(|| {
    let json = |kind: &FactType, value: serde_json::Value| kind.read(&value).unwrap_or_else(|fault| panic!("{fault}"));
    let values = |kind: &FactType| -> Vec<Value> {
        let of = |values: Vec<serde_json::Value>| values.into_iter().map(|value| json(kind, value)).collect();
        match kind {
            FactType::YesNo => of(vec![true.into(), false.into()]),
            FactType::OneOf(words) => of(words.iter().map(|word| word.as_str().into()).collect()),
            FactType::AnyOf(words) => of(words.iter().map(|word| serde_json::json!([word])).collect()),
            FactType::Places => of(["DE", "US-OH", "IN", "GB"].iter().map(|place| serde_json::json!([place])).collect()),
            FactType::Instant => of(vec!["2026-10-27T09:00:00Z".into(), "2027-06-01T12:30:00Z".into()]),
            FactType::Count => of(vec![10.into(), 500.into(), 501.into()]),
            _ => Vec::new(),
        }
    };
    RULES
        .vocabulary
        .iter()
        .map(|entry| (entry.key.clone(), values(&entry.kind)))
        .filter(|(_, values)| !values.is_empty())
        .collect()
});

type World = BTreeMap<FactKey, Value>;

fn worlds() -> impl Strategy<Value = World> {
    prop::collection::vec((0..CHOICES.len(), any::<prop::sample::Index>()), 0..60).prop_map(|picks| {
        picks.into_iter().map(|(nth, index)| (CHOICES[nth].0.clone(), index.get(&CHOICES[nth].1).clone())).collect()
    })
}

fn at() -> Instant {
    parse_rfc3339("2027-07-01T00:00:00Z").expect("an instant")
}

fn claim(key: &FactKey, value: &Value, by: Claimant, at: Instant) -> Claim {
    let (key, value) = (key.clone(), Some(value.clone()));
    Claim { key, value, by, at, pointer: None, ground: None, assumed: None, settles: false }
}

fn book(world: &World) -> Book {
    world.iter().map(|(key, value)| claim(key, value, Claimant::Person("Ada".into()), at())).collect()
}

/// What comes out for every duty: whether it is owed, from when, until when, and what is missing.
fn outcome(book: &Book) -> Vec<(String, Owed, String)> {
    let sight = Sight::new(&RULES.vocabulary, book);
    let circumstances = Circumstances { sight: &sight, zone: Zone::UTC, at: at(), holds: &[] };
    let of = |(pack, duty): (&Pack, &Duty)| {
        let assessment = assess(duty, pack, &RULES, &circumstances);
        let words = format!("{:?} {:?} {:?}", assessment.start, assessment.missing, assessment.reasons());
        (duty.text.id.to_string(), assessment.owed, words)
    };
    RULES.duties().map(of).collect()
}

/// Facts whose silence a duty reads: the opening question and its kin.
fn silent_facts(pack: &Pack, duty: &Duty) -> BTreeSet<FactKey> {
    let mut facts = BTreeSet::new();
    let mut open: Vec<&Condition> = vec![&duty.text.binds, &duty.text.arises];
    open.extend(duty.text.exceptions.iter().map(|exception| &exception.when));
    let mut seen = BTreeSet::new();
    while let Some(condition) = open.pop() {
        condition.walk(&mut |part| match part {
            Condition::Said(fact) | Condition::Unanswered(fact) => facts.extend([fact.clone()]),
            Condition::Term(id) if seen.insert(id.clone()) => {
                open.extend(pack.head.terms.iter().filter(|term| term.id == *id).map(|term| &term.when));
            }
            _ => {}
        });
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_claims_changes_the_outcome(
        claims in prop::collection::vec((0..CHOICES.len(), any::<prop::sample::Index>(), 0..3_u8, 0..20_i64), 0..40),
        seed in any::<prop::sample::Index>(),
    ) {
        let by = |rank: u8| match rank {
            0 => Claimant::Product("wazuh".into()),
            1 => Claimant::Policy("config".into()),
            _ => Claimant::Person("Ada".into()),
        };
        let claims: Vec<Claim> = claims
            .into_iter()
            .map(|(nth, index, rank, minute)| {
                claim(&CHOICES[nth].0, index.get(&CHOICES[nth].1), by(rank), at() - Duration::minutes(minute))
            })
            .collect();
        let mut turned = claims.clone();
        turned.reverse();
        if !turned.is_empty() {
            let middle = seed.index(turned.len());
            turned.rotate_left(middle);
        }
        prop_assert_eq!(outcome(&claims.into_iter().collect()), outcome(&turned.into_iter().collect()));
    }

    #[test]
    fn an_assessment_is_a_function_of_facts_law_and_instant(world in worlds()) {
        prop_assert_eq!(outcome(&book(&world)), outcome(&book(&world)));
    }

    /// Unknown is not no: what is found not owed while facts are missing stays so whatever they turn out to be.
    #[test]
    fn what_is_not_owed_on_some_facts_is_not_owed_on_more(part in worlds(), rest in worlds()) {
        let mut whole = rest;
        whole.extend(part.clone());
        let (little, much) = (outcome(&book(&part)), outcome(&book(&whole)));
        let told: BTreeSet<&FactKey> = whole.keys().filter(|key| !part.contains_key(*key)).collect();
        for ((pack, duty), ((id, before, why), (_, after, reasons))) in RULES.duties().zip(little.iter().zip(&much)) {
            // A duty that reads silence, such as that the opening question is unanswered, is another matter once it is broken.
            if silent_facts(pack, duty).iter().any(|fact| told.contains(fact)) {
                continue;
            }
            // Counts by place may correct a total, and an instant may bring the law of another day.
            if told.iter().any(|key| matches!(RULES.vocabulary.get(key.as_str()).map(|entry| &entry.kind), Some(FactType::Instant))) {
                continue;
            }
            let settled = matches!(before, Owed::NotBound | Owed::NotOwed);
            prop_assert!(
                !settled || matches!(after, Owed::NotBound | Owed::NotOwed),
                "{}: {:?} became {:?}\nbefore: {}\nafter: {}", id, before, after, why, reasons
            );
        }
    }
}
