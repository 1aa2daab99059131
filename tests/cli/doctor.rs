//! `watchbell doctor` on a house in order, and on one that is not.

use crate::support::Daemon;
use crate::{Said, run, stolen_laptop};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn doctor(daemon: &Daemon, more: &[&str]) -> Said {
    let config = daemon.config();
    let config = config.to_str().expect("UTF-8");
    run(["doctor", "--config", config].iter().chain(more))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
}

#[test]
fn a_house_in_order_is_told_so() {
    let daemon = Daemon::start(|_| {});
    stolen_laptop(&daemon);
    let said = doctor(&daemon, &[]).done();
    said.shows("ok    config    ").shows("ok    rules     ").shows("ok    clock     ").shows("free for ");
    said.shows(&format!("in use by process {}: the daemon runs", daemon.pid())).shows("the journal is whole: ");
    said.shows("ok    channels  `mail`: the mail server is ready").shows("ok    secrets   ");
    assert!(said.err.contains("0 failures"), "{said:?}");
    let findings = doctor(&daemon, &["-o", "json"]).done().json();
    assert!(findings.as_array().expect("a list").iter().all(|finding| finding["level"] != "fail"), "{findings}");
}

#[test]
fn every_trouble_is_found_with_its_next_step() {
    let mut daemon = Daemon::start(|config| {
        config.replace("public_url = \"https://watchbell.example.org\"", "");
        config.add("[[person]]\nname = \"Temp\"\ntoken_files = [\"temp-token\"]\n");
        config.add(&format!("[[person]]\nname = \"Nobody yet\"\ntoken_sha256 = [\"{}\"]\n", "0".repeat(64)));
        fs::write(config.folder().join("temp-token"), "wbt_temp\n").expect("a file");
    });
    stolen_laptop(&daemon);
    assert!(daemon.stop().success());
    set_mode(&daemon.folder().join("temp-token"), 0o644);
    set_mode(&daemon.store(), 0o750);
    daemon.mail_goes_down();
    let said = doctor(&daemon, &["--zoneinfo", "/nowhere"]);
    assert_eq!(said.code, 3, "{said:?}");
    said.shows("warn  config    alerts carry no link");
    said.shows("person `Nobody yet` has the example's placeholder for a token");
    said.shows("FAIL  secrets   every user of this machine can get at ").shows("next: chmod 600 ").shows("next: chmod 700 ");
    said.shows("warn  zones     cannot compare America/New_York with the system's zone data");
    said.shows("warn  store     no daemon has it open: nothing rings");
    said.shows("FAIL  channels  `mail` (unreachable): ");
    assert!(said.err.contains("2 failures"), "{said:?}");
}

#[test]
fn a_clock_that_was_set_back_is_found_by_the_journals_own_times() {
    let mut daemon = Daemon::start(|_| {});
    stolen_laptop(&daemon);
    assert!(daemon.stop().success());
    let journal = daemon.store().join("journal");
    let segment = fs::read_dir(journal).expect("a journal").next().expect("a segment").expect("a segment").path();
    let file = fs::File::options().append(true).open(segment).expect("a segment");
    let written = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    file.set_modified(written + std::time::Duration::from_secs(3600)).expect("a time is set");
    let said = doctor(&daemon, &[]);
    assert_eq!(said.code, 3, "{said:?}");
    said.shows("FAIL  clock     ").shows("it has been set back");
}

#[test]
fn a_damaged_journal_and_a_faulty_configuration_are_failures() {
    let mut daemon = Daemon::start(|_| {});
    stolen_laptop(&daemon);
    assert!(daemon.stop().success());
    let journal = daemon.store().join("journal");
    let segment = fs::read_dir(journal).expect("a journal").next().expect("a segment").expect("a segment").path();
    let mut bytes = fs::read(&segment).expect("a segment");
    let place = bytes.windows(13).position(|window| window == b"Stolen laptop").expect("the title is in the record");
    bytes[place] = b'B';
    fs::write(&segment, bytes).expect("a segment");
    let said = doctor(&daemon, &[]);
    assert_eq!(said.code, 3, "{said:?}");
    said.shows("FAIL  store     the journal is damaged in ");

    fs::write(daemon.config(), "[store]\npath = 3\n").expect("a file");
    let said = doctor(&daemon, &[]);
    assert_eq!(said.code, 3, "{said:?}");
    said.shows("FAIL  config    ").shows("the built-in rules are in order");
}
