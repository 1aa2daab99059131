//! The register of breaches: every "not owed" with its ground, every filing and how late, from a daemon and from a copy.

use crate::support::Daemon;
use crate::{ask, run, stolen_laptop};
use serde_json::Value;

const ADA: &str = "Dr. Ada Keller (privacy officer)";

/// An incident with a filing that is late, one judgement, one that was taken back, and a "no".
fn worked(daemon: &Daemon) -> String {
    let id = stolen_laptop(daemon);
    ask(daemon, ["answer", &id, "breach.suspected=true", "--because", "=HYPERLINK(\"the ward list\")"]).done();
    ask(daemon, ["answer", &id, "hipaa.discovered-at=2026-01-05T09:00:00Z", "--because", "the badge log"]).done();
    let clock = |duty: &str| format!("{id}~{duty}~mercy");
    let late = ["--what", "report filed in the OCR portal", "--filed-at", "now", "--reference", "BR-7"];
    ask(daemon, ["clock", "meet", &clock("us.hipaa.hhs")].iter().chain(&late)).done();
    let individuals = clock("us.hipaa.individuals");
    let judged = ["clock", "determine", &individuals, "--because", "the disk is encrypted", "--cite", "45 CFR 164.402"];
    ask(daemon, judged).done();
    ask(daemon, ["clock", "reopen", &individuals, "--because", "the key was in the bag"]).done();
    id
}

fn lines(register: &Value) -> Vec<Value> {
    let entries = register["entries"].as_array().expect("entries");
    entries.iter().flat_map(|entry| entry["lines"].as_array().expect("lines").clone()).collect()
}

#[test]
fn the_register_holds_filings_with_their_lateness_and_judgements_also_when_taken_back() {
    let daemon = Daemon::start(|_| {});
    let id = worked(&daemon);
    let register = ask(&daemon, ["register", "-o", "json"]).done().json();
    let entry = &register["entries"][0];
    assert_eq!((entry["incident"].as_str(), entry["organisation"].as_str()), (Some(id.as_str()), Some("mercy")));
    let suspected = &entry["facts"][0];
    assert_eq!((suspected["key"].as_str(), suspected["by"].as_str()), (Some("breach.suspected"), Some(ADA)));

    let lines = lines(&register);
    let of = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
    let filed = of("met").find(|line| line["duty"] == "us.hipaa.hhs").expect("the filing");
    assert_eq!(filed["filed"]["reference"], "BR-7");
    assert!(filed["late_s"].as_i64().is_some_and(|late_s| late_s > 86_400), "{filed:#}");
    let judged = of("determined").next().expect("the judgement");
    assert_eq!((judged["ground"].as_str(), judged["by"][0].as_str()), (Some("the disk is encrypted"), Some(ADA)));
    assert_eq!(judged["overtaken"]["because"], "the key was in the bag");
    assert!(
        lines
            .iter()
            .any(|line| matches!(line["kind"].as_str(), Some("open" | "missed")) && line["duty"] == "us.hipaa.individuals")
    );

    let text = ask(&daemon, ["register"]).done();
    text.shows("reference BR-7")
        .shows("LATE, the limit was")
        .shows("TAKEN BACK by Dr. Ada Keller (privacy officer)")
        .shows("1 of them late");
    let not_owed = ask(&daemon, ["register", "--not-owed"]).done();
    not_owed.shows("determined not owed").shows("the disk is encrypted");
    assert!(!not_owed.out.contains("BR-7"), "{not_owed:?}");
}

#[test]
fn a_no_is_in_the_register_with_the_persons_own_ground() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "breach.suspected=true", "--because", "a ward list"]).done();
    ask(&daemon, ["answer", &id, "breach.suspected=false", "--because", "the laptop was empty, IT wiped it on Friday"]).done();
    let lines = lines(&ask(&daemon, ["register", "--not-owed", "-o", "json"]).done().json());
    let hhs = lines.iter().find(|line| line["duty"] == "us.hipaa.hhs").expect("the duty that ended");
    assert_eq!((hhs["kind"].as_str(), hhs["by"][0].as_str()), (Some("not-owed"), Some(ADA)));
    let own = hhs["own_words"].as_array().expect("own words");
    assert!(own.iter().any(|word| word["ground"] == "the laptop was empty, IT wiped it on Friday"), "{hhs:#}");
    ask(&daemon, ["register"]).done().shows("breach.suspected: no, on the ground: the laptop was empty, IT wiped it on Friday");
}

#[test]
fn the_register_is_filtered_paged_and_the_same_from_a_copy() {
    let daemon = Daemon::start(|_| {});
    worked(&daemon);
    let second = serde_json::json!({ "id": "T-2", "title": "=cmd|' /C calc'!A0", "severity": "low" });
    assert_eq!(daemon.post("native", &second).status, 202);
    let count = |args: &[&str]| {
        let said = ask(&daemon, ["register", "-o", "json"].iter().chain(args)).done().json();
        said["entries"].as_array().expect("entries").len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--organisation", "mercy"]), 2);
    assert_eq!(count(&["--since", "2099-01-01T00:00:00Z"]), 0);
    assert_eq!(count(&["--until", "2020-01-01T00:00:00Z"]), 0);
    let none = ask(&daemon, ["register", "--organisation", "merci"]).done();
    assert!(none.err.contains("nothing of `merci`"), "{none:?}");

    let first = daemon.get("/v1/register?limit=1").json();
    let next = first["next"].as_str().expect("a next page").to_owned();
    let rest = daemon.get(&format!("/v1/register?limit=1&after={next}")).json();
    assert_ne!(first["entries"][0]["incident"], rest["entries"][0]["incident"]);

    let csv = ask(&daemon, ["register", "--csv"]).done();
    let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert!(rows.iter().any(|row| row.iter().any(|cell| cell == "BR-7")));
    assert!(rows.iter().flatten().any(|cell| cell == "'=HYPERLINK(\"the ward list\")"), "{}", csv.out);
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{}", csv.out);

    let store = daemon.store().display().to_string();
    let copied = run(["register", "--store", &store, "--csv"]).done();
    assert_eq!(copied.out, csv.out);
    run(["register", "--store", "/nowhere"]).fails(1, "there is no store in `/nowhere`");
}
