//! What goes wrong between a person and a daemon, and what the person is told to do.

use crate::support::{Daemon, PERSON_TOKEN, wait_for};
use crate::{Said, ask, run, run_with, stolen_laptop};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

fn with_token(args: &[&str], url: &str, token: &str) -> Said {
    run_with(args, &[("WATCHBELL_URL", url), ("WATCHBELL_TOKEN", token)], "")
}

#[test]
fn a_daemon_that_does_not_answer_is_named() {
    // A port that was just free, with nobody on it.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let url = format!("http://127.0.0.1:{port}");
    let said = with_token(&["board"], &url, "t");
    said.fails(1, &format!("error: cannot reach the daemon at {url}"));
    said.fails(1, "hint: does `watchbell serve` run there?");
    with_token(&["board"], "not an address", "t").fails(1, "error: `not an address` is no address of a daemon");
    with_token(&["board"], "ftp://x", "t").fails(1, "is no address of a daemon");
}

#[test]
fn somebody_else_who_answers_is_told_apart_from_a_daemon() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the command connects");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            head.push(byte[0]);
        }
        let page = "<h1>Bad gateway</h1>";
        write!(stream, "HTTP/1.1 502 Bad Gateway\r\ncontent-length: {}\r\n\r\n{page}", page.len()).expect("an answer");
    });
    let said = with_token(&["board"], &url, "t");
    said.fails(1, "cannot be read: it says 502 Bad Gateway");
    server.join().expect("the server has answered");
}

#[test]
fn a_token_is_asked_for_and_never_repeated() {
    let daemon = Daemon::start(|_| {});
    run_with(["board"], &[("WATCHBELL_URL", &daemon.url())], "").fails(1, "hint: set WATCHBELL_TOKEN, or give --token-file");
    let wrong = with_token(&["board"], &daemon.url(), "wbt_nobodys");
    wrong.fails(1, "error: the bearer token is nobody's");
    assert!(!wrong.err.contains("wbt_nobodys"), "{wrong:?}");

    let file = daemon.folder().join("token");
    let from_file = || run(["board", "--url", &daemon.url(), "--token-file", file.to_str().expect("UTF-8")]);
    from_file().fails(1, "cannot take the token from ");
    fs::write(&file, "\n").expect("a file");
    from_file().fails(1, "there is no token on its first line");
    fs::write(&file, format!("{PERSON_TOKEN}\n")).expect("a file");
    from_file().done().shows("no open incident");
}

#[test]
fn whoever_may_only_read_is_told_what_is_lacking() {
    let daemon = Daemon::start(|config| config.replace(r#"may = ["read", "act", "operate"]"#, r#"may = ["read"]"#));
    let id = stolen_laptop(&daemon);
    ask(&daemon, ["answer", &id, "incident.cyber=true"]).fails(1, "hint: add `act` to `may` of that [[person]]");
}

#[test]
fn a_slip_in_an_answer_is_told_with_its_mend() {
    let daemon = Daemon::start(|_| {});
    let id = stolen_laptop(&daemon);
    let answer = |text: &str| ask(&daemon, ["answer", &id, text]);
    answer("brech.suspected=true").fails(1, "no fact `brech.suspected`; did you mean `breach.suspected`?");
    answer("aware.at=2026-11-21T09:00:00").fails(1, "expected an RFC 3339 time with an explicit offset");
    answer("breach.suspected=perhaps").fails(1, "expected true or false, got `\"perhaps\"`; for example `true`");
    answer("breach.suspected=true").fails(1, "hint: add --ground");
    let future = ["answer", &id, "aware.at=2198-01-01T00:00:00Z", "--ground", "the SOC's call"];
    ask(&daemon, future).fails(1, "which lies in the future");
    answer("breach.suspected").fails(2, "write it as KEY=VALUE");
    ask(&daemon, ["answer", &id, "incident.cyber=true", "incident.cyber=false"]).fails(1, "`incident.cyber` is answered twice");
    ask(&daemon, ["answer", &id]).fails(2, "<KEY=VALUE>");

    ask(&daemon, ["incident", "show", "inc-nowhere"])
        .fails(1, "error: no such incident: `inc-nowhere`\nhint: `watchbell incident list`");
    ask(&daemon, ["answer", "inc-nowhere", "incident.cyber=true"]).fails(1, "no such incident: `inc-nowhere`");
    ask(&daemon, ["incident", "show", "../../metrics"]).fails(1, "no such incident: `../../metrics`");
    ask(&daemon, ["clock", "show", "nonsense"]).fails(1, "that is no clock: `nonsense`\nhint: `watchbell clock list");
    ask(&daemon, ["clock", "ack", &format!("{id}~no.duty~mercy")]).fails(1, "this incident has no clock `no.duty~mercy`");
    let triage = format!("{id}~house.triage~mercy");
    ask(&daemon, ["clock", "ack", &triage, "--for", "soon"]).fails(2, "write a length of time as `30m`, `4h`, `2d` or `1d6h`");
    let naive = ["clock", "meet", &triage, "--what", "x", "--filed-at", "2026-11-21T10:00"];
    ask(&daemon, naive).fails(2, "a time needs its date and an explicit offset");
    let future = ["clock", "meet", &triage, "--what", "x", "--filed-at", "2198-01-01T00:00:00Z"];
    ask(&daemon, future).fails(1, "which lies in the future");
}

#[test]
fn a_channel_that_fails_is_said_beside_the_board() {
    let daemon = Daemon::start(|_| {});
    daemon.mail.misbehave(watchbell::sim::smtp_sink::Misbehaviour::DeferRecipients);
    stolen_laptop(&daemon);
    wait_for("the channel is seen to fail", || {
        let board = ask(&daemon, ["board"]).done();
        board.err.contains("warning: channel `mail` fails since ").then_some(())
    });
}
