//! What a pack must not do is told when it is read: where, what, and what to do.

use std::path::Path;
use watchbell::domain::ids::DutyId;
use watchbell::domain::instant::{NaiveDate, Zone, parse_rfc3339};
use watchbell::domain::law::explain::explain;
use watchbell::domain::law::{PackFault, PackText, Rulebook};
use watchbell::shell::rulebook;

/// The rules of the repository, one file of them changed.
fn changed(file: &str, change: impl Fn(&str) -> String) -> Vec<PackText> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut texts = rulebook::texts_of(&dir).expect("the rules folder is readable");
    let text = texts.iter_mut().find(|text| text.path == file).unwrap_or_else(|| panic!("no file {file}"));
    let after = change(&text.text);
    assert!(after != text.text, "the change of {file} changes nothing");
    text.text = after;
    // Of a change in one pack the others know nothing.
    if let Some(pack) = file.split_once('/').map(|(folder, _)| folder).filter(|folder| *folder != "calendars") {
        texts.retain(|text| text.path.split_once('/').is_none_or(|(folder, _)| folder == pack || folder == "calendars"));
    }
    texts
}

fn unchanged() -> Vec<PackText> {
    rulebook::texts_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).expect("the rules folder is readable")
}

fn faults(texts: &[PackText]) -> Vec<PackFault> {
    Rulebook::load(texts).1
}

/// The words of the file a fault points at.
fn pointed_at<'t>(fault: &PackFault, texts: &'t [PackText]) -> &'t str {
    let text = texts.iter().find(|text| text.path == fault.file).map_or("", |text| &text.text);
    fault.span.clone().and_then(|span| text.get(span)).unwrap_or("")
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no date"))
}

/// A calendar without one of its years.
fn without_year(text: &str, year: i32) -> String {
    let blocks = text.split("[[year]]\n").filter(|block| !block.starts_with(&format!("year = {year}\n")));
    blocks.collect::<Vec<_>>().join("[[year]]\n")
}

#[test]
fn a_calendar_that_ends_while_a_clock_may_run_is_a_fault_of_the_duty_that_counts_on_it() {
    let texts = changed("calendars/us-federal.toml", |text| {
        without_year(&without_year(text, 2027), 2028).replace("valid-through = 2028", "valid-through = 2026")
    });
    let faults = faults(&texts);
    let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
    assert_eq!(fault.file, "us-hipaa/individuals.toml");
    assert_eq!(pointed_at(fault, &texts), "us-federal");
    assert_eq!(
        fault.text,
        "the calendar `us-federal` has no holidays for 2027; a clock of `us.hipaa.individuals` that starts on Sat 21 Nov 2026 may need them"
    );
    assert_eq!(
        fault.hint.as_deref(),
        Some("add [[year]] 2027 to calendars/us-federal.toml from an official list, and set `valid-through`")
    );
}

#[test]
fn a_year_that_is_entered_but_not_vouched_for_is_missing_too() {
    let texts = changed("calendars/de.toml", |text| text.replace("valid-through = 2028", "valid-through = 2025"));
    let faults = faults(&texts);
    assert!(!faults.is_empty());
    for fault in &faults {
        assert!(fault.text.starts_with("the calendar `de` has no holidays for 2026;"), "{fault:#?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("calendars/de.toml")), "{fault:#?}");
    }
}

#[test]
fn a_gap_between_the_years_of_a_calendar_is_one_fault_of_the_calendar_and_none_of_the_duties() {
    let texts = changed("calendars/de.toml", |text| without_year(text, 2027));
    let faults = faults(&texts);
    let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
    assert_eq!(fault.file, "calendars/de.toml");
    assert_eq!(fault.text, "calendar `de` has days from 2025 through 2028 but none for 2027");
    assert_eq!(fault.hint.as_deref(), Some("add a [[year]] with the holidays of 2027 and their source"));
    assert_eq!(pointed_at(fault, &texts), "valid-through");
}

#[test]
fn years_that_go_by_refuse_nothing_at_start_but_are_a_fault_of_a_check_made_that_day() {
    let texts = unchanged();
    assert_eq!(faults(&texts), []);
    assert_eq!(Rulebook::load_as_of(&texts, date("2028-10-31")).1, [], "60 days on it is still 2028");
    let (_, faults) = Rulebook::load_as_of(&texts, date("2028-11-15"));
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].text.contains("no holidays for 2029"), "{faults:#?}");
    let (_, faults) = Rulebook::load_as_of(&texts, date("2030-01-01"));
    assert!(faults.iter().any(|fault| fault.file == "eu-gdpr/art33-authority.toml"), "{faults:#?}");
}

#[test]
fn beyond_its_calendar_a_clock_still_runs_and_says_what_it_assumed() {
    let (book, _) = Rulebook::load(&unchanged());
    let (pack, duty) = book.duty(&DutyId::from("us.hipaa.individuals")).expect("the duty is there");
    let start = parse_rfc3339("2029-03-01T12:00:00Z").expect("an instant");
    let explained = explain(duty, pack, &book, start, Zone::UTC);
    let readings = explained.due.iter().flat_map(|due| due.advisory.iter().chain(&due.outer));
    let assumed: Vec<&String> = readings.flat_map(|reading| &reading.derivation.assumptions).collect();
    assert!(assumed.iter().any(|words| words.contains("`us-federal` has no holidays for 2029")), "{assumed:#?}");
    assert!(explained.due.iter().all(|due| due.limit.example.is_some()), "the statutory limit needs no holidays");
}

const GERMANY: &str = "eu-gdpr/overlays/de.toml";

/// The one fault of the German overlay after a change of it.
fn fault_of_germany(change: impl Fn(&str) -> String) -> (PackFault, Vec<PackText>) {
    let texts = changed(GERMANY, change);
    let faults = faults(&texts);
    let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
    assert_eq!(fault.file, GERMANY, "{fault:#?}");
    (fault.clone(), texts)
}

#[test]
fn an_overlay_cannot_lift_a_duty_without_the_judgement_of_a_person() {
    let (fault, texts) = fault_of_germany(|text| {
        text.replace("{ all = [{ yes = \"gdpr.de.telling", "{ any = [{ yes = \"breach.ongoing\" }, { yes = \"gdpr.de.telling")
    });
    assert_eq!(fault.text, "the exception `de-secrecy` could lift `eu.gdpr.art34.people` without anybody's judgement");
    assert_eq!(pointed_at(&fault, &texts), "de-secrecy");
    let (fault, _) = fault_of_germany(|text| text.replace("{ all = [{ yes =", "{ any = [{ unanswered ="));
    assert!(fault.text.ends_with("without anybody's judgement"), "silence is no judgement: {fault:#?}");
    let (fault, _) = fault_of_germany(|text| text.replace("must-be-shown = true", ""));
    assert_eq!(fault.text, "the exception `de-secrecy` of an overlay is not to be shown");
    let judged_by_a_product = changed(GERMANY, |text| text.replace("judgement = true", ""));
    assert!(faults(&judged_by_a_product).iter().any(|fault| fault.text.ends_with("without anybody's judgement")));
}

#[test]
fn an_overlay_does_not_apply_before_anybody_has_said_where() {
    let everywhere = "when = { not = { said = \"breach.ongoing\" } }";
    let place = "when = { has = { fact = \"organisation.places\", of = [\"DE\"] } }";
    let texts = changed(GERMANY, |text| text.replace(place, everywhere));
    let faults = faults(&texts);
    assert!(faults.iter().any(|fault| fault.text == "the overlay `de` applies before anybody has said anything"), "{faults:#?}");
}

#[test]
fn what_an_overlay_names_must_be_there() {
    let (fault, texts) = fault_of_germany(|text| text.replace("\"eu.gdpr.art33.authority\"", "\"eu.gdpr.art33.autority\""));
    assert_eq!(fault.text, "there is no duty `eu.gdpr.art33.autority` in the pack `eu-gdpr`");
    assert_eq!(pointed_at(&fault, &texts), "eu.gdpr.art33.autority");
    let (fault, _) = fault_of_germany(|text| text.replace("\"BDSG s. 29(1) sentences 3-4\"", "\"the Act\""));
    assert_eq!(fault.text, "`the Act` is no citation");
    let (fault, _) = fault_of_germany(|text| text.replace("fact = \"organisation.places\"", "fact = \"organisation.place\""));
    assert_eq!(fault.hint.as_deref(), Some("did you mean `organisation.places`?"));
    let (fault, _) = fault_of_germany(|text| text.replace("about = \"authority\"", "about = \"autority\""));
    assert_eq!(fault.hint.as_deref(), Some("did you mean `authority`? there are `law`, `authority`, `addressee` and `form`"));
    let (fault, _) = fault_of_germany(|text| text.replace("id = \"de-secrecy\"", "id = \"disproportionate\""));
    assert_eq!(fault.text, "two exceptions of `eu.gdpr.art34.people` are called `disproportionate`");
}

#[test]
fn an_overlay_without_a_case_is_a_fault() {
    let texts = changed("eu-gdpr/cases.toml", |text| text.replace("overlays = [\"mt\"]", "owed = \"owed\""));
    let faults = faults(&texts);
    let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
    assert_eq!(fault.file, "eu-gdpr/overlays/mt.toml");
    assert_eq!(fault.text, "no case shows that the overlay `mt` applies to `eu.gdpr.art33.authority`");
}
