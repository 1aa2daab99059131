//! Settings and packs with faults: at the start every fault is told and nothing runs; at a reload the
//! old ones stay in use.

use super::faults::{clock, lives_on, open};
use super::support::{ConfigText, Daemon, wait_for, watchbell};
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// What `serve` says of a configuration it cannot use.
fn complaint(folder: &Path, configure: impl FnOnce(&mut ConfigText)) -> String {
    let mut config = ConfigText::example(folder, SocketAddr::from(([127, 0, 0, 1], 9)));
    configure(&mut config);
    fs::write(folder.join("watchbell.toml"), config.text()).expect("a configuration is written");
    let output = watchbell().arg("serve").arg("--config").arg(folder.join("watchbell.toml")).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "a faulty configuration ends the start");
    assert!(output.stdout.is_empty(), "data goes to standard output, complaints do not");
    assert!(!folder.join("store").exists(), "nothing was made");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn says(text: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
    assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
}

#[test]
fn a_typo_in_a_key_is_told_with_its_line_and_the_nearest_valid_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = complaint(folder.path(), |config| config.replace("request_timeout =", "request_timeuot ="));
    says(&text, &["request_timeuot", "did you mean `request_timeout`?", "watchbell.toml:18", "^^^^^^^^^^^^^^^"]);
}

#[test]
fn all_faults_of_meaning_are_told_at_once_each_at_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = complaint(folder.path(), |config| {
        config.replace(r#"to = ["privacy"] }"#, r#"to = ["privcy"] }"#);
        config.replace(r#"mapping = "wazuh""#, r#"mapping = "wazzuh""#);
        config.replace(r#"organisations = ["mercy"]"#, r#"organisations = ["merci"]"#);
        config.replace(r#"for = ["house."]"#, r#"for = ["hose."]"#);
        config.replace(r#""incident.cyber" = true"#, r#""incident.ciber" = true"#);
        config.replace("with = []", r#"with = ["eu-gdrp"]"#);
        config.replace(
            r#"members = [{ channel = "mail", to = "soc@example.org" }]"#,
            r#"members = [{ channel = "male", to = "soc@example.org" }]"#,
        );
    });
    for wrong in ["privcy", "wazzuh", "merci", "hose.", "incident.ciber", "eu-gdrp", "male"] {
        says(&text, &[&format!("`{wrong}`")]);
    }
    for near in ["privacy", "wazuh", "mercy", "eu-gdpr", "mail", "incident.cyber"] {
        says(&text, &[&format!("did you mean `{near}`?")]);
    }
    says(&text, &["watchbell.toml:", "hint", "9 faults in the configuration"]);
}

#[test]
fn a_body_that_does_not_go_into_the_journal_is_refused_in_the_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = complaint(folder.path(), |config| config.replace("body_limit_kib = 1024", "body_limit_kib = 100000"));
    says(&text, &["`body_limit_kib` is 100000", "21845", "segment_mib"]);
}

/// A pack with ten faults in it, in two files.
fn faulty_pack(rules: &Path) {
    let pack = rules.join("zz-faulty");
    fs::create_dir_all(&pack).expect("a folder");
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/house");
    let read = |name: &str| fs::read_to_string(format!("{good}/{name}")).expect("the house pack is there");
    fs::write(pack.join("pack.toml"), read("pack.toml").replace("id = \"house\"", "id = \"zz-faulty\"")).expect("written");
    let duty = read("triage.toml");
    for n in 0..10 {
        let duty = duty.replace("id = \"house.triage\"", &format!("id = \"zz.faulty.d{n}\""));
        let duty = duty.replace("breach.suspected", &format!("breach.suspekted{n}"));
        fs::write(pack.join(format!("d{n}.toml")), duty).expect("written");
    }
}

#[test]
fn a_pack_with_ten_faults_tells_all_ten_with_file_line_and_caret() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = folder.path().join("rules");
    faulty_pack(&rules);
    let text = complaint(folder.path(), |config| config.replace("# dir = \"/etc/watchbell/rules\"", "dir = \"rules\""));
    for n in 0..10 {
        says(&text, &[&format!("breach.suspekted{n}"), &format!("zz-faulty/d{n}.toml:")]);
    }
    says(&text, &["^^^^", "did you mean `breach.suspected`?", "faults in the rules"]);
}

#[test]
fn a_reload_with_faults_keeps_the_old_settings_and_a_sound_one_moves_the_clocks() {
    let mut daemon = Daemon::start_in(
        |config| config.replace("# dir = \"/etc/watchbell/rules\"", "dir = \"rules\""),
        |folder| {
            copy_house_pack(&folder.join("rules/house"));
            Vec::new()
        },
    );
    let incident = open(&daemon, "1");
    let due =
        |daemon: &Daemon| clock(daemon, &incident, "house.triage").expect("it runs")["due"].as_str().expect("a limit").to_owned();
    let before = due(&daemon);
    let sound = fs::read_to_string(daemon.config()).expect("the configuration");
    let reloads = |daemon: &Daemon, ok: u8| {
        wait_for("the outcome of the reload", || {
            let metrics = daemon.request("GET", "/metrics", None, None);
            metrics.text().contains(&format!("config_last_reload_successful {ok}")).then_some(())
        });
    };
    fs::write(daemon.config(), sound.replace("[store]", "[stoer]")).expect("written");
    daemon.signal("HUP");
    reloads(&daemon, 0);
    assert!(daemon.log().contains("stoer"), "the log says what is wrong: {}", daemon.log());
    assert_eq!(daemon.post("native", &json!({ "id": "2", "title": "still taken" })).status, 202);

    // The house gives itself two hours instead of one.
    let pack = daemon.folder().join("rules/house/triage.toml");
    let text = fs::read_to_string(&pack).expect("the house pack");
    fs::write(&pack, text.replace("count = 1 }", "count = 2 }")).expect("written");
    fs::write(daemon.config(), &sound).expect("written");
    assert_eq!(daemon.act("/-/reload", &json!({})).status, 202);
    reloads(&daemon, 1);
    let after = wait_for("the clock moves", || Some(due(&daemon)).filter(|after| *after != before));
    assert!(after > before);
    lives_on(&daemon);

    // And again, with the daemon down while the rules change.
    assert!(daemon.stop().success());
    let text = fs::read_to_string(&pack).expect("the house pack");
    fs::write(&pack, text.replace("count = 2 }", "count = 3 }")).expect("written");
    daemon.restart();
    wait_for("the clock moves", || (due(&daemon) > after).then_some(()));
    lives_on(&daemon);
}

fn copy_house_pack(to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for name in ["pack.toml", "triage.toml", "quarantine.toml", "cases.toml"] {
        let from = format!("{}/rules/house/{name}", env!("CARGO_MANIFEST_DIR"));
        fs::copy(from, to.join(name)).expect("copied");
    }
}
