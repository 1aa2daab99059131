//! The same over HTTP and the command line, against a real daemon.

use super::support::{Daemon, PERSON_TOKEN, watchbell};
use serde_json::{Value, json};
use watchbell::domain::instant::{Duration, rfc3339};
use watchbell::shell::wall_clock;

const POLICY: &str = r#"
[[person]]
name = "Ben"
reach = [{ channel = "mail", to = "ben@example.org" }]

[[person]]
name = "Bea"
reach = [{ channel = "mail", to = "bea@example.org" }]
days_off = ["2020-12-24..2020-12-26"]

[[rota]]
name = "night"
zone = "Europe/Berlin"
[[rota.layer]]
people = ["Ben"]
from = "2026-01-05"

[[team]]
name = "night"
members = [{ rota = "night" }]

[[ladder]]
name = "triage, at night"
extends = "triage"
for = ["house.triage"]
rung = [{ when = "start", to = ["night"], unless_acknowledged = "20m", then = ["privacy"] }]
"#;

fn daemon() -> Daemon {
    Daemon::start(|config| config.add(POLICY))
}

/// An open incident's triage clock.
fn triage(daemon: &Daemon) -> String {
    let event = json!({ "id": "T-1", "title": "Stolen laptop", "severity": "high" });
    let answer = daemon.post("native", &event);
    assert_eq!(answer.status, 202, "{}", answer.text());
    format!("{}~house.triage~mercy", answer.json()["incident"].as_str().expect("an id"))
}

fn run(daemon: &Daemon, args: &[&str]) -> (bool, String, String) {
    let output = watchbell()
        .args(args)
        .current_dir(std::env::temp_dir())
        .env("WATCHBELL_URL", daemon.url())
        .env("WATCHBELL_TOKEN", PERSON_TOKEN)
        .output()
        .expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn refused(answer: &super::support::Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.text());
}

#[test]
fn whoever_is_on_call_is_mailed_and_the_ladder_shows_it_before_and_after() {
    let daemon = daemon();
    let clock = triage(&daemon);
    let mail = daemon.mails(1);
    assert_eq!(mail[0].to, ["ben@example.org"]);
    let ladder = daemon.get(&format!("/v1/clocks/{clock}/ladder")).json();
    assert_eq!(ladder["ladder"], "triage, at night");
    let rungs = ladder["rungs"].as_array().expect("rungs");
    assert_eq!((&rungs[0]["state"], &rungs[0]["reaches"][0]["person"]), (&json!("rang"), &json!("Ben")), "{ladder:#}");
    assert_eq!((&rungs[1]["name"], &rungs[1]["reaches"][0]["team"]), (&json!("start +20m"), &json!("privacy")));
    assert!(!ladder.to_string().contains("ben@"), "addresses are masked");
    let (done, out, err) = run(&daemon, &["clock", "ladder", &clock]);
    assert!(done, "{err}");
    for text in
        ["start +20m", "night → Ben (rota night) by mail be…@example.org", "unless anybody acknowledges first", "Last call"]
    {
        assert!(out.contains(text), "`{text}` is not in\n{out}");
    }
    refused(&daemon.get("/v1/clocks/inc-0000000000000000~house.triage~mercy/ladder"), 404, "no-incident");
}

#[test]
fn an_override_survives_a_restart_and_is_rung_and_can_be_taken_back() {
    let mut daemon = daemon();
    let now = wall_clock::now();
    let (from, until) = (rfc3339(now - Duration::minutes(1)), rfc3339(now + Duration::days(1)));
    let path = "/v1/rotas/night/overrides";
    let body = |who: &str, until: &str, because: &str| json!({ "who": who, "from": from, "until": until, "because": because });
    refused(&daemon.act(path, &body("Nobody", &until, "ill")), 422, "no-person");
    refused(&daemon.act(path, &body("Bea", &from, "ill")), 422, "past-time");
    refused(&daemon.act(path, &body("Bea", &until, " ")), 422, "empty-field");
    refused(&daemon.act("/v1/rotas/day/overrides", &body("Bea", &until, "ill")), 404, "no-rota");
    refused(&daemon.act(path, &body("Bea", "2026-11-21T03:00:00", "ill")), 422, "wrong-members");
    let (done, out, err) = run(
        &daemon,
        &["oncall", "override", "night", "--who", "Bea", "--from", &from, "--until", &until, "--because", "Ben is ill"],
    );
    assert!(done, "{err}");
    let id = out.lines().last().expect("its id").to_owned();
    daemon.restart();
    let rota = daemon.get("/v1/rotas/night").json();
    assert_eq!(
        (&rota["on_call"]["who"], &rota["overrides"][0]["by"]),
        (&json!("Bea"), &json!("Dr. Ada Keller (privacy officer)"))
    );
    let later = daemon.get(&format!("/v1/rotas/night?at={}", rfc3339(now + Duration::days(2)))).json();
    assert_eq!(later["on_call"]["who"], "Ben");
    triage(&daemon);
    assert_eq!(daemon.mails(1)[0].to, ["bea@example.org"]);
    let (done, out, _) = run(&daemon, &["oncall"]);
    assert!(done && out.contains("Bea") && out.contains("override: Ben is ill"), "{out}");
    assert!(run(&daemon, &["oncall", "withdraw", "night", &id]).0);
    assert_eq!(daemon.get("/v1/rotas/night").json()["on_call"]["who"], "Ben");
    assert!(!run(&daemon, &["oncall", "withdraw", "night", &id]).0, "only once");
    daemon.signal("HUP");
    daemon.restart();
    assert_eq!(daemon.get("/v1/rotas").json()[0]["on_call"]["who"], "Ben", "what was taken back stays so");
    let verified = watchbell().args(["journal", "verify", "--store"]).arg(daemon.store()).output().expect("the command runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_clock_is_handed_over_and_kept_quiet_for_a_reason() {
    let daemon = daemon();
    let clock = triage(&daemon);
    daemon.mails(1);
    let act = |verb: &str, body: Value| daemon.act(&format!("/v1/clocks/{clock}/{verb}"), &body);
    refused(&act("hand-over", json!({ "to": "Bea" })), 409, "not-owner");
    assert_eq!(act("ack", json!({})).status, 200);
    refused(&act("hand-over", json!({ "to": "Zoe" })), 422, "no-person");
    let (done, out, err) = run(&daemon, &["clock", "hand-over", &clock, "--to", "Bea"]);
    assert!(done && out.contains("Bea is alerted"), "{out}{err}");
    let mails = daemon.mails(2);
    assert_eq!(mails[1].to, ["bea@example.org"]);
    refused(&act("silence", json!({ "until": "2020-01-01T00:00:00Z", "reason": "x" })), 422, "past-time");
    refused(
        &act("silence", json!({ "until": rfc3339(wall_clock::now() + Duration::minutes(5)), "reason": "" })),
        422,
        "empty-field",
    );
    let (done, out, err) = run(&daemon, &["clock", "silence", &clock, "--for", "10m", "--reason", "exercise"]);
    assert!(done && out.contains("nothing rings until"), "{out}{err}");
    let (_, out, _) = run(&daemon, &["clock", "list"]);
    assert!(out.contains("SILENCED by Dr. Ada Keller"), "it is listed on the board: {out}");
    let view = daemon.get(&format!("/v1/clocks/{clock}")).json();
    assert_eq!(view["silence_reason"], "exercise");
    assert!(run(&daemon, &["clock", "silence", &clock, "--over"]).0);
    let again = daemon.request("DELETE", &format!("/v1/clocks/{clock}/silence"), Some(PERSON_TOKEN), None);
    refused(&again, 409, "not-silenced");
    assert!(!run(&daemon, &["clock", "silence", &clock, "--for", "1h"]).0, "not without a reason");
}

#[test]
fn check_config_finds_whom_nobody_would_ring() {
    let cases = [
        (
            "[[ladder]]\nname = \"x\"\nextends = \"y\"\n[[ladder]]\nname = \"y\"\nextends = \"x\"",
            "ladder `x` extends itself: x → y → x",
        ),
        ("[[ladder]]\nname = \"x\"\nextends = \"statutry\"", "ladder `x` extends `statutry`, which there is not"),
        ("[[ladder]]\nname = \"x\"\nrung = [{ when = \"start\", to = [] }]", "ladder `x` reaches nobody"),
        ("[[ladder]]\nname = \"x\"\nrung = [{ when = \"start\", to = [\"sco\"] }]", "there is no team `sco`"),
        ("[[ladder]]\nname = \"x\"\nextends = \"statutory\"\nseverity = [\"dire\"]", "there is no severity `dire`"),
        ("[[ladder]]\nname = \"x\"\nextends = \"statutory\"\npack = [\"us-hippa\"]", "there is no pack `us-hippa`"),
        (
            "[[rota]]\nname = \"r\"\nzone = \"Asia/Kolkata\"\n[[rota.layer]]\npeople = [\"Ben\"]\nfrom = \"2026-01-05\"\nonly = [{ from = \"08:00\", until = \"20:00\" }]",
            "nobody is on call by rota `r` on Mon at 00:00",
        ),
        (
            "[[rota]]\nname = \"r\"\nzone = \"Asia/Kolkata\"\n[[rota.layer]]\npeople = [\"Zoe\"]\nfrom = \"2026-01-05\"",
            "there is no person `Zoe`",
        ),
        ("[[team]]\nname = \"t\"\nmembers = [{ rota = \"nigth\" }]", "there is no rota `nigth`"),
        ("[[team]]\nname = \"t\"\nmembers = [{ person = \"Ben\", rota = \"night\" }]", "a member of team `t` is not one of"),
        ("[[person]]\nname = \"Zoe\"", "`Zoe` has neither a token nor a way to be reached"),
        ("[[person]]\nname = \"Zoe\"\nreach = [{ channel = \"pigeon\" }]", "there is no channel `pigeon`"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("watchbell.toml");
    for (lines, fault) in cases {
        let mut config = super::support::ConfigText::example(folder.path(), "127.0.0.1:9".parse().expect("an address"));
        config.add(POLICY);
        config.add(lines);
        std::fs::write(&path, config.text()).expect("it is written");
        let output = watchbell().arg("check-config").arg(&path).output().expect("the command runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && said.contains(fault), "`{fault}` is not in\n{said}");
    }
    let mut config = super::support::ConfigText::example(folder.path(), "127.0.0.1:9".parse().expect("an address"));
    config.replace("[[ladder]]\nname = \"statutory\"\n", "[[ladder]]\nname = \"statutory\"\nseverity = [\"high\"]\n");
    std::fs::write(&path, config.text()).expect("it is written");
    let output = watchbell().arg("check-config").arg(&path).output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("no ladder is for every severity of"), "{said}");
}
