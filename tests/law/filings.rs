//! Reports as published by HHS, read as facts and assessed: what the numbers say must come out.
//!
//! A published report names the State of the entity, not that of the people, and not when the breach was discovered. So each
//! is assessed twice: as far as the report goes, and as if all the people lived in the entity's State. The discovery is
//! set 60 days before the filing: the filing then fell on the very last day.

use crate::RULES;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use watchbell::domain::instant::{Duration, NaiveDate, Zone, parse_rfc3339};
use watchbell::domain::law::assess::Assessment;
use watchbell::domain::law::what_if::{Answer, Inquiry};
use watchbell::domain::law::{Owed, Rulebook};

/// One row.
#[derive(Debug)]
struct Report {
    name: String,
    state: Option<String>,
    associate: bool,
    people: Option<u64>,
    filed: NaiveDate,
    types: Vec<&'static str>,
    places: Vec<&'static str>,
}

fn reports(path: &Path) -> Vec<Report> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).expect("the file is readable");
    let rows = reader.records().map(|row| row.expect("the file is CSV"));
    rows.map(|row| {
        let blank_is_none = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Report {
            // The portal's names hold remains of wrongly read quotation marks, control characters among them.
            name: row[0].chars().filter(|c| !c.is_control()).collect(),
            state: blank_is_none(&row[1]),
            associate: &row[2] == "Business Associate",
            people: blank_is_none(&row[3]).map(|number| number.parse().expect("a whole number")),
            filed: date(&row[4]),
            types: row[5].split(',').map(|word| breach_type(word.trim())).collect(),
            places: row[6].split(',').map(|word| location(word.trim())).collect(),
        }
    })
    .collect()
}

/// Both ways in which the portal has written dates.
fn date(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%m/%d/%Y").or_else(|_| text.parse()).unwrap_or_else(|_| panic!("`{text}` is no date"))
}

fn breach_type(words: &str) -> &'static str {
    match words {
        "Hacking/IT Incident" => "hacking-or-it-incident",
        "Improper Disposal" => "improper-disposal",
        "Loss" => "loss",
        "Theft" => "theft",
        "Unauthorized Access/Disclosure" => "unauthorized-access-or-disclosure",
        other => panic!("no breach type `{other}`"),
    }
}

fn location(words: &str) -> &'static str {
    match words {
        "Desktop Computer" => "desktop-computer",
        "Electronic Medical Record" => "electronic-medical-record",
        "Email" => "email",
        "Laptop" => "laptop",
        "Network Server" => "network-server",
        "Other" => "other",
        "Other Portable Electronic Device" => "other-portable-electronic-device",
        "Paper/Films" => "paper-or-films",
        other => panic!("no location `{other}`"),
    }
}

fn eastern() -> Zone {
    Zone::named("America/New_York").expect("an IANA name")
}

impl Report {
    /// The report as a question; with `all_in_state` the people are said to live in the entity's State.
    fn question(&self, all_in_state: bool) -> Value {
        let discovered = self.filed - Duration::days(60);
        let (noon, _) = eastern().instant_of(discovered.and_hms_opt(12, 0, 0).expect("a valid time of day"));
        let mut facts: Map<String, Value> = [
            ("organisation.roles", json!([if self.associate { "business-associate" } else { "covered-entity" }])),
            ("organisation.places", json!(["US"])),
            ("organisation.zone", json!(eastern().name())),
            ("organisation.name", json!(self.name)),
            ("breach.suspected", json!(true)),
            ("breach.personal-data", json!(true)),
            ("hipaa.phi", json!(true)),
            ("hipaa.impermissible", json!(true)),
            ("hipaa.discovered-at", json!(eastern().rfc3339(noon))),
            ("hipaa.form.breach-type", json!(self.types)),
            ("hipaa.form.location", json!(self.places)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        if let Some(people) = self.people {
            facts.insert("people.total".into(), json!(people));
            if all_in_state {
                let place = self.state.as_ref().map_or_else(|| "US".to_owned(), |state| format!("US-{state}"));
                facts.insert("people.by-place".into(), json!({ place: people }));
            }
        }
        json!({ "id": self.name, "facts": facts })
    }
}

fn found<'a>(answer: &'a Answer<'_>, duty: &str) -> &'a Assessment<'a> {
    let judged = answer.duties.iter().find(|judged| judged.assessment.duty.text.id.as_str() == duty);
    &judged.unwrap_or_else(|| panic!("`{duty}` was not assessed")).assessment
}

/// Assesses a report and hands the answer to `look`.
fn assessed(rules: &Rulebook, report: &Report, all_in_state: bool, look: impl FnOnce(&Answer<'_>)) {
    let at = parse_rfc3339("2026-11-21T12:00:00Z").expect("an instant");
    let mut inquiry = Inquiry::of(rules, at);
    inquiry.all = true;
    let question = report.question(all_in_state).to_string();
    let question = inquiry.read(&question).unwrap_or_else(|faults| panic!("{}: {faults:?}", report.name));
    let answer = inquiry.answer(&question);
    assert_eq!(answer.duties.len(), rules.enabled(&[]).map(|pack| pack.duties.len()).sum::<usize>());
    look(&answer);
}

fn check(rules: &Rulebook, report: &Report) {
    assessed(rules, report, false, |answer| {
        let [individuals, hhs, media, covered_entity] =
            ["us.hipaa.individuals", "us.hipaa.hhs", "us.hipaa.media", "us.hipaa.covered_entity"].map(|id| found(answer, id));
        if report.associate {
            assert_eq!(covered_entity.owed, Owed::Owed, "{report:?}");
            assert_eq!([individuals.owed, hhs.owed, media.owed], [Owed::NotBound; 3], "{report:?}");
            assert_eq!(due_date(covered_entity), report.filed, "{report:?}");
            return;
        }
        assert_eq!([individuals.owed, hhs.owed, covered_entity.owed], [Owed::Owed, Owed::Owed, Owed::NotBound], "{report:?}");
        assert_eq!(due_date(individuals), report.filed, "{report:?}");
        // Not knowing the number is not knowing that they are few: the shorter limit runs.
        let filed_at_once = report.people.is_none_or(|people| people >= 500);
        assert_eq!(due_date(hhs) == report.filed, filed_at_once, "{report:?}");
        // A total alone says where nobody lives: it settles the media only when it is too small for any State.
        let media_expected = if report.people.is_some_and(|people| people <= 500) { Owed::NotOwed } else { Owed::Open };
        assert_eq!(media.owed, media_expected, "{report:?}");
        let asked = media.missing.iter().any(|key| key.as_str() == "people.by-place");
        assert_eq!(asked, media_expected == Owed::Open, "{report:?} {:?}", media.missing);
    });
    let (false, Some(people)) = (report.associate, report.people) else { return };
    assessed(rules, report, true, |answer| {
        let media = found(answer, "us.hipaa.media");
        let expected = match (people > 500, &report.state) {
            (false, _) => Owed::NotOwed,
            (true, Some(_)) => Owed::Owed,
            // Counted only for the whole country.
            (true, None) => Owed::Open,
        };
        assert_eq!(media.owed, expected, "{report:?}");
    });
}

/// The civil date of the deadline in its own zone.
fn due_date(assessment: &Assessment<'_>) -> NaiveDate {
    let term = &assessment.deadlines.as_ref().expect("a duty that is owed has deadlines").operational;
    term.zone.date_of(term.at.expect("the limit is a number"))
}

#[test]
fn reports_with_the_quirks_of_the_portal_come_out_as_their_numbers_say() {
    let rules = &*RULES;
    let reports = reports(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/filings/reports.csv"));
    assert_eq!(reports.len(), 6);
    assert_eq!(reports[0].name, "Harbour Clinic, P.L.L.C.");
    assert_eq!(reports[1].filed, date("10/07/2024"));
    assert_eq!((reports[4].people, reports[2].state.as_deref()), (None, None));
    reports.iter().for_each(|report| check(rules, report));
}

#[test]
fn every_published_report_comes_out_as_its_numbers_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/hhs-ocr");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no published reports beside the project");
        return;
    };
    let rules = &*RULES;
    let is_csv = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "csv");
    let reports: Vec<Report> =
        files.map(|file| file.expect("the folder is readable").path()).filter(is_csv).flat_map(|path| reports(&path)).collect();
    assert!(!reports.is_empty(), "the folder holds no report");
    reports.iter().for_each(|report| check(rules, report));
    println!("{} reports", reports.len());
}
