//! Published cases of late notices, held against what was found; and the page that shows them.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use watchbell::sim::replay::{Agreement, Mark, Ours, Replayed, Scenario, Table, play, read_all};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/replay");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/replay.md");

async fn table(scenarios: &[Scenario]) -> Table<'_> {
    let mut cases = Vec::new();
    for scenario in scenarios {
        cases.push((scenario, play(scenario).await.expect("it is played")));
    }
    Table { cases }
}

/// A case of one controller in Ireland, aware on 1 March 2021, of whose `duty` `expect` was found.
fn case(meet: Value, expect: Value) -> Scenario {
    let case = json!({
        "id": "made-up", "title": "Made up", "regulator": "none", "finding": "late", "words": "made up", "sources": [],
        "organisation": { "zone": "Europe/Dublin", "facts": {
            "organisation.roles": ["controller"], "organisation.places": ["IE"], "organisation.main-place": ["IE"],
            "organisation.offers-to": ["IE"], "gdpr.lead-authority": ["IE"] } },
        "timeline": [
            { "at": "2021-03-01T12:00:00Z", "precision": "day", "what": "seen", "do": {
                "post": { "title": "Seen", "detected_at": "2021-03-01T12:00:00Z" },
                "answer": { "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true,
                    "aware.at": "2021-03-01T12:00:00Z", "risk.level": "high" } } },
            { "at": "2021-07-24T12:00:00+01:00", "precision": "day", "what": "told", "do": meet },
        ],
        "expect": [expect],
    });
    serde_json::from_value(case).expect("a case")
}

async fn verdict(meet: Value, expect: Value) -> Replayed {
    play(&case(meet, expect)).await.expect("it is played")
}

#[tokio::test]
async fn what_authorities_found_is_what_the_engine_says_and_the_page_shows_it() {
    let scenarios = read_all(Path::new(CASES)).expect("the cases are readable");
    let table = table(&scenarios).await;
    for (scenario, replayed) in &table.cases {
        assert!(replayed.is_well(), "{}: {:#?}", scenario.id, replayed);
        assert!(replayed.first_letter_at.is_some(), "{}: nobody was told", scenario.id);
        assert!(!scenario.sources.is_empty(), "{} names no source", scenario.id);
        assert!(scenario.timeline.iter().all(|step| step.date.is_some()), "{}: a date without a mark", scenario.id);
    }
    let page = fs::read_to_string(PAGE).expect("docs/replay.md is there");
    let shown = "docs/replay.md is not what the cases give; write it with `watchbell replay tests/fixtures/replay --markdown`";
    assert!(page == table.markdown(), "{shown}");
}

#[tokio::test]
async fn the_set_says_itself_which_limits_it_cannot_tell_apart() {
    let scenarios = read_all(Path::new(CASES)).expect("the cases are readable");
    let bounds = table(&scenarios).await.bounds();
    let gdpr = &bounds["eu-gdpr"];
    let range = |bounds: &watchbell::sim::replay::Bounds| {
        (bounds.at_least.as_ref().map(|(days, _)| *days), bounds.at_most.as_ref().map(|(days, _)| *days))
    };
    assert_eq!(range(gdpr), (Some(1), Some(4)));
    assert_eq!(gdpr.exact, [(3, "booking-ap-2020".to_owned())]);
    assert_eq!(range(&bounds["us-hipaa"]), (Some(45), Some(100)));
}

#[tokio::test]
async fn a_finding_the_engine_does_not_share_is_told_with_what_differs() {
    let (duty, meet) = ("eu.gdpr.art33.authority", json!({ "meet": "eu.gdpr.art33.authority" }));
    for (expect, differs) in [
        (
            json!({ "duty": duty, "outcome": "late", "from": "2021-03-01", "due_day": "2021-03-04", "filed": "2021-07-24",
            "days_after_awareness": 145, "days_late": 142 }),
            None,
        ),
        (json!({ "duty": duty, "outcome": "on-time" }), Some("found on-time, here late")),
        (json!({ "duty": duty, "outcome": "late", "due_day": "2021-03-05" }), Some("last day")),
        (json!({ "duty": duty, "outcome": "late", "days_late": 141 }), Some("days late")),
        (json!({ "duty": duty, "outcome": "late", "days_after_awareness": 144 }), Some("days after awareness")),
        (json!({ "duty": duty, "outcome": "late", "filed": "2021-07-23" }), Some("filed")),
        (json!({ "duty": duty, "outcome": "not-owed" }), Some("found not-owed")),
        (json!({ "duty": duty, "outcome": "tardy" }), Some("`tardy` is no outcome")),
        (json!({ "duty": "us.hipaa.hhs", "outcome": "late" }), Some("here no")),
    ] {
        let replayed = verdict(meet.clone(), expect.clone()).await;
        match (&replayed.verdicts[0].agreement, differs) {
            (Agreement::Agrees, None) => assert!(replayed.is_well()),
            (Agreement::Differs(in_what), Some(words)) => {
                assert!(in_what.iter().any(|difference| difference.contains(words)), "{words} in {in_what:?}");
                assert!(!replayed.is_well());
            }
            (agreement, _) => panic!("{expect}: {agreement:?}"),
        }
    }
}

#[tokio::test]
async fn a_duty_without_a_number_is_neither_late_nor_in_time_but_its_days_are_counted() {
    let replayed =
        verdict(json!({ "meet": "eu.gdpr.art34.people" }), json!({ "duty": "eu.gdpr.art34.people", "outcome": "late" })).await;
    let verdict = &replayed.verdicts[0];
    assert_eq!((verdict.ours, &verdict.agreement), (Ours::Met, &Agreement::NoNumber));
    assert_eq!(verdict.days_after_start, Some(145));
    assert!(verdict.days_past_target.is_some_and(|days| days > 0), "{verdict:?}");
}

#[tokio::test]
async fn a_step_that_cannot_be_played_is_told_and_no_case_with_one_is_well() {
    for step in [
        json!({ "meet": "mars.landing" }),
        json!({ "explode": true }),
        json!({ "answer": { "mars.landed": true } }),
        json!({ "meet": ["eu.gdpr.art33.authority", "mars.landing"] }),
    ] {
        let replayed = verdict(step.clone(), json!({ "duty": "eu.gdpr.art33.authority", "outcome": "late" })).await;
        assert_eq!(replayed.refused.len(), 1, "{step}: {:?}", replayed.refused);
        assert!(!replayed.is_well());
    }
}

#[test]
fn how_a_date_came_to_be_is_read_from_its_precision_where_it_is_not_said() {
    let step = |precision: &str| {
        let step = json!({ "at": "2021-03-01T12:00:00Z", "precision": precision, "what": "seen" });
        let mut case = serde_json::to_value(json!({
            "id": "x", "title": "x", "regulator": "x", "finding": "late", "words": "x", "sources": [],
            "organisation": { "zone": "UTC", "facts": {} }, "timeline": [], "expect": [] }))
        .expect("json");
        case["timeline"] = json!([step]);
        serde_json::from_value::<Scenario>(case).expect("a case").timeline[0].mark()
    };
    assert_eq!(["hour", "day"].map(step), [Mark::Found; 2]);
    assert_eq!(["hour (assumed)", "day (assumed)", ""].map(step), [Mark::Assumed; 3]);
    assert_eq!(["month", "year"].map(step), [Mark::Notional; 2]);
}
