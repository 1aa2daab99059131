//! The law on one core: alerts read and decided, and incidents held against every duty of every pack.

use crate::Plan;
use crate::opening::Openings;
use crate::report::{Report, grouped, median, spread};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use watchbell::domain::board::Card;
use watchbell::domain::facts::{Book, Claim, Claimant};
use watchbell::domain::ids::OrganisationId;
use watchbell::domain::incident::{Moment, codec, decide, next_wake};
use watchbell::domain::instant::{Instant, rfc3339};
use watchbell::domain::journal::seal;
use watchbell::domain::law::assess::{Circumstances, assess};
use watchbell::domain::law::{Owed, Rulebook, Sight};
use watchbell::shell::config::Organisation;
use watchbell::shell::mint;
use watchbell::shell::wall_clock::{self, stopwatch};

/// Facts of a breach at a hospital group, as people answer them.
const ANSWERS: &str = r#"{
  "breach.suspected": true,
  "breach.personal-data": true,
  "data.encrypted": false,
  "people.total": 1240,
  "people.by-place": {"US-OH": 1100, "DE": 140}
}"#;

/// Measures decisions and assessments.
pub fn measure(plan: &Plan, folder: &Path, report: &mut Report) {
    let (rounds, length) = if plan.quick { (3, Duration::from_millis(300)) } else { (5, Duration::from_secs(1)) };
    let now = wall_clock::now();
    let openings = Openings::new(folder, now);
    let rulebook = &openings.config.rules.rulebook;

    let mut bytes = 0;
    let mut number = 0;
    let rates = per_second(rounds, length, || {
        number += 1;
        bytes = decide_alert(&openings, number, now);
    });
    report.row(
        "an alert read, decided and sealed",
        format!("{}/s", grouped(median(&rates))),
        format!("one core, no HTTP and no disk; {bytes} bytes to store; {}", spread(&rates)),
    );

    let organisation = openings.config.rules.organisations.iter().next().expect("the example names one");
    let duties = rulebook.duties().count();
    for (what, answers) in [("an alert nobody has looked at", "{}"), ("a suspected breach with five answers", ANSWERS)] {
        let book = book(rulebook, answers, now);
        let mut owed = 0;
        let rates = per_second(rounds, length, || owed = assess_all(rulebook, organisation, &book, now));
        report.row(
            &format!("`assess`, {what}"),
            format!("{} incidents/s, {} duties/s", grouped(median(&rates)), grouped(median(&rates) * duties as f64)),
            format!("one core, all {duties} duties, {owed} of them owed or open; {}", spread(&rates)),
        );
    }
}

/// How often in a second something is done, in each of some rounds.
fn per_second(rounds: usize, length: Duration, mut act: impl FnMut()) -> Vec<f64> {
    let mut round = || {
        let (started, mut times) = (stopwatch(), 0_u64);
        while started.elapsed() < length {
            act();
            times += 1;
        }
        times as f64 / started.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| round()).collect()
}

/// All that is done for an alert between socket and store; gives the bytes that would be stored.
fn decide_alert(openings: &Openings, number: u64, now: Instant) -> usize {
    let rules = &openings.config.rules;
    let moment = Moment { now, rulebook: &rules.rulebook, house: &rules.house };
    let id = mint::incident_id();
    let decision = decide(&id, None, openings.command(number, now), &moment).expect("a new incident");
    let incident = decision.incident.expect("it is opened");
    let wake = next_wake(&incident, moment.house, now).expect("its clock rings");
    let card = serde_json::to_vec(&Card::of(&incident)).expect("a card is JSON");
    let sealed = seal(None, &id, now, &codec::encode(&decision.events));
    sealed.bytes().len() + card.len() + wake.why.len()
}

fn book(rulebook: &Rulebook, answers: &str, now: Instant) -> Book {
    let answers: BTreeMap<String, serde_json::Value> = serde_json::from_str(answers).expect("sound JSON");
    let received = serde_json::Value::String(rfc3339(now));
    let by = Claimant::Person("Dr. Ada Keller".into());
    let stated = answers.iter().map(|(key, value)| (key.as_str(), value)).chain([("event.received-at", &received)]);
    let claim = |(key, value): (&str, &serde_json::Value)| {
        let value = Some(rulebook.vocabulary.read(key, value).expect("a fact of the vocabulary"));
        let by = by.clone();
        Claim::of(key, value, by, now)
    };
    stated.map(claim).collect()
}

/// Holds one incident against every duty; gives how many are owed or open.
fn assess_all(rulebook: &Rulebook, (id, organisation): (&OrganisationId, &Organisation), book: &Book, now: Instant) -> usize {
    let sight = Sight::new(&rulebook.vocabulary, book).of_organisation(id, &organisation.profile.claims);
    let at = Circumstances { sight: &sight, zone: organisation.profile.zone, at: now, holds: &[] };
    let assessments = rulebook.duties().map(|(pack, duty)| assess(duty, pack, rulebook, &at));
    assessments.filter(|assessment| matches!(assessment.owed, Owed::Open | Owed::Owed)).count()
}
