//! Many at once, and some who never finish.

use super::faults::{incidents, lives_on, open};
use super::support::{Daemon, SOURCE_TOKEN, exchange, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn the_same_event_ten_times_at_once_is_one_incident() {
    let daemon = Daemon::start(|_| ());
    for round in 0..5 {
        let event = json!({ "id": format!("same-{round}"), "title": "A laptop is gone" });
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..10).map(|_| scope.spawn(|| daemon.post("native", &event))).collect();
            posts.into_iter().map(|post| post.join().expect("posted")).map(|answer| answer.json()).collect()
        });
        let ids: BTreeSet<&str> = answers.iter().filter_map(|answer| answer["incident"].as_str()).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        let first = answers.iter().filter(|answer| answer["duplicate"] == false).count();
        assert_eq!(first, 1, "one opened it, nine were told that it is known: {answers:?}");
    }
    assert_eq!(incidents(&daemon).len(), 5);
    lives_on(&daemon);
}

#[test]
fn ten_updates_at_once_of_one_incident_are_all_on_record() {
    let daemon = Daemon::start(|_| ());
    let incident = open(&daemon, "1");
    std::thread::scope(|scope| {
        for n in 0..10 {
            let daemon = &daemon;
            scope.spawn(move || {
                let update = json!({ "id": "1", "update_id": format!("u{n}"), "title": "A laptop is gone" });
                let answer = daemon.post("native", &update);
                assert_eq!((answer.status, &answer.json()["duplicate"]), (202, &json!(false)), "{}", answer.text());
            });
        }
    });
    let view = daemon.get(&format!("/v1/incidents/{incident}")).json();
    assert_eq!(view["received"]["native"], 11, "{view}");
}

#[test]
fn slow_heads_half_bodies_and_idle_connections_lose_their_place_and_others_are_served() {
    let places = 20;
    let daemon = Daemon::start(|config| {
        config.replace("connections_max = 2048", &format!("connections_max = {places}"));
        config.replace("request_timeout = \"30s\"", "request_timeout = \"2s\"");
    });
    let half_body = format!(
        "POST /v1/events/native HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {SOURCE_TOKEN}\r\ncontent-length: 100\r\n\r\n{{\"title\":"
    );
    let reads_nothing = "GET /metrics HTTP/1.1\r\nhost: w\r\n\r\n".repeat(20_000);
    let ways: [&str; 4] = ["", "POST /v1/events/native HTT", &half_body, &reads_nothing];
    for (nth, way) in ways.into_iter().enumerate() {
        let crowd: Vec<TcpStream> = (0..places * 2)
            .map(|_| {
                let mut stream = TcpStream::connect(daemon.address()).expect("the kernel takes connections");
                stream.set_nonblocking(true).expect("a socket");
                // What does not fit into the socket stays with us: such a client is in no hurry.
                let _ = stream.write(way.as_bytes());
                stream
            })
            .collect();
        // Every place is taken twice over, and nobody in the crowd will ever finish.
        open(&daemon, &format!("in spite of crowd {nth}"));
        drop(crowd);
    }
    // A client that sends half a body learns why it lost its place.
    let answer = exchange(daemon.address(), half_body.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert_eq!(answer.json()["code"], "too-slow");
    lives_on(&daemon);
    assert_eq!(incidents(&daemon).len(), ways.len());
}

#[test]
fn a_client_that_hangs_up_in_the_middle_of_anything_costs_nobody_anything() {
    let daemon = Daemon::start(|_| ());
    let whole = json!({ "id": "gone", "title": "The sender has gone" }).to_string();
    let post = format!(
        "POST /v1/events/native HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {SOURCE_TOKEN}\r\ncontent-length: {}\r\n\r\n{whole}",
        whole.len()
    );
    for cut in (0..=post.len()).step_by(7).chain([post.len()]) {
        let mut stream = TcpStream::connect(daemon.address()).expect("the kernel takes connections");
        stream.write_all(&post.as_bytes()[..cut]).expect("written");
    }
    // The last was whole, though nobody waited for its answer: taken or not, never half.
    let again = daemon.post("native", &serde_json::from_str(&whole).expect("an event"));
    assert_eq!(again.status, 202, "{}", again.text());
    assert_eq!(incidents(&daemon).len(), 1);
    lives_on(&daemon);
}

#[test]
fn requests_one_after_the_other_on_one_connection_and_nonsense_between_them() {
    let daemon = Daemon::start(|_| ());
    let mut stream = TcpStream::connect(daemon.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let body = json!({ "id": "1", "title": "t" }).to_string();
    let post = format!(
        "POST /v1/events/native HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {SOURCE_TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(post.repeat(3).as_bytes()).expect("written");
    stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").expect("written");
    let mut text = String::new();
    wait_for("three answers and the end", || {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).ok()?;
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        (read == 0).then_some(())
    });
    assert_eq!(text.matches("HTTP/1.1 202").count(), 3, "{text}");
    assert_eq!(text.matches("\"duplicate\":true").count(), 2, "{text}");
    assert_eq!(text.matches("HTTP/1.1 400").count(), 1, "{text}");
    lives_on(&daemon);
}
