//! The real daemon under a clock that is set while it runs.

use super::house::{fallen, skipped};
use super::support::{Daemon, record_of, wait_for};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use watchbell::domain::instant::{Duration, Instant};
use watchbell::sim::read_mail::read_mail;
use watchbell::sim::smtp_sink::Received;

/// The library that stands between a program and the clock, where Debian's package `faketime` puts it.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|folder| folder.path());
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists())
}

/// A daemon whose clock is off by whatever stands in a file.
struct Watch {
    daemon: Daemon,
    offset: PathBuf,
}

impl Watch {
    fn start(library: &Path) -> Self {
        let file = |folder: &Path| folder.join("offset");
        let daemon = Daemon::start_in(
            |_| (),
            |folder| {
                fs::write(file(folder), "+0").expect("an offset is written");
                let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
                vec![
                    set("LD_PRELOAD", &library.display().to_string()),
                    set("FAKETIME_TIMESTAMP_FILE", &file(folder).display().to_string()),
                    set("FAKETIME_NO_CACHE", "1"),
                    set("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                    set("DONT_FAKE_MONOTONIC", "1"),
                ]
            },
        );
        let offset = file(daemon.folder());
        Self { daemon, offset }
    }

    /// Sets the clock: `+2h` or `-3h` of the world's.
    fn set(&self, offset: &str) {
        let beside = self.offset.with_extension("new");
        fs::write(&beside, offset).expect("an offset is written");
        fs::rename(&beside, &self.offset).expect("an offset is put in place");
    }

    /// Opens an incident and waits until it has rung for the first time: then the daemon has looked at the clock.
    fn open(&self, name: &str) -> String {
        let answer = self.daemon.post("native", &json!({ "id": name, "title": "A laptop is gone" }));
        assert_eq!(answer.status, 202, "{}", answer.text());
        let incident = answer.json()["incident"].as_str().expect("an id").to_owned();
        wait_for("the first mail", || self.rungs(&incident).contains(&"start".to_owned()).then_some(()));
        incident
    }

    /// The rungs of an incident's triage clock that were mailed to the team `soc`, in order.
    fn rungs(&self, incident: &str) -> Vec<String> {
        let clock = self.daemon.get(&format!("/v1/clocks/{incident}~house.triage~mercy")).json();
        let alerts = clock["alerts"].as_array().expect("alerts");
        let mails = self.daemon.mail.received();
        let mailed = mails.iter().filter(|mail| mail.to == ["soc@example.org"]).filter_map(alert);
        let rung =
            |id: String| alerts.iter().find(|alert| alert["id"] == id).map(|alert| alert["rung"].as_str().map(str::to_owned));
        mailed.filter_map(rung).map(|rung| rung.expect("an alert has a rung")).collect()
    }

    fn wait_for_rung(&self, incident: &str, rung: &str) {
        wait_for(&format!("the mail of `{rung}`"), || self.rungs(incident).contains(&rung.to_owned()).then_some(()));
    }
}

/// The alert a mail is about.
fn alert(mail: &Received) -> Option<String> {
    read_mail(&mail.raw)?.header("X-Watchbell-Alert").map(str::to_owned)
}

#[test]
fn a_clock_set_forward_back_and_a_stopped_process_ring_late_but_never_early_twice_or_not_at_all() {
    let Some(library) = faketime() else {
        println!("skipped: the Debian package `faketime` is not installed");
        return;
    };
    let watch = Watch::start(&library);
    let first = watch.open("first");
    assert_eq!(watch.rungs(&first), ["start"]);

    // Nothing happens that would make the daemon look at its clock, so that it must do so by itself.
    watch.set("+2h");
    watch.wait_for_rung(&first, "every 1h overdue #1");
    assert_eq!(watch.rungs(&first), ["start", "every 1h overdue #1"], "what was missed rings once, as the loudest");

    watch.set("-1h");
    let second = watch.open("second");
    assert_eq!(watch.rungs(&first), ["start", "every 1h overdue #1"], "set back three hours, nothing rings again");

    // Half past two after the first opened: the second has been overdue for two hours and a half.
    watch.set("+150m");
    watch.open("third");
    watch.wait_for_rung(&second, "every 1h overdue #2");
    assert_eq!(watch.rungs(&first), ["start", "every 1h overdue #1"], "its second repeat is half an hour away");

    watch.daemon.signal("STOP");
    watch.set("+250m");
    watch.daemon.signal("CONT");
    watch.open("fourth");
    watch.wait_for_rung(&first, "every 1h overdue #3");
    watch.wait_for_rung(&second, "every 1h overdue #4");

    let Watch { mut daemon, .. } = watch;
    assert!(daemon.stop().success());
    let record = record_of(&daemon.store());
    let told = |incident: &str| {
        let events = &record[incident];
        let rungs: Vec<String> = fallen(events).into_iter().map(|(rung, _)| rung).collect();
        (rungs, skipped(events))
    };
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let missed_by_first = ["50% left", "expiry", "every 1h overdue #2"];
    assert_eq!(told(&first), (owned(&["start", "every 1h overdue #1", "every 1h overdue #3"]), owned(&missed_by_first)));
    let missed_by_second = ["50% left", "expiry", "every 1h overdue #1", "every 1h overdue #3"];
    assert_eq!(told(&second), (owned(&["start", "every 1h overdue #2", "every 1h overdue #4"]), owned(&missed_by_second)));
    for events in record.values() {
        for (at, due_at) in events.iter().filter_map(|(at, event)| due_at(event).map(|due_at| (*at, due_at))) {
            assert!(due_at <= at, "due at {due_at}, rung at {at}");
            assert!(at - due_at < Duration::hours(2), "the record is by the daemon's own clock");
        }
    }
}

#[test]
fn a_clock_set_back_while_no_daemon_ran_is_said_and_rings_nothing_twice() {
    let Some(library) = faketime() else {
        println!("skipped: the Debian package `faketime` is not installed");
        return;
    };
    let mut watch = Watch::start(&library);
    let noted = watch.daemon.store().join("last-look");
    let look = || fs::read_to_string(&noted).ok()?.trim().parse::<Instant>().ok();
    let first = watch.open("first");
    let before = wait_for("a note of the first look", look);
    watch.set("+2h");
    watch.wait_for_rung(&first, "every 1h overdue #1");
    wait_for("the look is noted", || look().filter(|at| *at - before > Duration::hours(1)));
    watch.daemon.kill();
    watch.set("-1h");
    watch.daemon.restart();
    let second = watch.open("second");
    assert_eq!(watch.rungs(&first), ["start", "every 1h overdue #1"], "nothing rings again");
    assert_eq!(watch.rungs(&second), ["start"]);
    assert!(watch.daemon.log().contains("the clock was set back"), "{}", watch.daemon.log());
    let answer = watch.daemon.get("/metrics");
    let metrics = answer.text();
    assert!(metrics.contains("watchbell_clock_set_back_total 1"), "{metrics}");
}

fn due_at(event: &watchbell::domain::incident::Event) -> Option<Instant> {
    match event {
        watchbell::domain::incident::Event::RungFell { due_at, .. } => Some(*due_at),
        _ => None,
    }
}
