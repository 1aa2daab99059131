//! The command line as people and scripts meet it: the real binary against a real daemon.

mod support;

use serde_json::json;
use support::Daemon;

#[test]
fn a_daemon_takes_an_event_and_keeps_it_over_a_restart() {
    let mut daemon = Daemon::start(|_| {});
    let answer = daemon.post("native", &json!({ "id": "T-1", "title": "Stolen laptop" }));
    assert_eq!(answer.status, 202, "{}", answer.text());
    daemon.mails(1);
    daemon.restart();
    assert_eq!(daemon.get("/v1/board").json()["cards"][0]["title"], "Stolen laptop");
    assert!(daemon.stop().success(), "{}", daemon.log());
}
