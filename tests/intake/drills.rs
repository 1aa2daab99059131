//! `watchbell source`: what is configured, and whether it gets through.

use super::faults::{incidents, lives_on};
use super::support::{Daemon, SOURCE_TOKEN, watchbell};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::credential::HmacProfile;
use watchbell::domain::ingest::{DeliveryMeta, Mapping, TokenDigest, read, sample};
use watchbell::domain::instant::parse_rfc3339;

const SECRET: &str = "a secret that's shared";

/// A daemon with a source for every way that can be tried from here.
fn daemon() -> Daemon {
    Daemon::start(|config| {
        let folder = config.folder().to_owned();
        let write = |name: &str, text: &str| fs::write(folder.join(name), format!("{text}\n")).expect("written");
        write("secret", SECRET);
        write("token", SOURCE_TOKEN);
        write("whsec", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr");
        let mut add = |name: &str, more: &str| {
            config.add(&format!("[[source]]\nname = \"{name}\"\nmapping = \"native\"\norganisations = [\"mercy\"]\n{more}\n"));
        };
        for profile in HmacProfile::ALL {
            add(profile.name, &format!("[source.hmac]\nprofile = \"{}\"\nsecret_files = [\"secret\"]", profile.name));
        }
        add("basic", "[source.basic]\nuser = \"o'brien\"\npassword_files = [\"secret\"]");
        add("header", "[source.header]\nname = \"X-Api-Key\"\nvalue_files = [\"secret\"]");
        add("webhook", "webhook_secret_files = [\"whsec\"]");
        add("bearer", "token_files = [\"token\"]");
        let digest = TokenDigest::of(SOURCE_TOKEN).to_hex();
        add("address", &format!("addresses = [\"127.0.0.0/8\"]\n[source.url]\nkey_sha256 = [\"{digest}\"]"));
        add(
            "both",
            "token_files = [\"token\"]\nrequire = [\"token\", \"hmac\"]\n[source.hmac]\nprofile = \"github\"\nsecret_files = [\"secret\"]",
        );
    })
}

const SOURCES: [&str; 10] = ["github", "jira", "pagerduty", "grafana", "basic", "header", "webhook", "bearer", "address", "both"];

fn source(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = watchbell();
    command.arg("source").args(arguments).arg("--config").arg(daemon.config()).env("WATCHBELL_URL", daemon.url());
    command.output().expect("it runs")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_source_gets_through_by_its_own_proof_and_opens_nothing() {
    let daemon = daemon();
    let token_file = daemon.folder().join("token").display().to_string();
    for name in SOURCES {
        let more: &[&str] = if name == "address" { &["--token-file", &token_file] } else { &[] };
        let output = source(&daemon, &[&["test", name][..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{name}: {}", told(&output));
        assert!(told(&output).contains("gets through") && told(&output).contains("opened nothing"), "{name}: {}", told(&output));
    }
    // The configuration holds no more than the token's SHA-256.
    let output = source(&daemon, &["test", "wazuh"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("--token-file"), "{}", told(&output));
    let output = source(&daemon, &["test", "wazuh", "--token-file", &token_file]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    // The secret changed on one side only.
    fs::write(daemon.folder().join("secret"), "another secret altogether").expect("written");
    let output = source(&daemon, &["test", "github"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("401") && told(&output).contains("SIGHUP"), "{}", told(&output));
    assert!(source(&daemon, &["test", "gihtub"]).status.code() == Some(1));
    assert_eq!(incidents(&daemon), Vec::<String>::new());
    lives_on(&daemon);
}

#[test]
fn the_printed_command_gets_through_and_shows_no_secret() {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there("curl") || !Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: curl and openssl are not on this machine");
        return;
    }
    let daemon = daemon();
    let token_file = daemon.folder().join("token").display().to_string();
    for name in SOURCES {
        let more: &[&str] = if name == "address" { &["--token-file", &token_file] } else { &[] };
        let output = source(&daemon, &[&["test", name, "--print-curl"][..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{name}: {}", told(&output));
        let command = String::from_utf8(output.stdout).expect("UTF-8");
        for secret in [SECRET, SOURCE_TOKEN, "MfKQ9r8G"] {
            assert!(!command.contains(secret), "{name}: {command}");
        }
        let ran = Command::new("sh").arg("-c").arg(&command).current_dir(daemon.folder()).output().expect("a shell");
        let answer: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{name}: {command}\n{}", told(&ran)));
        assert_eq!(answer["status"], "noted", "{name}: {command}\n{answer}");
    }
    assert_eq!(incidents(&daemon), Vec::<String>::new());
}

#[test]
fn the_list_says_how_each_source_proves_itself_and_which_proof_is_weak() {
    let daemon = daemon();
    let list = told(&source(&daemon, &["list"]));
    for words in ["X-Hub-Signature-256", "a bearer token and a signature", "(Basic)", "127.0.0.0/8", "logs of proxies"] {
        assert!(list.contains(words), "no `{words}` in\n{list}");
    }
    let json: Value = serde_json::from_slice(&source(&daemon, &["list", "-o", "json"]).stdout).expect("JSON");
    let weak: Vec<&str> = json
        .as_array()
        .expect("a list")
        .iter()
        .filter(|source| !source["weaknesses"].as_array().expect("a list").is_empty())
        .filter_map(|source| source["name"].as_str())
        .collect();
    assert_eq!(weak, ["address"]);
    let check = watchbell().arg("check-config").arg(daemon.config()).output().expect("it runs");
    assert!(told(&check).contains("source `address` proves little"), "{}", told(&check));
}

#[test]
fn every_mapping_reads_the_smallest_payload_made_for_it() {
    let at = parse_rfc3339("2026-11-21T12:00:00Z").expect("a time");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/sources");
    let paths = fs::read_dir(folder).expect("rules/sources").map(|entry| entry.expect("an entry").path());
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        let text = fs::read_to_string(path).expect("a mapping");
        let mapping = Mapping::parse(&text).expect("sound");
        let body = sample(&mapping).to_string();
        let delivery = DeliveryMeta::json(SourceId::from("drill"), at);
        let reports = read(&mapping, &Vocabulary::default(), &delivery, body.as_bytes());
        let reports = reports.unwrap_or_else(|unreadable| panic!("{}: {body}: {unreadable}", mapping.name()));
        let [report] = reports.as_slice() else { panic!("{}: {body}: {} reports", mapping.name(), reports.len()) };
        assert!(report.title.contains("A drill"), "{}: {body}: {}", mapping.name(), report.title);
    }
}

#[test]
fn a_drill_goes_where_the_configuration_listens_and_leaves_no_warning_behind() {
    let mut daemon = Daemon::start(|config| {
        fs::write(config.folder().join("token"), SOURCE_TOKEN).expect("written");
    });
    let config = daemon.config();
    let text = fs::read_to_string(&config).expect("the configuration").replace("127.0.0.1:0", &daemon.address().to_string());
    fs::write(&config, text).expect("written");
    let mut command = watchbell();
    command.args(["source", "test", "native", "--token-file"]).arg(daemon.folder().join("token")).arg("--config").arg(&config);
    let output = command.output().expect("it runs");
    assert!(told(&output).contains("gets through"), "{}", told(&output));
    let board = daemon.get("/v1/board").json();
    assert_eq!(board["quarantined"], 0, "{board}");
    assert_eq!(daemon.get("/v1/quarantine").json(), serde_json::json!([]));
    assert_eq!(daemon.get("/v1/quarantine?handled=true").json().as_array().map(Vec::len), Some(1), "it is on record");
    assert!(daemon.stop().success());
}
