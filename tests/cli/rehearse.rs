//! `watchbell rehearse`: the example script on the example configuration, and steps from standard input.

use crate::support::{ConfigText, watchbell};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use watchbell::sim::smtp_sink::SmtpSink;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rehearsal.example.toml");

/// Runs a rehearsal in a folder with the example configuration, whose mail server is `mail`; `input` is typed in.
fn rehearse(folder: &Path, mail: &SmtpSink, arguments: &[&str], input: &str) -> Output {
    let config = ConfigText::example(folder, mail.address());
    fs::write(folder.join("watchbell.toml"), config.text()).expect("a configuration is written");
    let mut command = watchbell();
    command.arg("rehearse").args(arguments).current_dir(folder);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    process.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    process.wait_with_output().expect("it ends")
}

async fn stage() -> (tempfile::TempDir, SmtpSink) {
    (tempfile::tempdir().expect("a folder"), SmtpSink::start().await.expect("a mail sink"))
}

fn limit<'r>(report: &'r Value, duty: &str) -> &'r Value {
    let limits = report["limits"].as_array().expect("limits");
    let is_of = |limit: &&Value| limit["clock"].as_str().is_some_and(|clock| clock.contains(duty));
    limits.iter().find(is_of).unwrap_or_else(|| panic!("no limit of {duty} in {limits:?}"))
}

#[tokio::test]
async fn the_example_script_says_who_is_told_how_long_it_takes_and_what_is_missed_and_sends_nothing() {
    let (folder, mail) = stage().await;
    let output = rehearse(folder.path(), &mail, &[SCRIPT, "-o", "json"], "");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    for scene in report["scenes"].as_array().expect("scenes") {
        let outcome = scene["outcome"].as_str().expect("an outcome");
        assert!(!outcome.starts_with("refused"), "{scene}");
    }
    assert_eq!(limit(&report, "house.triage")["outcome"], "met-late", "it was answered an hour late");
    assert_eq!(limit(&report, "in.cert_in.report")["outcome"], "missed", "nobody reported within six hours");
    assert_eq!(limit(&report, "eu.gdpr.art33.authority")["outcome"], "met");
    let told = report["told"].as_array().expect("letters");
    assert!(told.iter().any(|letter| letter["rung"] == "expiry"), "{told:?}");
    assert!(report["failed"]["mail"].as_u64().is_some_and(|failed| failed > 0), "the mail server was down");
    let answers = report["acknowledged"].as_array().expect("acknowledgements");
    let after_s = answers[0]["after_s"].as_i64().expect("seconds");
    assert!((after_s - 25 * 60).abs() <= 2, "{after_s}: the first letter came at the start");
    assert_eq!(mail.received().len(), 0, "nothing was sent");
    assert!(!folder.path().join("store").exists(), "nothing was stored");

    let again = rehearse(folder.path(), &mail, &[SCRIPT], "");
    let text = String::from_utf8(again.stdout).expect("text");
    for words in [
        "Ransomware on a Friday night",
        "MISSED",
        "limits would have been missed",
        "takes eu.gdpr.art33.authority",
        " more, every ",
    ] {
        assert!(text.contains(words), "`{words}` in\n{text}");
    }
}

#[tokio::test]
async fn steps_from_standard_input_are_played_and_told() {
    let (folder, mail) = stage().await;
    fs::write(folder.path().join("alert.json"), r#"{ "id": "case-17", "title": "Ransom note on PACS-01" }"#).expect("written");
    let arguments = ["--interactive", "--start", "2026-12-24T22:00:00+01:00", "-o", "json"];
    let input = "post native alert.json\nnext\nack \"Ada Keller\" house.triage\nanswer Ada breach.suspected=true\nboard\nquit\n";
    let output = rehearse(folder.path(), &mail, &arguments, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("eu.gdpr.art33.authority"), "the board shows what the answer started:\n{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["acknowledged"][0]["by"], "Ada Keller");
    assert_eq!(limit(&report, "house.triage")["outcome"], "met");
    assert_eq!(mail.received().len(), 0);
}

#[tokio::test]
async fn steps_take_instants_and_lengths_of_several_units_and_a_refused_step_is_told_last() {
    let (folder, mail) = stage().await;
    let text = |clock: &str| {
        format!(
            "title = \"x\"\nstart = \"2026-11-20T22:10:00Z\"\nend = \"2026-11-22T05:00:00Z\"\n\
             [[step]]\nat = \"2026-11-20T23:10:00+01:00\"\ndo = {{ post = {{ source = \"native\", event = {{ id = \"1\", title = \"t\" }} }} }}\n\
             [[step]]\nat = \"+1h30m\"\ndo = {{ answer = {{ by = \"Ada\", facts = {{ \"breach.suspected\" = true }}, ground = \"seen\" }} }}\n\
             [[step]]\nat = \"+1d6h\"\ndo = {{ ack = {{ by = \"Ada\", clock = \"{clock}\" }} }}\n"
        )
    };
    let path = folder.path().join("script.toml");
    for (clock, refused) in [("eu.gdpr.art33.authority", false), ("mars.landing", true)] {
        fs::write(&path, text(clock)).expect("written");
        let output = rehearse(folder.path(), &mail, &[path.to_str().expect("a path")], "");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(said.contains("+1d 6:00") && said.contains("Sun 22 Nov"), "{}\n{said}", String::from_utf8_lossy(&output.stderr));
        let last = said.trim_end().lines().last().expect("a last line");
        assert_eq!(last.contains("1 step was refused"), refused, "{last}");
        assert!(!refused || output.status.code() == Some(3), "{last}");
    }
}

#[tokio::test]
async fn a_script_with_a_fault_says_where_it_is() {
    let (folder, mail) = stage().await;
    for (text, words) in [
        ("title = \"x\"\nstart = \"2026-11-20T22:10:00\"\n", "no moment"),
        (
            "title = \"x\"\nstart = \"2026-11-20T22:10:00Z\"\n[[step]]\nat = \"soon\"\ndo = { restart = \"1m\" }\n",
            "no length after the start",
        ),
        (
            "title = \"x\"\nstart = \"2026-11-20T22:10:00Z\"\n[[step]]\nat = \"+1m\"\ndo = { post = { source = \"wazuh\" } }\n",
            "`file` or `event`",
        ),
        ("title = \"x\"\nstart = \"2026-11-20T22:10:00Z\"\n[[step]]\nat = \"+1m\"\ndo = { explode = 1 }\n", "explode"),
    ] {
        let path = folder.path().join("script.toml");
        fs::write(&path, text).expect("written");
        let output = rehearse(folder.path(), &mail, &[path.to_str().expect("a path")], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "`{words}` in {said}");
    }
}
