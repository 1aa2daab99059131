//! What people ask of a running daemon, from the first look to the filed report.

use crate::support::{Daemon, wait_for};
use crate::{ask, stolen_laptop};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const SUSPECTED: [&str; 3] = ["breach.suspected=true", "--ground", "the laptop held a ward list"];

#[test]
fn the_board_says_what_runs_and_how_long_is_left() {
    let daemon = Daemon::start(|_| {});
    ask(&daemon, ["board"]).done().shows("no open incident");

    let id = stolen_laptop(&daemon);
    let board = ask(&daemon, ["board"]).done();
    board.shows(&format!("{id}  Stolen laptop")).shows("high, from native, opened ");
    board.shows("Say whether this may be a breach (house policy, not law)").shows("min left").shows("America/New_York");
    board.shows("nobody").shows("1 incident, 1 open clock");
    let cards = ask(&daemon, ["board", "-o", "json"]).done().json();
    assert_eq!(cards["cards"][0]["clocks"][0]["duty"], "house.triage");

    ask(&daemon, ["incident", "list"]).done().shows(&id).shows("NEXT LIMIT");
    assert_eq!(ask(&daemon, ["-o", "json", "incident", "list"]).done().json()[0]["title"], "Stolen laptop");
}

#[test]
fn an_answer_shows_what_it_changed_and_an_incident_what_is_still_asked() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    let before = ask(&daemon, ["incident", "show", &id]).done();
    before.shows("If this may be a breach, these limits run").shows("Report the breach to HHS");
    before.shows("1 open question").shows("breach.suspected=true --ground").shows("(true or false)");
    before.shows("ward   north  /labels/ward").shows("concerns Mercy Hospital Group (mercy)");

    let changed = ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    changed.shows("new:      Notify each person affected (45 CFR 164.404): due ").shows("answers missing");
    changed.shows("ended:    Say whether this may be a breach").shows("questions are open; next: ");

    let again = ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    again.shows("no clock has changed");

    let discovered = "hipaa.discovered-at=2026-01-10T09:00:00-05:00";
    let moved = ask(&daemon, ["answer", &id, discovered, "--ground", "the ward's log", "-o", "json"]).done().json();
    let changes = moved["changes"].as_array().expect("changes");
    let moved = changes.iter().find(|change| change["change"] == "moved" && change["clock"]["duty"] == "us.hipaa.individuals");
    assert_eq!(moved.expect("the clock has moved")["clock"]["due"], "2026-03-12T03:59:59Z");

    let after = ask(&daemon, ["incident", "show", &id]).done();
    after.shows("To decide: ").shows("breach.suspected").shows("Dr. Ada Keller (privacy officer)");
    after.shows("Sat 10 Jan 2026 14:00 UTC").shows("overdue");
    let view = ask(&daemon, ["incident", "show", &id, "-o", "json"]).done().json();
    assert!(view["questions"].as_array().expect("questions").len() > 5);

    // Nothing is involved that the law protects: the grounds are on record and shown.
    ask(&daemon, ["answer", &id, "hipaa.phi=false", "breach.personal-data=false", "people.total=null"]).done().shows("ended: ");
    ask(&daemon, ["incident", "show", &id]).done().shows("Not owed, with the ground on record").shows("not known");
}

#[test]
fn a_clock_is_shown_owned_met_and_closed() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let hhs = format!("{id}~us.hipaa.hhs~mercy");
    let media = format!("{id}~us.hipaa.media~mercy");

    ask(&daemon, ["clock", "list"]).done().shows(&hhs).shows(&media);
    let only = ask(&daemon, ["clock", "list", "--duty", "us.hipaa.hhs", "--incident", &id, "-o", "json"]).done().json();
    assert_eq!(only.as_array().map(Vec::len), Some(1), "{only}");
    assert_eq!(only[0]["id"], hhs.as_str());

    wait_for("the first alert is on its way", || {
        let shown = ask(&daemon, ["clock", "show", &hhs]).done();
        shown.out.contains("delivered (1 attempt)").then_some(())
    });
    let shown = ask(&daemon, ["clock", "show", &hhs]).done();
    shown.shows("Due            ").shows("At the latest  ").shows("How the due date was found: 500 or more");
    shown.shows("How the outer date was found: fewer than 500").shows("1. the clock starts: ").shows("time zone data ");
    shown.shows("arises (45 CFR 164.408): open").shows("Alerts").shows("Draft          lacks ");
    assert!(ask(&daemon, ["clock", "show", &hhs, "-o", "json"]).done().json()["deadlines"]["outer"].is_object());

    let owned = ask(&daemon, ["clock", "ack", &hhs, "--for", "2h"]).done();
    owned.shows("Dr. Ada Keller (privacy officer) owns it until ").shows("the clock keeps running: due ");
    ask(&daemon, ["clock", "list"]).done().shows("Dr. Ada Keller (privacy officer) for ");

    let meet = ["clock", "meet", &hhs, "--what", "report filed in the portal", "--filed-at", "now", "--reference", "BR-7"];
    ask(&daemon, meet).done().shows("met: Report the breach to HHS").shows("before the limit");
    ask(&daemon, ["clock", "show", &hhs]).done().shows("report filed in the portal, reference BR-7, filed ");
    ask(&daemon, meet).fails(1, "error: the clock is met already");

    let ground = ["--ground", "fewer than 500 in any State", "--cite", "45 CFR 164.406(a)", "-o", "json"];
    let closed = ask(&daemon, ["clock", "determine", &media].iter().chain(&ground)).done().json();
    assert_eq!(closed["line"]["standing"], "void");
    ask(&daemon, ["incident", "show", &id]).done().shows("fewer than 500 in any State (45 CFR 164.406(a))");
    assert!(!ask(&daemon, ["clock", "list"]).done().out.contains(&media));
    ask(&daemon, ["clock", "list", "--all"]).done().shows(&media).shows("nothing owed");
    ask(&daemon, ["board", "--all"]).done().shows("nothing owed");
}

#[test]
fn a_hold_moves_a_clock_as_far_as_its_law_allows() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let people = format!("{id}~us.hipaa.individuals~mercy");
    let pause = ["clock", "pause", &people, "--rule", "law-enforcement-written", "--official", "Agent Doe", "--from", "now"];
    let until = ["--until", "2031-01-01T00:00:00Z", "--words", "letter 77"];
    ask(&daemon, pause.iter().chain(&until)).done().shows("hold 1 is on record").shows("2030");
    ask(&daemon, ["clock", "show", &people]).done().shows("Holds").shows("letter 77").shows("Agent Doe");
    let resume = ["clock", "resume", &people, "--hold", "1", "--at", "now", "--ground", "call of Agent Doe"];
    let resumed = ask(&daemon, resume).done();
    resumed.shows("the hold has ended");
    assert!(!resumed.out.contains("2030"), "{resumed:?}");
    let unknown = ["clock", "pause", &people, "--rule", "holiday", "--official", "x", "--from", "now", "--words", "x"];
    ask(&daemon, unknown).fails(1, "no hold `holiday` for this duty");
}

#[test]
fn a_notice_goes_to_the_screen_or_into_a_file_of_ones_own() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id].iter().chain(&SUSPECTED)).done();
    let people = format!("{id}~us.hipaa.individuals~mercy");

    ask(&daemon, ["notice", "show", &people]).done().shows("DRAFT").shows("[MISSING: ");
    assert!(ask(&daemon, ["notice", "show", &people, "-o", "json"]).done().json()["digest"].is_string());
    let file = daemon.folder().join("notice.html");
    let to_file = ["notice", "show", &people, "--format", "html", "--out", file.to_str().expect("UTF-8")];
    let written = ask(&daemon, to_file).done();
    assert_eq!((written.out.as_str(), written.err.contains("written to ")), ("", true), "{written:?}");
    assert!(fs::read_to_string(&file).expect("a file").contains("<html"));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    fs::write(&file, "edited by counsel").expect("our own file");
    ask(&daemon, to_file).fails(1, "hint: it may have been edited");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "edited by counsel");
    ask(&daemon, ["notice", "show", &format!("{id}~house.triage~mercy")]).fails(1, "has no notice");
}

#[test]
fn a_message_in_quarantine_is_listed_without_its_content() {
    let daemon = Daemon::start(|_| {});
    ask(&daemon, ["quarantine", "list"]).done().shows("nothing is in quarantine");
    let answer = daemon.post("native", &json!({ "titel": "SECRET-NAME" }));
    assert_eq!(answer.status, 422);
    let kept = answer.json()["quarantine"].as_str().expect("an id").to_owned();
    let listed = ask(&daemon, ["quarantine", "list"]).done();
    listed.shows(&kept).shows("native").shows("event-invalid");
    assert!(!listed.out.contains("SECRET-NAME"), "{listed:?}");
    let listed = ask(&daemon, ["quarantine", "list", "-o", "json"]).done();
    assert_eq!(listed.json()[0]["id"], kept.as_str());
    assert!(!listed.out.contains("SECRET-NAME"), "{listed:?}");
    let board = ask(&daemon, ["board"]).done();
    assert!(board.err.contains("1 message in quarantine"), "{board:?}");
}

#[test]
fn more_incidents_than_a_page_holds_are_all_listed() {
    const COUNT: usize = 1001;
    let daemon = Daemon::start(|_| {});
    let events: Vec<_> = (0..COUNT).map(|nth| json!({ "id": format!("T-{nth}"), "title": "Stolen laptop" })).collect();
    assert_eq!(daemon.post("native", &json!(events)).status, 202);
    let clocks = ask(&daemon, ["clock", "list", "-o", "json"]).done().json();
    assert_eq!(clocks.as_array().map(Vec::len), Some(COUNT));
    assert_eq!(daemon.get("/v1/clocks").json().as_array().map(Vec::len), Some(COUNT));
    assert_eq!(daemon.get("/v1/clocks?limit=3").json().as_array().map(Vec::len), Some(3));
}

#[test]
fn a_title_cannot_speak_to_the_terminal() {
    let daemon = Daemon::start(|_| {});
    let event = json!({ "id": "T-2", "title": "ok", "status": "done\u{1b}[2J", "labels": { "w\u{1b}]0;x\u{7}": "v\u{1b}[1m" } });
    assert_eq!(daemon.post("native", &event).status, 202);
    let id = ask(&daemon, ["incident", "list", "-o", "json"]).done().json()[0]["incident"].as_str().expect("an id").to_owned();
    let shown = ask(&daemon, ["incident", "show", &id]).done();
    assert!(!shown.out.contains('\u{1b}') && !shown.out.contains('\u{7}'), "{shown:?}");
}
