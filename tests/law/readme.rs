//! What rules/README.md shows a lawyer is what the program reads.

use serde::Deserialize;
use std::collections::BTreeMap;
use watchbell::domain::clocks::{Calendars, Limit};
use watchbell::domain::law::cases::{self, CaseFile};
use watchbell::domain::law::hints::HintFile;
use watchbell::domain::law::marks::{in_a_line, marks};
use watchbell::domain::law::overlay::OverlayText;
use watchbell::domain::law::pack::{DutyText, PackHead};
use watchbell::domain::law::{Condition, Rulebook};
use watchbell::shell::rulebook;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    conditions: Vec<Condition>,
}

/// Each TOML block by the remark on its first line.
fn blocks() -> BTreeMap<&'static str, &'static str> {
    let page = include_str!("../../rules/README.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    blocks.filter_map(|block| Some((block.lines().next()?.strip_prefix("# ")?, block))).collect()
}

fn read<'a, T: Deserialize<'a>>(blocks: &BTreeMap<&str, &'a str>, name: &str) -> T {
    let block = blocks.get(name).unwrap_or_else(|| panic!("no block `# {name}`"));
    toml::from_str(block).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

#[test]
fn every_example_of_the_page_is_read() {
    let blocks = blocks();
    read::<DutyText>(&blocks, "a duty");
    read::<PackHead>(&blocks, "a pack");
    read::<OverlayText>(&blocks, "an overlay");
    read::<Conditions>(&blocks, "conditions");
    read::<CaseFile>(&blocks, "cases");
    read::<CaseFile>(&blocks, "a case with a hold");
    read::<HintFile>(&blocks, "hints");
    assert_eq!(blocks.len(), 8, "a block that no check reads: {:?}", blocks.keys());
}

#[test]
fn the_case_of_the_page_comes_out_as_it_says() {
    let dir = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"));
    let mut texts = rulebook::texts_of(dir).expect("the rules folder is readable");
    let cases = texts.iter_mut().find(|text| text.path == "in-dpdp/cases.toml").expect("the pack has cases");
    cases.text = blocks()["cases"].to_owned();
    let (rulebook, _) = Rulebook::load(&texts);
    let outcomes = cases::run(&rulebook);
    let of_page: Vec<_> = outcomes.iter().filter(|outcome| outcome.pack.as_str() == "in-dpdp").collect();
    assert_eq!(of_page.len(), 1);
    assert_eq!(of_page[0].failures, Vec::<String>::new());
}

#[test]
fn every_limit_of_the_page_can_be_counted() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/calendars");
    let files: Vec<(String, String)> = std::fs::read_dir(dir)
        .expect("the calendars are readable")
        .map(|entry| entry.expect("the calendars are readable").path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a calendar is text")))
        .collect();
    let calendars = Calendars::load(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))).expect("sound calendars");
    for limit in read::<Limits>(&blocks(), "limits").limits {
        assert_eq!(limit.faults(&calendars), [], "{limit:?}");
    }
}

#[test]
fn the_page_shows_every_kind_of_condition() {
    fn name(condition: &Condition) -> String {
        let json = serde_json::to_value(condition).expect("a condition is data");
        json.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default()
    }
    let mut shown = std::collections::BTreeSet::new();
    for condition in &read::<Conditions>(&blocks(), "conditions").conditions {
        condition.walk(&mut |part| shown.extend([name(part)]));
    }
    let fault = toml::from_str::<Conditions>("conditions = [{ nonsense = 1 }]").err().expect("no such condition").to_string();
    let known: Vec<&str> = fault.split("expected one of ").nth(1).unwrap_or_default().split('`').skip(1).step_by(2).collect();
    assert!(known.len() > 10, "{fault}");
    for word in known {
        assert!(shown.contains(word), "rules/README.md shows no `{word}`");
    }
}

#[test]
fn the_readme_counts_the_marks_as_they_are() {
    let rulebook = rulebook::load(None).expect("the built-in rules are sound");
    let counted = in_a_line(&marks(&rulebook.packs));
    let page = include_str!("../../README.md");
    assert!(page.contains(&format!("is marked: {counted}\n")), "README.md: How each statement was read is marked: {counted}");
}

#[test]
fn a_citation_is_told_with_the_edition_in_which_it_was_read() {
    let rulebook = rulebook::load(None).expect("the built-in rules are sound");
    let how = |duty: &str| {
        let (pack, duty) = rulebook.duty(&duty.into()).expect("the duty");
        duty.text.verification.words_of(pack.edition(&duty.text.cite)).into_owned()
    };
    assert_eq!(how("eu.gdpr.art33.authority"), "read in a copy of the official text of 27 April 2016");
    assert_eq!(how("in.dpdp.people"), "read in a copy of the official text of 13 November 2025");
    assert_eq!(how("eu.omnibus.art33.authority"), "read in a secondary source");
    assert_eq!(rulebook.packs.iter().find_map(|pack| pack.edition("Act of nowhere s.1")), None);
}
