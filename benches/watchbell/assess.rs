//! The law: incidents held against every duty of every pack, on one core.

use crate::Plan;
use crate::process::write_config;
use crate::report::{Report, grouped, median, spread};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use watchbell::domain::facts::{Book, Claim, Claimant};
use watchbell::domain::instant::Instant;
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::{Owed, Rulebook, Sight};
use watchbell::shell::config::{self, Organisation};
use watchbell::shell::wall_clock::{self, stopwatch};

/// Facts of a breach at a hospital group, as people answer them.
const ANSWERS: &str = r#"{
  "breach.suspected": true,
  "breach.personal-data": true,
  "data.encrypted": false,
  "people.total": 1240,
  "people.by-place": {"US-OH": 1100, "DE": 140}
}"#;

/// Measures the rate of whole assessments.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (rounds, length) = if plan.quick { (3, Duration::from_millis(300)) } else { (5, Duration::from_secs(1)) };
    let config_path = write_config(folder, ([127, 0, 0, 1], 0).into());
    let now = wall_clock::now();
    let config = config::read(&config_path, &BTreeMap::new(), now).expect("our own configuration");
    let rulebook = &config.rules.rulebook;
    let organisation = config.rules.organisations.values().next().expect("the example names one");
    let duties = rulebook.duties().count();
    for (what, answers) in [("an alert nobody has looked at", "{}"), ("a suspected breach with five answers", ANSWERS)] {
        let book = book(rulebook, answers, now);
        let mut rates = Vec::new();
        let mut owed = 0;
        for _ in 0..rounds {
            let started = stopwatch();
            let mut assessed = 0_u64;
            while started.elapsed() < length {
                owed = assess_all(rulebook, organisation, &book, now);
                assessed += 1;
            }
            rates.push(assessed as f64 / started.elapsed().as_secs_f64());
        }
        report.row(
            &format!("`assess`, {what}"),
            format!("{} incidents/s, {} duties/s", grouped(median(&rates)), grouped(median(&rates) * duties as f64)),
            format!("one core, all {duties} duties, {owed} of them owed or open; {}", spread(&rates)),
        );
    }
}

fn book(rulebook: &Rulebook, answers: &str, now: Instant) -> Book {
    let answers: BTreeMap<String, serde_json::Value> = serde_json::from_str(answers).expect("sound JSON");
    let received = serde_json::Value::String(watchbell::domain::instant::rfc3339(now));
    let mut book = Book::default();
    for (key, value) in answers.iter().map(|(key, value)| (key.as_str(), value)).chain([("event.received-at", &received)]) {
        let value = Some(rulebook.vocabulary.read(key, value).expect("a fact of the vocabulary"));
        let by = Claimant::Person("Dr. Ada Keller".into());
        book.record(Claim { key: key.into(), value, by, at: now, pointer: None, ground: None, assumed: None, settles: false });
    }
    book
}

/// Holds one incident against every duty; gives how many are owed or open.
fn assess_all(rulebook: &Rulebook, organisation: &Organisation, book: &Book, now: Instant) -> usize {
    let sight = Sight::new(&rulebook.vocabulary, book).of_organisation(&organisation.profile.claims);
    let at = Circumstances { sight: &sight, zone: organisation.profile.zone, at: now, holds: &[] };
    let assessments = rulebook.duties().map(|(pack, duty)| assess(duty, pack, rulebook, &at));
    assessments.filter(|assessment| matches!(assessment.owed, Owed::Open | Owed::Owed)).count()
}
