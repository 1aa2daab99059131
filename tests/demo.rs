//! The demo as a stranger runs it: the real binary, nothing configured, status 0 only if every step was seen.

use assert_cmd::Command;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

fn demo(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("watchbell").expect("the binary is built");
    command.arg("demo").arg("--exit").env("TMPDIR", folder).timeout(PATIENCE);
    command
}

/// Lines that must be there, in this order; what varies from run to run is left out.
const LINES: [&str; 17] = [
    " 1 The daemon starts",
    "level 15: Possible ransomware",
    "min left: Say whether this may be a breach",
    "If it is one, the nearest limit is: Report the cyber incident to CERT-In",
    "IN  Report the cyber incident to CERT-In",
    "Asia/Kolkata, 5 h",
    "EU  Notify the supervisory authority of a personal data breach",
    "Europe/Berlin, 2 d 23 h left",
    "GDPR Art. 33(1)",
    "America/New_York, ",
    "45 CFR 164.40",
    "risk.level, bears on",
    "Subject: 5 h ",
    "eu.gdpr.art33.authority.mercy.DE-BE.txt",
    "[MISSING: ",
    "SIGKILL to process",
    "13 of 13 steps seen",
];

#[test]
fn every_step_is_seen_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = demo(folder.path()).output().expect("the demo ran");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let mut rest = &*out;
    for line in LINES {
        let at = rest.find(line).unwrap_or_else(|| panic!("`{line}` is not there, or not in its place:\n{out}"));
        rest = &rest[at + line.len()..];
    }
    assert!(!out.contains('\x1b'), "no colour where nobody looks:\n{out}");
    assert!(!out.contains('\u{2717}'), "no step is marked as missed:\n{out}");
    let widest = out.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 100, "a line has {widest} columns:\n{out}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn a_kept_folder_holds_the_mails_the_drafts_the_journal_and_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = demo(folder.path()).arg("--keep").output().expect("the demo ran");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}");
    let kept = std::fs::read_dir(folder.path()).expect("the folder").next().expect("one entry").expect("readable").path();
    assert!(out.contains(&format!("The folder is kept: {}", kept.display())), "{out}");
    let mail = std::fs::read_to_string(kept.join("mail/01.eml")).expect("the first mail");
    assert!(mail.contains("X-Watchbell-Clock: ") && mail.contains("~house.triage~mercy"), "{mail}");
    let log = std::fs::read_to_string(kept.join("daemon.log")).expect("the log");
    assert!(log.contains("watchbell is on watch") && !log.contains('\x1b'), "a log in a file holds no colour codes: {log}");
    for name in ["store", "drafts", "watchbell.toml"] {
        assert!(kept.join(name).exists(), "{name}");
    }
}

#[test]
fn settings_of_another_watchbell_do_not_reach_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = folder.path().join("elsewhere");
    let output = demo(folder.path())
        .env("WATCHBELL__STORE__PATH", &elsewhere)
        .env("WATCHBELL__SERVER__LISTEN", "127.0.0.1:1")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .output()
        .expect("the demo ran");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!elsewhere.exists());
}

#[test]
fn without_a_place_to_write_it_fails_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = demo(&folder.path().join("not-there")).output().expect("the demo ran");
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.starts_with("error: ") && err.contains("not-there"), "{err}");
}
