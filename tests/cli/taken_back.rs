//! A wrong word at three in the morning: found in the log, taken back, and every act says what it did.

use crate::support::Daemon;
use crate::{ask, run, stolen_laptop};

const SUSPECTED: [&str; 3] = ["breach.suspected=true", "--ground", "the laptop held a ward list"];

#[test]
fn a_mistaken_filing_is_found_in_the_log_and_taken_back() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let hhs = format!("{id}~us.hipaa.hhs~mercy");
    ask(&daemon, ["clock", "reopen", &hhs, "--because", "x"]).fails(1, "nothing ended it that could be taken back");

    let early = ["clock", "meet", &hhs, "--what", "filed in the OCR portal", "--filed-at", "2020-01-01T00:00:00Z"];
    let refused = ask(&daemon, early);
    refused.fails(1, "before the clock begins");
    refused.fails(1, "--although");
    let met = ask(&daemon, early.iter().chain(&["--although", "the portal's clock stood still", "--reference", "BR-7"])).done();
    met.shows("met: Report the breach to HHS").shows("ended:    Report the breach to HHS");

    let log = ask(&daemon, ["incident", "log", &id]).done();
    log.shows("opened by a report of native").shows("breach.suspected: yes").shows("ground: the laptop held a ward list");
    log.shows("ground: the portal's clock stood still").shows("filed in the OCR portal").shows("reference BR-7");

    let reopened = ask(&daemon, ["clock", "reopen", &hhs, "--because", "BR-7 is another house's report"]).done();
    reopened.shows("taken back: met: filed in the OCR portal").shows("it runs as if that had not been said");
    reopened.shows("new:      Report the breach to HHS");
    ask(&daemon, ["clock", "show", &hhs]).done().shows("Taken back").shows("BR-7 is another house's report");
    let log = ask(&daemon, ["incident", "log", &id]).done();
    log.shows("took back what had ended the clock").shows("ground: BR-7 is another house's report").shows("reference BR-7");

    let part = ["clock", "meet", &hhs, "--what", "first part", "--filed-at", "now", "--more-follows"];
    ask(&daemon, part).done().shows("on record: Report the breach to HHS").shows("1 filing");
    let determined = ["clock", "determine", &hhs, "--ground", "encrypted", "--cite", "45 CFR 164.402"];
    ask(&daemon, determined).done().shows("closed: ").shows("ended:    Report the breach to HHS");
    let json = ask(&daemon, ["clock", "reopen", &hhs, "--because", "the key was on the laptop", "-o", "json"]).done().json();
    assert_eq!(json["changes"][0]["change"], "new", "{json:#}");
}

#[test]
fn a_copy_of_the_store_tells_what_the_daemon_tells() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let asked = ask(&daemon, ["incident", "export", &id]).done().json();
    let history = ask(&daemon, ["config", "history", "-o", "json"]).done().json();
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history:#}");

    let store = daemon.store().display().to_string();
    let copied = run(["incident", "export", &id, "--store", &store]).done().json();
    let decisions = |export: &serde_json::Value| export["timeline"]["decisions"].as_u64().expect("a number");
    assert!(decisions(&copied) >= decisions(&asked));
    let entries = |export: &serde_json::Value| export["timeline"]["entries"].as_array().expect("entries").clone();
    let (asked, copied) = (entries(&asked), entries(&copied));
    assert_eq!(copied[..3], asked[..3], "the first entries are the same");
    let page = run(["incident", "export", &id, "--store", &store, "--format", "html"]).done();
    page.shows("<!DOCTYPE html>").shows("the laptop held a ward list");
    run(["config", "history", "--store", &store]).done().shows("people: ").shows("may ").shows("packs: ");
    run(["incident", "log", "inc-0000000000000000", "--store", &store]).fails(1, "no such incident in this store");
    run(["incident", "log", &id, "--store", "/nowhere"]).fails(1, "there is no store in `/nowhere`");
}

#[test]
fn what_was_settled_before_is_said_to_whoever_answers_otherwise() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "people.total=400", "--settles", "--ground", "counted"]).done();
    let log = ask(&daemon, ["incident", "log", &id]).done();
    log.shows("people.total: 400").shows("settles what is disputed");
}

#[test]
fn one_statement_holds_several_clocks_and_each_act_is_told_by_itself() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let clock = |duty: &str| format!("{id}~{duty}~mercy");
    let (individuals, hhs, none) = (clock("us.hipaa.individuals"), clock("us.hipaa.hhs"), clock("us.hipaa.nothing"));
    let statement = ["--rule", "law-enforcement-oral", "--official", "Agent Doe, FBI Cleveland", "--words", "on the telephone"];
    let pause = |ids: &[&str]| {
        let args: Vec<&str> = ["clock", "pause"].iter().chain(ids).chain(&statement).chain(&["--from", "now"]).copied().collect();
        ask(&daemon, args)
    };
    let said = pause(&[&individuals, &none, &hhs, &individuals]);
    assert_eq!(said.code, 1, "one was refused: {said:?}");
    said.shows(&format!("{individuals}\n  hold 1 is on record")).shows(&format!("{hhs}\n  hold 1 is on record"));
    assert!(said.err.contains(&none) && said.err.contains("error: "), "{said:?}");

    let acked = ask(&daemon, ["clock", "ack", &individuals, &hhs, "--for", "1h", "-o", "json"]).done().json();
    assert_eq!(acked.as_array().map(Vec::len), Some(2), "{acked:#}");
    let missing = ask(&daemon, ["clock", "ack", &individuals, &none, "-o", "json"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.json()[1]["refused"]
            .as_str()
            .is_some_and(|refused| refused.contains("no such clock") || refused.contains("no clock")),
        "{missing:?}"
    );

    let met = ["clock", "meet", &individuals, "--what", "letters by first-class mail", "--filed-at", "now"];
    let met = ask(&daemon, met).done();
    met.shows("note: a statement of Agent Doe, FBI Cleveland asks that telling wait until ").shows("ask counsel");
    met.shows("people who are found later will get no further clock").shows("--told NUMBER");
    let told = ["clock", "meet", &hhs, "--what", "report in the portal", "--filed-at", "now"];
    assert!(!ask(&daemon, told).done().out.contains("found later"), "it tells no people");

    let shown = ask(&daemon, ["incident", "show", &id, "T-1"]).done();
    assert_eq!(shown.out.matches("Stolen laptop\n").count(), 2, "{shown:?}");
    let shown = ask(&daemon, ["incident", "show", &id, "inc-0000000000000000"]);
    assert_eq!(shown.code, 1);
    shown.shows("Stolen laptop");
}

#[test]
fn a_filing_with_a_number_of_people_told_needs_no_note() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let individuals = format!("{id}~us.hipaa.individuals~mercy");
    let met = ["clock", "meet", &individuals, "--what", "letters", "--filed-at", "now", "--told", "40"];
    assert!(!ask(&daemon, met).done().out.contains("note: "));
}
