//! Alerts to a program: how it is started, what it is told, what its end means, and that its time is bounded.

use super::{failure, instant, is_delivered, letter, text_of};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant::Instant;
use watchbell::shell::delivery::{Channel, CommandChannel, CommandSettings, FailureReason, Outcome};

const PATIENCE: Duration = Duration::from_secs(20);

fn now() -> Instant {
    instant("2026-03-27T07:48:05Z")
}

fn channel(argv: &[&str], timeout: Duration) -> CommandChannel {
    let argv = argv.iter().map(|&word| word.to_owned()).collect();
    CommandChannel::new(ChannelId::new("siren"), CommandSettings { argv, timeout }).expect("good settings")
}

/// A shell script as a program, and the folder it is in.
fn script(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("siren");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may be run");
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

async fn run(text: &str) -> Outcome {
    let (_folder, path) = script(text);
    channel(&[&path], PATIENCE).deliver(&letter("al-1"), "+353 1 555 0100", now()).await
}

#[tokio::test]
async fn the_letter_comes_on_standard_input_and_the_last_line_is_the_receipt() {
    let (folder, path) = script("cat > \"$1\"; env | sort > \"$1.env\"; echo first; echo 'sent as SMS 4711'");
    let told = folder.path().join("told");
    let told = told.to_str().expect("a plain path");
    let outcome = channel(&[&path, told], PATIENCE).deliver(&letter("al-1"), "+353 1 555 0100", now()).await;
    assert_eq!(outcome, Outcome::Delivered { receipt: "sent as SMS 4711".into() });

    let letter: Value = serde_json::from_slice(&fs::read(told).expect("it was written")).expect("JSON");
    assert_eq!(letter["to"], "+353 1 555 0100");
    assert_eq!((&letter["alert"], &letter["act"]), (&Value::from("al-1"), &Value::from("ring")));
    assert_eq!(letter["subject"], "9 h 12 min left: tell the Irish authority (GDPR Art. 33)");
    assert!(letter["text"].as_str().is_some_and(|text| text.contains("Say that you own this clock")));
    let environment = fs::read_to_string(format!("{told}.env")).expect("it was written");
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    // The shell itself adds the last three.
    assert!(names.iter().all(|name| ["LANG", "PATH", "PWD", "SHLVL", "_"].contains(name)), "{names:?}");
}

#[tokio::test]
async fn arguments_reach_it_as_they_are_and_no_shell_reads_them() {
    let (folder, path) = script("printf '%s|' \"$@\"; echo");
    let canary = folder.path().join("canary");
    let attack = format!("$(touch {0}); touch {0} & `touch {0}`", canary.display());
    let outcome = channel(&[&path, &attack, "two words"], PATIENCE).deliver(&letter("al-1"), "", now()).await;
    let Outcome::Delivered { receipt } = outcome else { panic!("{outcome:?}") };
    assert!(receipt.contains("two words|") && receipt.contains("$(touch"), "{receipt}");
    assert!(!canary.exists());
}

#[tokio::test]
async fn exit_codes_say_delivered_again_or_failed() {
    assert_eq!(run("cat >/dev/null; exit 0").await, Outcome::Delivered { receipt: "the command ended well".into() });
    let again = run("echo 'no signal'; exit 75").await;
    assert_eq!(failure(&again), (FailureReason::ServerError, false));
    assert!(text_of(&again).contains("no signal"), "{again:?}");
    let failed = run("exit 3").await;
    assert_eq!(failure(&failed), (FailureReason::ClientError, true));
    assert!(text_of(&failed).contains("exit code 3"), "{failed:?}");
    assert_eq!(failure(&run("kill -9 $$").await), (FailureReason::ServerError, false));
}

#[tokio::test]
async fn much_output_and_unread_input_hold_nothing_up() {
    let (_folder, path) = script("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo done");
    let mut letter = letter("al-1");
    letter.asked = "x".repeat(1_000_000);
    let channel = channel(&[&path], PATIENCE);
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, "", now())).await.expect("within bounds");
    assert_eq!(outcome, Outcome::Delivered { receipt: "done".into() });
}

fn is_alive(pid: &str) -> bool {
    // A process that was killed and not yet waited for by its new parent is a zombie, and does nothing any more.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_with_all_it_started() {
    let (folder, path) = script("cat >/dev/null; sleep 600 & echo $! > \"$1\"; echo $$ >> \"$1\"; wait");
    let pids = folder.path().join("pids");
    let argument = pids.to_str().expect("a plain path");
    let channel = channel(&[&path, argument], Duration::from_secs(2));
    let letter = letter("al-1");
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, "", now())).await.expect("within bounds");
    assert_eq!(failure(&outcome), (FailureReason::TimedOut, false));
    let pids = fs::read_to_string(pids).expect("it had started");
    assert_eq!(pids.lines().count(), 2);
    let deadline = tokio::time::timeout(PATIENCE, async {
        while pids.lines().any(is_alive) {
            tokio::task::yield_now().await;
        }
    });
    deadline.await.expect("both are gone");
}

#[tokio::test]
async fn a_child_left_behind_with_the_pipe_does_not_hold_the_channel() {
    let (_folder, path) = script("sleep 30 & echo handed on");
    let letter = letter("al-1");
    let channel = channel(&[&path], PATIENCE);
    let outcome = tokio::time::timeout(Duration::from_secs(10), channel.deliver(&letter, "", now())).await;
    assert_eq!(outcome.expect("within bounds"), Outcome::Delivered { receipt: "handed on".into() });
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_why() {
    let (folder, path) = script("exit 0");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions are ours");
    let missing = folder.path().join("missing");
    for program in [path.as_str(), missing.to_str().expect("a plain path")] {
        let channel = channel(&[program], PATIENCE);
        for outcome in [channel.deliver(&letter("al-1"), "", now()).await, channel.probe().await] {
            assert_eq!(failure(&outcome), (FailureReason::RefusedByPolicy, true), "{program}");
        }
    }
    assert!(is_delivered(&channel(&["/bin/sh"], PATIENCE).probe().await));
}

#[test]
fn a_program_is_named_by_its_whole_path() {
    let fault = |argv: &[&str]| {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        CommandChannel::new(ChannelId::new("siren"), CommandSettings { argv, timeout: PATIENCE }).err()
    };
    assert!(fault(&[]).is_some() && fault(&["siren"]).is_some() && fault(&["./siren"]).is_some());
    assert!(Path::new("/bin/sh").exists() && fault(&["/bin/sh"]).is_none());
}
