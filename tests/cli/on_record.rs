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
    before.shows("1 open question").shows("breach.suspected=true --because").shows("(true or false)");
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
    shown.shows("  Due   ").shows("  At the latest  ").shows("How the due date was found: 500 or more");
    shown.shows("How the outer date was found: fewer than 500").shows("1. the clock starts: ").shows("time zone data ");
    shown.shows("arises (45 CFR 164.408): open").shows("Alerts").shows("  Draft   ").shows(" lacks ");
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
fn incidents_are_listed_by_what_is_asked_for_and_found_by_their_senders_id() {
    let daemon = Daemon::start(|_| {});
    let post = |event: serde_json::Value| daemon.post("native", &event).json()["incident"].as_str().expect("an id").to_owned();
    let laptop = post(json!({ "id": "T-1", "title": "Stolen laptop", "severity": "high" }));
    let mail = post(json!({ "id": "T-2", "title": "Mail to the wrong ward", "severity": "low" }));
    let listed = |more: &[&str]| {
        let said = ask(&daemon, ["incident", "list", "-o", "json"].iter().chain(more)).done().json();
        let cards = said.as_array().expect("a list").clone();
        cards.iter().filter_map(|card| card["incident"].as_str().map(str::to_owned)).collect::<std::collections::BTreeSet<_>>()
    };
    let both = std::collections::BTreeSet::from([laptop.clone(), mail.clone()]);
    let one = |id: &String| std::collections::BTreeSet::from([id.clone()]);
    assert_eq!(listed(&["--severity", "HIGH"]), one(&laptop));
    assert_eq!(listed(&["--severity", "high", "--severity", "low", "--source", "native"]), both);
    assert_eq!(listed(&["--words", "WARD"]), one(&mail));
    assert_eq!(listed(&["--organisation", "mercy", "--duty", "house."]), both);
    assert!(listed(&["--organisation", "nobody"]).is_empty() && listed(&["--source", "wazuh"]).is_empty());
    assert_eq!(listed(&["--state", "open"]), both);
    assert!(listed(&["--state", "passed"]).is_empty() && listed(&["--state", "closed"]).is_empty());
    assert_eq!(listed(&["--since", "2020-01-01T00:00:00Z"]), both);
    assert!(listed(&["--since", "2198-01-01T00:00:00Z"]).is_empty() && listed(&["--until", "2020-01-01T00:00:00Z"]).is_empty());
    ask(&daemon, ["clock", "ack", &format!("{laptop}~house.triage~mercy"), "--for", "10m"]).done();
    assert_eq!(listed(&["--state", "unowned"]), one(&mail));

    ask(&daemon, ["incident", "show", "T-2"]).done().shows(&mail);
    ask(&daemon, ["incident", "show", "native:T-2"]).done().shows(&mail);
    ask(&daemon, ["clock", "show", "T-1~house.triage~mercy"]).done().shows(&format!("{laptop}~house.triage~mercy"));
    let no = ["answer", "T-2", "breach.suspected=false", "incident.cyber=false", "--because", "it came back unopened"];
    ask(&daemon, no).done().shows("your answers are on record");
    assert_eq!(listed(&["--state", "closed"]), one(&mail));
    ask(&daemon, ["incident", "show", "T-3"]).fails(1, "no such incident: `T-3`");
    // Two senders may use one id: then it is said which are meant.
    let other = daemon.post("soc", &json!({ "id": "T-1", "title": "Another" })).json()["incident"].clone();
    ask(&daemon, ["incident", "show", "T-1"]).fails(1, "hint: give the incident's own id, or SOURCE:ID");
    ask(&daemon, ["incident", "show", "soc:T-1"]).done().shows(other.as_str().expect("an id"));
}

#[test]
fn a_person_opens_an_incident_adds_notes_and_names_what_came_with_it() {
    let daemon = Daemon::start(|_| {});
    let file = daemon.folder().join("photo.txt");
    fs::write(&file, "abc").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let open = |more: &[&str]| {
        let said = ["incident", "open", "Laptop left on a train", "--reporter", "ward 3, ext. 4410", "--id", "tel-7"];
        ask(&daemon, said.iter().chain(more))
    };
    let told = [
        "--note",
        "unlocked",
        "--severity",
        "high",
        "--attach",
        file,
        "noticed.at=2026-11-20T09:00:00Z",
        "--because",
        "she says",
    ];
    let opened = open(&told).done();
    let id = opened.out.split_whitespace().next().expect("an id").to_owned();
    let shown = ask(&daemon, ["incident", "show", &id]).done();
    shown
        .shows("reported by ward 3, ext. 4410, taken down by Dr. Ada Keller")
        .shows("note by Dr. Ada Keller (privacy officer): unlocked");
    shown.shows("photo.txt, 3 bytes, SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    shown.shows("noticed.at").shows("house.triage");
    assert!(open(&told).done().out.starts_with(&id), "said twice, it is one");

    ask(&daemon, ["incident", "note", &id, "the train company has it"]).done().shows("it moves no clock");
    ask(&daemon, ["incident", "show", &id]).done().shows("the train company has it");
    ask(&daemon, ["incident", "note", &id, " "]).fails(1, "`note` must not be empty");
    ask(&daemon, ["incident", "note", "inc-nowhere", "x"]).fails(1, "no such incident");
    ask(&daemon, ["incident", "open", "x", "--severity", "grave"]).fails(1, "there is no severity `grave`");
    ask(&daemon, ["incident", "open", "x", "--organisation", "mercury"]).fails(1, "there is no organisation `mercury`");
    ask(&daemon, ["incident", "open", "x", "--reported-at", "2198-01-01T00:00:00Z"]).fails(1, "which lies in the future");
    ask(&daemon, ["incident", "open", "x", "brech.suspected=true"]).fails(1, "did you mean `breach.suspected`?");
}

#[test]
fn what_nobody_said_is_not_said_by_nobody() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "breach.suspected=true", "--because", "seen"]).done();
    ask(&daemon, ["answer", &id, "people.by-place={\"US-OH\": 900, \"US-TX\": 700}"]).done();
    let shown = ask(&daemon, ["incident", "show", &id]).done();
    shown.shows("replaced by a clock for each").shows("found without anybody's word, recorded ");
    assert!(!shown.out.contains("said by ,"), "{shown:?}");
}

#[test]
fn the_board_leaves_closed_clocks_out_in_every_form_and_says_when_a_limit_has_passed() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "breach.suspected=true", "--because", "seen"]).done();
    let standings = |more: &[&str]| {
        let board = ask(&daemon, ["board", "-o", "json"].iter().chain(more)).json();
        let clocks = board["cards"][0]["clocks"].as_array().expect("clocks").clone();
        clocks.iter().filter_map(|clock| clock["standing"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(standings(&["--all"]).iter().any(|standing| standing == "met"));
    assert!(!standings(&[]).is_empty() && standings(&[]).iter().all(|standing| standing != "met" && standing != "void"));
    ask(&daemon, ["board"]).done();
    let past = ["answer", &id, "noticed.at=2026-01-05T09:00:00Z", "--because", "the log"];
    ask(&daemon, past).done();
    let said = ask(&daemon, ["board"]);
    assert_eq!(said.code, 3, "{said:?}");
    // The daemon notes by itself that the limit has passed.
    wait_for("the board says so", || ask(&daemon, ["board"]).out.contains("LIMIT PASSED").then_some(()));
}

#[test]
fn a_lease_that_is_cut_says_so() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    let triage = format!("{id}~house.triage~mercy");
    let said = ask(&daemon, ["clock", "ack", &triage, "--for", "2h"]).done();
    said.shows("not for 2 h 0 min as you asked, but for ").shows("nothing is kept quiet in the last call before the limit");
    let said = ask(&daemon, ["clock", "silence", &triage, "--for", "2h", "--because", "exercise"]).done();
    said.shows("not for 2 h 0 min as you asked");
    let said = ask(&daemon, ["clock", "ack", &triage, "--for", "10m"]).done();
    assert!(!said.out.contains("as you asked"), "{said:?}");
    // The words of before are taken as well.
    ask(&daemon, ["clock", "silence", &triage, "--for", "5m", "--reason", "exercise"]).done();
}

#[test]
fn an_auditor_reads_messages_and_changes_nothing() {
    let daemon = Daemon::start(|config| config.replace(r#"may = ["read", "act", "operate"]"#, r#"may = ["read"]"#));
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["incident", "message", &id, "1"]).done().shows("Stolen laptop");
    let kept = daemon.post("native", &json!({ "titel": "x" })).json()["quarantine"].as_str().expect("an id").to_owned();
    ask(&daemon, ["quarantine", "show", &kept]).done().shows("titel");
    ask(&daemon, ["quarantine", "drop", &kept, "--because", "x"]).fails(1, "may not do this");
}

#[test]
fn the_draft_of_a_void_clock_is_taken_away_and_comes_back_with_the_clock() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "breach.suspected=true", "--because", "seen"]).done();
    let file = |form: &str| daemon.folder().join(format!("drafts/{id}/us.hipaa.individuals.mercy.{form}"));
    assert!(file("txt").exists() && file("html").exists());
    let clock = format!("{id}~us.hipaa.individuals~mercy");
    ask(&daemon, ["clock", "determine", &clock, "--because", "encrypted", "--cite", "45 CFR 164.402"]).done();
    assert!(!file("txt").exists() && !file("html").exists(), "nobody sends it by mistake");
    // Other facts set it anew.
    ask(&daemon, ["answer", &id, "noticed.at=2026-11-20T09:00:00Z", "--because", "the log"]).done();
    let runs = ask(&daemon, ["clock", "show", &clock, "-o", "json"]).done().json()["line"]["standing"] != "void";
    assert_eq!(file("txt").exists(), runs);
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
