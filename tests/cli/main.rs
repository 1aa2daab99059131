//! The command line as people and scripts meet it: the real binary, most of the time against a real daemon.

mod rehearse;
#[path = "../support/mod.rs"]
mod support;

mod channel;
mod doctor;
mod errors;
mod law;
mod offline;
mod on_record;
mod organisations;
mod principals;
mod register;
mod taken_back;

use serde_json::{Value, json};
use std::ffi::OsStr;
use support::{Daemon, PERSON_TOKEN};

/// What a command said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    /// What it said, once it is known to have gone well.
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// Says that a text is there.
    #[track_caller]
    fn shows(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "`{text}` is not in {self:#?}");
        self
    }

    /// Says that the command failed with this on standard error and nothing on standard output.
    #[track_caller]
    fn fails(&self, code: i32, error: &str) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:#?}");
        assert!(self.err.contains(error), "`{error}` is not in {self:#?}");
    }
}

/// Runs `watchbell` without a daemon.
fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Said {
    run_with(args, &[], "")
}

/// Runs `watchbell` with variables of the environment and standard input.
fn run_with<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, env: &[(&str, &str)], input: &str) -> Said {
    let mut command = assert_cmd::Command::from_std(support::watchbell());
    // Away from any watchbell.toml.
    command.current_dir(std::env::temp_dir()).envs(env.iter().copied()).args(args).write_stdin(input);
    let output = command.output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `watchbell` as Dr. Keller against a daemon.
fn ask<S: AsRef<OsStr>>(daemon: &Daemon, args: impl IntoIterator<Item = S>) -> Said {
    run_with(args, &[("WATCHBELL_URL", &daemon.url()), ("WATCHBELL_TOKEN", PERSON_TOKEN)], "")
}

/// Reports a stolen laptop and gives the incident's id.
fn stolen_laptop(daemon: &Daemon) -> String {
    let event = json!({ "id": "T-1", "title": "Stolen laptop", "severity": "high", "labels": { "ward": "north" } });
    let answer = daemon.post("native", &event);
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["incident"].as_str().expect("an id").to_owned()
}

#[test]
fn help_teaches_with_examples_and_exit_codes() {
    let help = run(["--help"]).done();
    help.shows("watchbell board").shows("Exit codes: 0 done, 1 could not, 2 not understood, 3 done and faults found");
    for command in ["board", "answer", "facts", "map", "check-config", "doctor", "token", "completions"] {
        run([command, "--help"]).done().shows("Examples:");
    }
    for (noun, verb) in [("incident", "show"), ("clock", "show"), ("clock", "meet"), ("notice", "show"), ("journal", "verify")] {
        run([noun, verb, "--help"]).done().shows("Examples:");
    }
}
