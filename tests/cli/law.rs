//! What the law makes of facts, and the law itself: `assess` and `rules`.

use crate::{run, run_with};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn hospital() -> Value {
    json!({
        "organisation.roles": ["covered-entity"], "organisation.places": ["US"], "organisation.zone": "America/New_York",
        "breach.suspected": true, "breach.personal-data": true, "hipaa.phi": true, "hipaa.impermissible": true,
        "hipaa.discovered-at": "2026-03-10T09:00:00-04:00", "people.total": 620, "people.by-place": { "US-OH": 620 },
    })
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn duty<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let duties = answer["duties"].as_array().expect("a list");
    duties.iter().find(|duty| duty["duty"] == id).unwrap_or_else(|| panic!("no `{id}` in {answer:#}"))
}

#[test]
fn facts_go_in_and_duties_come_out_a_line_each() {
    let lines =
        [json!({ "id": "a", "facts": hospital() }), hospital(), json!({ "id": 3, "at": "2026-01-01T00:00:00Z", "facts": {} })];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let said = run_with(["assess", "--at", "2026-03-10T12:00:00-04:00"], &[], &input);
    assert_eq!(said.code, 3, "no pack covers Ohio: {said:#?}");
    let answers: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    assert_eq!(answers.len(), 3);
    let hhs = duty(&answers[0], "us.hipaa.hhs");
    assert_eq!((&hhs["owed"], &hhs["deadlines"]["operational"]["at"]), (&json!("owed"), &json!("2026-05-10T03:59:59Z")));
    assert!(hhs["reasons"].to_string().contains("people.total") || hhs["reasons"].to_string().contains("hipaa.phi"), "{hhs:#}");
    assert_eq!(answers[0]["uncovered"][0]["place"], "US-OH");
    assert!(said.err.contains("2 of 3 lines bring in places or regimes that no pack in use covers"), "{}", said.err);
    assert_eq!(answers[0]["id"], "a");
    assert_eq!(answers[1]["duties"], answers[0]["duties"]);
    assert_eq!((&answers[2]["id"], &answers[2]["at"]), (&json!("3"), &json!("2026-01-01T00:00:00Z")));
    assert!(answers[2]["assumed"].as_str().is_some_and(|text| text.contains("UTC")), "{}", answers[2]);
}

#[test]
fn a_line_that_is_not_understood_is_told_and_does_not_stop_the_rest() {
    let lines = ["{\"people.totl\": 5}", "{\"people.total\": \"many\"}", "not json", "{\"facts\": {}, \"wen\": 1}", "", "{}"];
    let said = run_with(["assess"], &[], &lines.join("\n"));
    assert_eq!(said.code, 3, "{said:#?}");
    assert_eq!(said.out.lines().count(), 1, "{said:#?}");
    for part in [
        "error: line 1: no fact `people.totl`; did you mean `people.total`?",
        "error: line 2: fact `people.total`: expected a whole number",
        "for example `512`",
        "error: line 3: expected one JSON object on a line",
        "error: line 4: no member `wen` beside `id`, `at` and `facts`",
        "4 of 5 lines not understood",
    ] {
        assert!(said.err.contains(part), "`{part}` is not in {}", said.err);
    }
}

#[test]
fn what_is_not_owed_is_shown_when_asked_with_its_ground() {
    let said = run_with(["assess", "--all"], &[], &hospital().to_string()).json();
    assert_eq!(duty(&said, "eu.gdpr.art33.authority")["owed"], "not-bound");
    assert_eq!(duty(&said, "us.hipaa.covered_entity")["ground"]["says"], "does not bind this organisation");
}

#[test]
fn people_read_what_is_owed_until_when_and_how_that_was_found() {
    let said = run_with(["assess", "-o", "text", "--at", "2026-03-10T12:00:00-04:00"], &[], &hospital().to_string());
    assert_eq!(said.code, 3, "{said:#?}");
    said.shows("NOT COVERED Ohio (US-OH), named by people.by-place").shows("known of it: people within 45 days of discovery");
    said.shows("OWED us.hipaa.media").shows("due: Sat 9 May 2026 23:59:59 America/New_York, in 60 d 11 h");
    said.shows("count 60 calendar days; the day of the start is not counted: Sat 9 May 2026").shows("because");
}

#[test]
fn that_no_duty_arises_is_a_statement_about_the_packs_in_use_and_what_they_do_not_cover_is_named() {
    let facts = json!({
        "breach.suspected": true, "breach.personal-data": true, "organisation.roles": ["controller"],
        "organisation.places": ["BR"], "people.by-place": { "BR": 5000 },
    });
    let said = run_with(["assess", "-o", "text", "--at", "2026-11-28T12:00:00Z"], &[], &facts.to_string());
    assert_eq!(said.code, 3, "{said:#?}");
    assert!(!said.out.contains("nothing is owed"), "{}", said.out);
    said.shows("NOT COVERED Brazil (BR), named by organisation.places, people.by-place").shows("LGPD art.48");
    let of_nowhere = run_with(["assess", "-o", "text"], &[], "{\"breach.suspected\": false, \"incident.cyber\": false}").done();
    of_nowhere.shows("no duty of the packs in use arises on these facts (eu-gdpr, house, ");
    let misspelt = run_with(["assess"], &[], "{\"organisation.places\": [\"UK\"]}");
    assert_eq!((misspelt.code, misspelt.out.as_str()), (3, ""));
    assert!(misspelt.err.contains("`UK` is no country in ISO 3166-1; did you mean `GB` (United Kingdom)?"), "{}", misspelt.err);
}

#[test]
fn a_proposal_is_tried_beside_the_law_of_today() {
    let company = json!({
        "organisation.roles": ["controller"], "organisation.places": ["DE"], "organisation.zone": "Europe/Berlin",
        "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true,
        "aware.at": "2026-11-17T14:20:00+01:00", "risk.level": "high",
    });
    let said = run_with(["assess", "--with", "eu-omnibus"], &[], &company.to_string()).done().json();
    let (duty, by) = ("eu.gdpr.art33.authority", "eu.omnibus.art33.authority");
    let moved =
        json!([{ "change": "moved", "duty": duty, "by": by, "from": "2026-11-20T13:20:00Z", "to": "2026-11-21T13:20:00Z" }]);
    assert_eq!(said["changes"], moved);
    let mut milder = company.clone();
    milder["risk.level"] = json!("risk");
    let said = run_with(["assess", "--with", "eu-omnibus"], &[], &milder.to_string()).done().json();
    assert_eq!((&said["changes"][0]["change"], &said["changes"][0]["duty"]), (&json!("removed"), &json!(duty)));
    let text = run_with(["assess", "--with", "eu-omnibus", "-o", "text"], &[], &company.to_string()).done();
    text.shows("moved: eu.gdpr.art33.authority").shows("1 d 0 h later");
    run_with(["assess", "--with", "eu-omnibuss"], &[], "{}").fails(1, "no pack `eu-omnibuss`\nhint: there are ");
}

#[test]
fn every_duty_is_listed_with_where_it_was_read() {
    run(["rules", "list"]).done().shows("us.hipaa.hhs").shows("built in").shows("eu-omnibus (off)");
    let listed = run(["rules", "list", "hipaa", "-o", "json"]).done().json();
    let duties = listed.as_array().expect("a list");
    assert!(duties.len() >= 4 && duties.iter().all(|duty| duty["pack"] == "us-hipaa"), "{listed:#}");
    assert_eq!(duties[0]["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn a_duty_is_explained_with_its_citations_and_a_worked_example() {
    let said = run(["rules", "explain", "us.hipaa.hhs", "--at", "2026-12-31T12:00:00-05:00"]).done();
    said.shows("45 CFR 164.408").shows("people.total is 500 or more").shows("What lifts it").shows("What the notice says");
    said.shows("count 60 days after it; the end does not roll: Mon 1 Mar 2027");
    let json = run(["rules", "explain", "us.hipaa.hhs", "-o", "json", "--at", "2026-12-31T17:00:00Z"]).done().json();
    assert_eq!(json["due"][1]["limit"]["example"], "2027-03-01T23:59:59Z");
    run(["rules", "explain", "us.hipaa.hss"]).fails(1, "no duty `us.hipaa.hss`\nhint: did you mean `us.hipaa.hhs`?");

    let folder = tempfile::tempdir().expect("a folder");
    let facts = folder.path().join("facts.json");
    fs::write(&facts, serde_json::to_string_pretty(&hospital()).expect("JSON")).expect("a file");
    let said = run(["rules", "explain", "us.hipaa.media", "--facts", text(&facts)]).done();
    said.shows("On the facts given").shows("OWED us.hipaa.media");
    let json = run(["rules", "explain", "us.hipaa.media", "-o", "json", "--facts", text(&facts)]).done().json();
    assert_eq!(json["assessed"]["duties"][0]["owed"], "owed", "{json:#}");
}

#[test]
fn the_law_of_single_states_is_shown_with_the_duty_and_where_it_applies() {
    let said = run(["rules", "explain", "eu.gdpr.art34.people"]).done();
    said.shows("What the law of single States changes").shows("Germany, Federal Data Protection Act (BDSG) (GDPR Art. 23;");
    said.shows("BDSG s. 29(1) sentences 3-4").shows("Germany: would telling the people reveal something that must stay secret");
    let listed = run(["rules", "list", "eu.gdpr.art34.people", "-o", "json"]).done().json();
    assert_eq!(listed[0]["overlays"], json!(["DE", "FR"]), "{listed:#}");
    let folder = tempfile::tempdir().expect("a folder");
    let facts = folder.path().join("facts.json");
    let known = json!({ "at": "2026-11-21T12:00:00Z", "facts": {
        "breach.suspected": true, "breach.personal-data": true, "breach.security-failed": true, "risk.level": "high",
        "organisation.roles": ["controller"], "organisation.places": ["DE"], "organisation.zone": "Europe/Berlin",
    } });
    fs::write(&facts, known.to_string()).expect("a file");
    let json = run(["rules", "explain", "eu.gdpr.art34.people", "-o", "json", "--facts", text(&facts)]).done().json();
    let duty = &json["assessed"]["duties"][0];
    assert_eq!((&duty["owed"], &duty["overlays"][0]["place"]), (&json!("owed"), &json!("DE")), "{json:#}");
    assert!(duty["remarks"].to_string().contains("BDSG s. 43(4); unverified"), "{duty:#}");
}

/// A folder with a house pack of its own; `change` spoils or amends its duty.
fn house(change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/house");
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("house")).expect("a folder");
    for name in ["pack.toml", "cases.toml", "triage.toml", "quarantine.toml"] {
        let text = fs::read_to_string(built_in.join(name)).expect("the house pack is there");
        let text = if name == "triage.toml" { change(&text) } else { text };
        fs::write(folder.path().join("house").join(name), text).expect("a file");
    }
    folder
}

#[test]
fn faults_of_a_folder_are_told_all_at_once_with_line_and_caret() {
    run(["rules", "check", "--as-of", "2026-11-21"]).done().shows("no fault in ");
    let folder =
        house(|text| text.replace("breach.suspected\"", "breach.suspectd\"").replace("house policy, not law", "policy."));
    let said = run(["rules", "check", text(folder.path())]);
    assert_eq!(said.code, 3, "{said:#?}");
    said.shows("no fact `breach.suspectd` in the vocabulary").shows("did you mean `breach.suspected`?");
    said.shows("house/triage.toml:").shows("^^^^").shows("is no citation").shows("faults in the rules");
    let faults = run(["rules", "check", text(folder.path()), "-o", "json"]);
    let faults: Value = serde_json::from_str(&faults.out).expect("JSON");
    let fault = faults.as_array().into_iter().flatten().find(|fault| fault["text"].to_string().contains("suspectd"));
    let fault = fault.unwrap_or_else(|| panic!("{faults:#}"));
    assert_eq!((&fault["severity"], &fault["file"]), (&json!("error"), &json!("house/triage.toml")));
    assert!(fault["line"].as_u64().is_some_and(|line| line > 1), "{fault}");
}

#[test]
fn holidays_that_end_too_early_are_a_fault_of_a_check_made_that_day() {
    let said = run(["rules", "check", "--as-of", "2029-01-01"]);
    assert_eq!(said.code, 3, "{said:#?}");
    said.shows("the calendar `us-federal` has no holidays for 2029")
        .shows("hint: add [[year]] 2029 to calendars/us-federal.toml");
}

#[test]
fn a_review_that_is_long_past_is_a_warning_and_no_fault() {
    let folder = house(str::to_owned);
    let head = folder.path().join("house/pack.toml");
    let pack = fs::read_to_string(&head).expect("the pack is there");
    let reviewed = pack.lines().find(|line| line.starts_with("reviewed = ")).expect("a pack says when it was reviewed");
    fs::write(&head, pack.replace(reviewed, "reviewed = \"2020-02-29\"")).expect("a file");
    let said = run(["rules", "check", text(folder.path()), "--as-of", "2026-11-21"]).done();
    said.shows("warning: house/pack.toml: the pack was last reviewed ").shows("on 2020-02-29").shows("no fault in ");
}

#[test]
fn a_case_that_no_longer_comes_out_fails_with_what_differs() {
    let said = run(["rules", "test", "--pack", "house", "--coverage"]).done();
    assert!(said.out.trim_end().lines().last().is_some_and(|line| line.ends_with(" passed, 0 failed")), "{said:#?}");
    said.shows(" turns reached");
    let folder = house(|text| text.replace("unanswered = \"breach.suspected\"", "said = \"breach.suspected\""));
    let said = run(["rules", "test", "--pack", "house", text(folder.path())]);
    assert_eq!(said.code, 3, "{said:#?}");
    said.shows("FAILED house: ").shows("expected ");
    assert!(said.out.trim_end().lines().last().is_some_and(|line| line.contains(" failed")), "{said:#?}");
    run(["rules", "test", "--pack", "hous"]).fails(1, "no pack `hous`\nhint: there are ");
}

#[test]
fn an_editor_gets_the_schema_of_a_file() {
    let schema = run(["rules", "schema", "duty"]).done().json();
    assert_eq!(schema["title"], "Watchbell: duty");
}
