//! The score that suggests: exact, traceable, and silent where a person has not spoken.

use crate::RULES;
use crate::support::{Daemon, PERSON_TOKEN, watchbell};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use watchbell::domain::facts::{Book, Claim, Claimant, FactType};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::domain::law::{Condition, Sight};
use watchbell::domain::severity::{CONVENTION, ELEMENTS, Level, Quarters, SOURCE, Severity, Sign, Suggestion, greatest, suggest};

fn noon() -> Instant {
    parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant")
}

fn ada() -> Claimant {
    Claimant::Person("Ada Keller".into())
}

fn claim(key: &str, value: impl Into<serde_json::Value>, by: Claimant, at: Instant) -> Claim {
    let value = RULES.vocabulary.read(key, &value.into()).unwrap_or_else(|fault| panic!("{fault}"));
    Claim::of(key, Some(value), by, at)
}

/// The claim that one element has one of its words.
fn word(element: usize, word: &str, by: Claimant, at: Instant) -> Claim {
    let value = if ELEMENTS[element].key == "enisa.malice" { (word == "yes").into() } else { serde_json::json!(word) };
    claim(ELEMENTS[element].key, value, by, at)
}

fn of(claims: &[Claim]) -> Suggestion {
    let mut book = Book::default();
    for claim in claims {
        book.record(claim.clone());
    }
    suggest(&Sight::new(&RULES.vocabulary, &book), None)
}

/// Words in the order of the formula: context, ease, confidentiality, integrity, availability, malice.
fn said(words: [&str; 6]) -> Vec<Claim> {
    words.iter().enumerate().map(|(nth, said)| word(nth, said, ada(), noon())).collect()
}

fn scored(suggestion: &Suggestion) -> (String, Level, &str) {
    match &suggestion.severity {
        Severity::Scored { score, level, suggests } => (score.to_string(), *level, suggests),
        Severity::Between { .. } => panic!("no score: {}", suggestion.in_words()),
    }
}

fn between(suggestion: &Suggestion) -> (String, String) {
    match &suggestion.severity {
        Severity::Between { low, high } => (low.to_string(), high.to_string()),
        Severity::Scored { .. } => panic!("a score: {}", suggestion.in_words()),
    }
}

#[test]
fn worked_examples_come_out_to_the_quarter_and_a_bound_belongs_to_the_level_above() {
    let none = "not-lost";
    let examples = [
        // A contact list sent to known wrong recipients.
        (["simple-1", "maximum", "known-recipients", none, none, "no"], "1.25", Level::Low, "unlikely"),
        // Hospital records published by an attacker.
        (["sensitive-4", "maximum", "unknown-recipients", none, none, "yes"], "5.00", Level::VeryHigh, "high"),
        // EDPB case 15, two food intolerances: one step of judgement crosses the line; the official answer is no notice.
        (["simple-1", "maximum", "known-recipients", none, none, "no"], "1.25", Level::Low, "unlikely"),
        (["simple-2", "maximum", "known-recipients", none, none, "no"], "2.25", Level::Medium, "risk"),
        // EDPB case 01, ransomware with an encrypted and restored copy: only malice is left.
        (["simple-1", "negligible", "exposed", "altered", "recoverable", "yes"], "0.75", Level::Low, "unlikely"),
        // Around each bound.
        (["financial-3", "limited", "known-recipients", none, none, "no"], "1.75", Level::Low, "unlikely"),
        (["sensitive-4", "limited", none, none, none, "no"], "2.00", Level::Medium, "risk"),
        (["financial-3", "significant", "unknown-recipients", none, none, "no"], "2.75", Level::Medium, "risk"),
        (["financial-3", "maximum", none, none, none, "no"], "3.00", Level::High, "high"),
        (["sensitive-3", "significant", none, "misused-recoverable", "rebuildable", "yes"], "3.25", Level::High, "high"),
        (["sensitive-4", "significant", "unknown-recipients", none, "rebuildable", "no"], "3.75", Level::High, "high"),
        (["sensitive-4", "maximum", none, none, none, "no"], "4.00", Level::VeryHigh, "high"),
        // The ends of the scale.
        (["simple-1", "negligible", none, none, none, "no"], "0.25", Level::Low, "unlikely"),
        (
            ["sensitive-4", "maximum", "unknown-recipients", "misused-unrecoverable", "unrecoverable", "yes"],
            "6.00",
            Level::VeryHigh,
            "high",
        ),
    ];
    for (words, score, level, suggests) in examples {
        assert_eq!(scored(&of(&said(words))), (score.to_owned(), level, suggests), "{words:?}");
    }
    assert_eq!(greatest().to_string(), "6.00");
}

/// What each word counts in hundredths, read from the method a second time.
fn hundredths(word: &str) -> u32 {
    match word {
        "negligible" | "known-recipients" | "misused-recoverable" | "rebuildable" => 25,
        "limited" | "unknown-recipients" | "misused-unrecoverable" | "unrecoverable" | "yes" => 50,
        "significant" => 75,
        "maximum" => 100,
        "not-lost" | "exposed" | "altered" | "recoverable" | "no" => 0,
        context => {
            let step = context.rsplit('-').next().and_then(|step| step.parse::<u32>().ok());
            100 * step.unwrap_or_else(|| panic!("no word `{context}`"))
        }
    }
}

#[test]
fn every_combination_there_is_scores_what_the_formula_says_exactly() {
    let mut counted = 0;
    let mut each = |words: [&str; 6]| {
        let [context, ease, rest @ ..] = words.map(hundredths);
        let cents = context * ease / 100 + rest.iter().sum::<u32>();
        let level = match cents {
            0..200 => Level::Low,
            200..300 => Level::Medium,
            300..400 => Level::High,
            _ => Level::VeryHigh,
        };
        let suggestion = of(&said(words));
        let (score, got, _) = scored(&suggestion);
        assert_eq!((score, got), (format!("{}.{:02}", cents / 100, cents % 100), level), "{words:?}");
        counted += 1;
    };
    let words = |element: usize| ELEMENTS[element].steps.iter().map(|(word, _)| *word);
    for context in words(0) {
        for ease in words(1) {
            for confidentiality in words(2) {
                for integrity in words(3) {
                    for availability in words(4) {
                        for malice in words(5) {
                            each([context, ease, confidentiality, integrity, availability, malice]);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(counted, 16 * 4 * 4 * 4 * 4 * 2);
}

/// One word for each element, by its place among the steps.
fn places() -> impl Strategy<Value = [usize; 6]> {
    let up_to = |element: usize| 0..ELEMENTS[element].steps.len();
    [up_to(0), up_to(1), up_to(2), up_to(3), up_to(4), up_to(5)]
}

fn words_at(places: [usize; 6]) -> [&'static str; 6] {
    std::array::from_fn(|element| ELEMENTS[element].steps[places[element]].0)
}

fn bounds(suggestion: &Suggestion) -> (Quarters, Quarters) {
    match suggestion.severity {
        Severity::Scored { score, .. } => (score, score),
        Severity::Between { low, high } => (low, high),
    }
}

proptest! {
    #[test]
    fn a_graver_word_never_lowers_the_score(places in places(), element in 0..6_usize, other in 0..16_usize) {
        let steps = ELEMENTS[element].steps;
        let mut graver = places;
        graver[element] = other % steps.len();
        prop_assume!(steps[graver[element]].1 >= steps[places[element]].1);
        prop_assert!(bounds(&of(&said(words_at(graver)))) >= bounds(&of(&said(words_at(places)))));
    }

    #[test]
    fn what_is_missing_leaves_a_range_that_every_answer_lies_in_and_narrows(places in places(), asked in 0..64_u8, told in 0..6_u8) {
        let all = said(words_at(places));
        let with = |known: u8| -> Vec<Claim> { all.iter().enumerate().filter(|(nth, _)| known & 1 << nth != 0).map(|(_, c)| c.clone()).collect() };
        let partial = of(&with(asked));
        let whole = of(&all);
        let expected: BTreeSet<&str> = (0..6).filter(|nth| asked & 1 << nth == 0).map(|nth| ELEMENTS[nth].key).collect();
        prop_assert_eq!(partial.missing.iter().map(|key| key.as_str()).collect::<BTreeSet<_>>(), expected);
        prop_assert_eq!(matches!(partial.severity, Severity::Scored { .. }), asked == 63, "a score only when nothing is missing");
        let (low, high) = bounds(&partial);
        prop_assert!(low <= bounds(&whole).0 && bounds(&whole).1 <= high);
        let (low_with_more, high_with_more) = bounds(&of(&with(asked | 1 << told)));
        prop_assert!(low <= low_with_more && high_with_more <= high, "knowing more never widens it");
    }

    #[test]
    fn the_order_in_which_claims_were_recorded_is_irrelevant((claims, shuffled) in recorded_twice()) {
        prop_assert_eq!(of(&claims), of(&shuffled));
    }
}

/// Words of three persons over four hours, and the same in another order.
fn recorded_twice() -> impl Strategy<Value = (Vec<Claim>, Vec<Claim>)> {
    let names = ["Ada Keller", "Ben Okoro", "Chitra Rao"];
    let drawn = (0..6_usize, 0..16_usize, 0..names.len(), 0..4_i64).prop_map(move |(element, step, name, hours)| {
        let steps = ELEMENTS[element].steps;
        let by = Claimant::Person(names[name].into());
        word(element, steps[step % steps.len()].0, by, noon() + Duration::hours(hours))
    });
    prop::collection::vec(drawn, 0..12).prop_flat_map(|claims| (Just(claims.clone()), Just(claims).prop_shuffle()))
}

#[test]
fn unknown_is_not_zero_nor_is_a_dispute_a_withdrawn_word_or_the_word_of_a_product() {
    let mut claims = said(["sensitive-4", "maximum", "unknown-recipients", "not-lost", "not-lost", "yes"]);
    assert_eq!(between(&of(&[])), ("0.25".into(), "6.00".into()));
    let malice = claims.pop().expect("malice is the last");
    let missing_malice = ("4.50".to_owned(), "5.00".to_owned());
    let silent = of(&claims);
    assert_eq!(between(&silent), missing_malice);
    assert_eq!(silent.missing, BTreeSet::from(["enisa.malice".into()]));
    assert!(silent.in_words().starts_with("suggests nothing yet: between 4.50 and 5.00 of 6.00"), "{}", silent.in_words());
    let with = |more: &[Claim]| of(&[claims.as_slice(), more].concat());
    let ben = || Claimant::Person("Ben Okoro".into());
    let denied = claim("enisa.malice", false, ben(), noon());
    assert_eq!(between(&with(&[malice.clone(), denied])), missing_malice, "two persons differ");
    let withdrawn = Claim { value: None, at: noon() + Duration::hours(1), ..malice.clone() };
    assert_eq!(between(&with(&[malice.clone(), withdrawn])), missing_malice, "she no longer says so");
    let edr = Claimant::Product("edr".into());
    assert_eq!(between(&with(&[claim("enisa.malice", false, edr, noon())])), missing_malice, "a product does not weigh");
    let policy = Claimant::Policy("organisation mercy".into());
    assert_eq!(between(&with(&[claim("enisa.malice", false, policy, noon())])), missing_malice, "nor does the configuration");
    assert_eq!(scored(&with(&[malice])).0, "5.00");
}

#[test]
fn each_input_carries_its_value_its_points_who_said_it_and_when() {
    let mut claims = said(["financial-3", "significant", "known-recipients", "not-lost", "rebuildable", "no"]);
    claims[1] = word(1, "significant", Claimant::Person("Ben Okoro".into()), noon() + Duration::hours(2));
    let suggestion = of(&claims);
    let inputs: Vec<(&str, &str, String)> = suggestion
        .inputs
        .iter()
        .map(|input| (input.key.as_str(), input.value.as_str(), input.points.expect("it counts").to_string()))
        .collect();
    let expected = [
        ("enisa.context", "financial-3", "3.00"),
        ("enisa.identification", "significant", "0.75"),
        ("enisa.confidentiality", "known-recipients", "0.25"),
        ("enisa.integrity", "not-lost", "0.00"),
        ("enisa.availability", "rebuildable", "0.25"),
        ("enisa.malice", "no", "0.00"),
    ];
    assert_eq!(inputs, expected.map(|(key, value, points)| (key, value, points.to_owned())));
    let ease = &suggestion.inputs[1];
    assert_eq!((ease.by.name(), ease.at), ("Ben Okoro", noon() + Duration::hours(2)));
    assert_eq!(
        suggestion.remarks()[0],
        "context 3.00 (financial-3, Ada Keller) × ease of identification 0.75 (significant, Ben Okoro) + \
         confidentiality 0.25 (known-recipients, Ada Keller) + integrity 0.00 (not-lost, Ada Keller) + \
         availability 0.25 (rebuildable, Ada Keller) + malice 0.00 (no, Ada Keller) = 2.75"
    );
}

#[test]
fn the_words_say_who_decides_and_that_neither_bands_nor_convention_are_law() {
    let suggestion = of(&said(["sensitive-3", "significant", "known-recipients", "not-lost", "rebuildable", "yes"]));
    let line = "suggests: high (3.25 of 6.00, ENISA level high); a named person decides with risk.level";
    assert_eq!(suggestion.in_words(), line);
    let remarks = suggestion.remarks();
    assert!(remarks.contains(&CONVENTION.to_owned()) && remarks.contains(&SOURCE.to_owned()), "{remarks:?}");
    assert!(CONVENTION.contains("house convention, neither ENISA's text nor law"));
    assert!(SOURCE.contains("December 2013") && SOURCE.contains("predates"));
}

fn raised(suggestion: &Suggestion, sign: Sign) -> Option<bool> {
    suggestion.flags.iter().find(|flag| flag.sign == sign).expect("every flag is listed").raised
}

#[test]
fn flags_are_raised_beside_the_score_and_never_in_it() {
    let words = ["sensitive-4", "limited", "not-lost", "not-lost", "not-lost", "no"];
    let with = |facts: &[(&str, serde_json::Value)]| {
        let more = facts.iter().map(|(key, value)| claim(key, value.clone(), Claimant::Product("dlp".into()), noon()));
        let suggestion = of(&said(words).into_iter().chain(more).collect::<Vec<_>>());
        assert_eq!(scored(&suggestion).0, "2.00", "{facts:?}");
        suggestion
    };
    let people = [
        (vec![], None),
        (vec![("people.total", serde_json::json!(100))], Some(false)),
        (vec![("people.total", serde_json::json!(101))], Some(true)),
        (vec![("people.total", serde_json::json!({ "about": 90 }))], Some(false)),
        (vec![("people.total", serde_json::json!({ "about": 113 }))], Some(true)),
        // An estimate is not counted.
        (vec![("people.total", serde_json::json!({ "about": 100 }))], None),
        // More may come.
        (vec![("people.total", serde_json::json!({ "at-least": 80 }))], None),
        (vec![("people.total", serde_json::json!({ "at-least": 101 }))], Some(true)),
        // The sum of the places stands for a total nobody gave.
        (vec![("people.by-place", serde_json::json!({ "DE": 60, "FR": 60 }))], Some(true)),
    ];
    for (facts, expected) in people {
        assert_eq!(raised(&with(&facts), Sign::ManyPeople), expected, "{facts:?}");
    }
    let encryption = [
        (vec![], None),
        (vec![("data.encrypted", true)], None),
        (vec![("data.key-safe", true)], None),
        (vec![("data.encrypted", true), ("data.key-safe", true)], Some(true)),
        (vec![("data.encrypted", true), ("data.key-safe", false)], Some(false)),
        (vec![("data.encrypted", false)], Some(false)),
    ];
    for (facts, expected) in encryption {
        let facts: Vec<(&str, serde_json::Value)> = facts.into_iter().map(|(key, yes)| (key, yes.into())).collect();
        assert_eq!(raised(&with(&facts), Sign::Unintelligible), expected, "{facts:?}");
    }
    let flagged = with(&[("people.total", 240.into())]);
    let basis = &flagged.flags[0].basis;
    assert_eq!((basis[0].key.as_str(), basis[0].value.as_str(), basis[0].by.name()), ("people.total", "240", "dlp"));
    assert!(flagged.remarks().iter().any(|remark| remark.ends_with("look again: more than 100 people are affected")));
    assert!(flagged.remarks().iter().any(|remark| remark.contains("not known: whether the data was unintelligible")));
}

#[test]
fn the_questions_offer_exactly_the_words_that_count_and_each_is_a_judgement() {
    for element in &ELEMENTS {
        let entry = RULES.vocabulary.get(element.key).unwrap_or_else(|| panic!("{} is asked", element.key));
        assert!(entry.judgement, "{} is weighed by a person, with a ground", element.key);
        let words: Vec<String> = element.steps.iter().map(|(word, _)| (*word).to_owned()).collect();
        match &entry.kind {
            FactType::YesNo => assert_eq!(words, ["no", "yes"]),
            kind => assert_eq!(*kind, FactType::OneOf(words)),
        }
    }
    let asked = RULES.vocabulary.iter().filter(|entry| entry.key.as_str().starts_with("enisa.")).count();
    assert_eq!(asked, ELEMENTS.len(), "an enisa fact that nothing counts");
}

#[test]
fn a_decimal_is_written_and_read_in_one_spelling() {
    for quarters in 0..=24 {
        let written = Quarters::of(quarters).to_string();
        assert_eq!(Quarters::parse(&written), Some(Quarters::of(quarters)), "{written}");
    }
    for text in ["", "3", "3.2", "3.30", "03.25", "+3.25", "-1.00", "3.250", "64.00", "999.00", "3,25", " 3.25"] {
        assert_eq!(Quarters::parse(text), None, "{text}");
    }
    let suggestion = of(&said(["sensitive-4", "limited", "not-lost", "not-lost", "not-lost", "no"]));
    let json = serde_json::to_value(&suggestion).expect("it is data");
    assert_eq!(json["severity"]["scored"]["score"], "2.00", "a string, for a float is not exact");
    assert_eq!(serde_json::from_value::<Suggestion>(json).expect("it reads back"), suggestion);
}

#[test]
fn no_pack_tests_an_enisa_fact_so_no_score_can_reach_a_duty() {
    for (pack, duty) in RULES.duties() {
        let json = serde_json::to_string(&(&pack.head.terms, &duty.text)).expect("a duty is data");
        assert!(!json.contains("enisa."), "{} leans on a score", duty.text.id);
    }
}

#[test]
fn nothing_scores_the_four_factors_of_hipaa() {
    let factor = |key: &str| key.starts_with("hipaa.factor.");
    let factors: Vec<_> = RULES.vocabulary.iter().filter(|entry| factor(entry.key.as_str())).collect();
    assert_eq!(factors.len(), 4);
    for entry in factors {
        assert_eq!(entry.kind, FactType::Text, "{}: a factor is weighed in words", entry.key);
        assert!(entry.judgement, "{}: by a named person", entry.key);
    }
    assert!(ELEMENTS.iter().all(|element| element.key.starts_with("enisa.")));
    // The packs ask whether a factor was weighed, never what it says.
    let mut asked = 0;
    for pack in &RULES.packs {
        let duties = pack.duties.iter().map(|duty| &duty.text);
        let of_duties = duties.flat_map(|duty| {
            let exceptions = duty.exceptions.iter().map(|exception| &exception.when);
            let dues = duty.due.iter().filter_map(|due| due.when.as_ref());
            [&duty.binds, &duty.arises].into_iter().chain(exceptions).chain(dues)
        });
        for condition in pack.head.terms.iter().map(|term| &term.when).chain(of_duties) {
            condition.walk(&mut |part| {
                if part.fact().is_some_and(|fact| factor(fact.as_str())) {
                    asked += 1;
                    assert!(matches!(part, Condition::Known(_)), "{}: {part:?} looks into a factor", pack.head.id);
                }
            });
        }
    }
    assert!(asked >= 4, "the packs ask for the factors");
    // No code names one: they are facts like any other.
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                read += 1;
                let text = std::fs::read_to_string(&path).expect("source is text");
                assert!(!text.contains("hipaa.factor"), "{} names a factor of HIPAA", path.display());
            }
        }
    }
    assert!(read > 50, "the sources were read");
}

fn run(daemon: &Daemon, arguments: &[&str]) -> String {
    let ran = watchbell()
        .args(arguments)
        .env("WATCHBELL_URL", daemon.url())
        .env("WATCHBELL_TOKEN", PERSON_TOKEN)
        .output()
        .expect("the command runs");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

#[test]
fn a_person_is_shown_the_suggestion_beside_the_decision_and_a_restart_keeps_both() {
    let mut daemon = Daemon::start(|_| {});
    let event = serde_json::json!({ "id": "T-1", "title": "A course list went astray" });
    let opened = daemon.post("native", &event).json();
    let incident = opened["incident"].as_str().expect("an incident");
    let scores = ["enisa.context=simple-2", "enisa.identification=maximum", "enisa.confidentiality=known-recipients"];
    let ground = ["--ground", "fifteen names, two of them with a food intolerance"];
    let answer = |facts: &[&str]| run(&daemon, &[&["answer", incident], facts, &ground].concat());
    let half = answer(&scores);
    assert!(half.contains("suggests nothing yet: between 2.25 and 3.75 of 6.00"), "{half}");
    let line = "suggests: risk (2.25 of 6.00, ENISA level medium); a named person decides with risk.level";
    let whole = answer(&["enisa.integrity=not-lost", "enisa.availability=not-lost", "enisa.malice=false"]);
    assert!(whole.contains(line) && whole.contains("no clock has changed"), "{whole}");
    let decided = answer(&["risk.level=unlikely"]);
    assert!(!decided.contains("suggests"), "the decision changes no score: {decided}");
    daemon.restart();
    let shown = run(&daemon, &["incident", "show", incident]);
    for part in [line, "house convention, neither ENISA's text nor law", "December 2013", "risk.level: unlikely, said by"] {
        assert!(shown.contains(part), "no `{part}` in:\n{shown}");
    }
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    let beside = &view["suggestions"][0];
    assert_eq!(beside["suggestion"]["severity"]["scored"]["score"], "2.25");
    assert_eq!(beside["suggestion"]["inputs"][0]["value"], "simple-2");
    assert_eq!(beside["determined"]["value"], "unlikely");
}
