//! The register leaves out no decision and no filing of any journal.

use super::golden::{copied, journals};
use std::collections::BTreeSet;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{ClockKey, Event};
use watchbell::domain::register::{Entry, Kind, Line};
use watchbell::domain::timeline::Recorded;
use watchbell::shell::record;
use watchbell::shell::store::embedded::read_streams;

#[test]
fn every_judgement_and_every_filing_on_record_has_its_line_with_name_ground_and_time() {
    let mut seen = BTreeSet::new();
    for journal in journals() {
        let dir = copied(&journal);
        let (_, streams) = read_streams(&dir.path().join("store"), &IncidentId::is_incident).expect("a readable copy");
        for (id, envelopes) in streams {
            let entries = record::register(&id, &envelopes).expect("readable");
            let mut lines: Vec<_> = entries.iter().flat_map(|entry: &Entry| &entry.lines).collect();
            for recorded in record::recorded(&id, &envelopes).expect("readable") {
                let (kind, by, ground, evidence) = match &recorded.event {
                    Event::Determined { by, ground, .. } => (Kind::Determined, vec![by.clone()], Some(ground), None),
                    Event::NothingOwed { by, ground, .. } if !by.is_empty() => {
                        (Kind::NotOwed, by.iter().cloned().collect(), Some(ground), None)
                    }
                    Event::Met { evidence, .. } => (Kind::Met, vec![evidence.by.clone()], None, Some(evidence)),
                    Event::Filed { evidence, .. } => (Kind::Filed, vec![evidence.by.clone()], None, Some(evidence)),
                    _ => continue,
                };
                let place = lines.iter().position(|line| {
                    line.kind == kind
                        && line.at == Some(recorded.at)
                        && line.by == by
                        && ground.is_none_or(|ground| line.ground.as_ref() == Some(ground))
                        && evidence == line.filed.as_ref()
                });
                let place = place.unwrap_or_else(|| panic!("{id}: {:?} is not in the register", recorded.event));
                // Each stands for one event alone.
                lines.remove(place);
                seen.insert(kind);
            }
        }
    }
    assert!([Kind::Determined, Kind::NotOwed, Kind::Met].iter().all(|kind| seen.contains(kind)), "{seen:?}");
}

#[test]
fn a_decision_that_was_taken_back_or_overtaken_stays_and_says_why() {
    let mut seen = BTreeSet::new();
    for journal in journals() {
        let dir = copied(&journal);
        let (_, streams) = read_streams(&dir.path().join("store"), &IncidentId::is_incident).expect("a readable copy");
        for (id, envelopes) in streams {
            let record = record::recorded(&id, &envelopes).expect("readable");
            let last = record.last().expect("a record").clone();
            for line in Entry::all_of(&id, &record).iter().flat_map(|entry| &entry.lines) {
                let Some((_, key)) = line.clock.as_deref().and_then(ClockKey::parse) else { continue };
                if !matches!(line.kind, Kind::Determined | Kind::NotOwed | Kind::Met) {
                    continue;
                }
                let set = record.iter().rev().find_map(|recorded| match &recorded.event {
                    Event::ClockSet { clock, law, rearm, .. } if *clock == key => Some(Event::ClockSet {
                        clock: key.clone(),
                        law: law.clone(),
                        because: Some("other facts".into()),
                        rearm: rearm.clone(),
                    }),
                    _ => None,
                });
                let back = Event::Reopened { clock: key.clone(), by: "Bob".into(), because: "a mistake".into() };
                let after = [(Some(back), (Some("Bob"), "a mistake")), (set, (None, "other facts"))];
                for (event, (by, because)) in after {
                    let Some(event) = event else { continue };
                    let longer: Vec<_> = record.iter().cloned().chain([Recorded { event, ..last.clone() }]).collect();
                    let entries = Entry::all_of(&id, &longer);
                    let same = |other: &&Line| other.clock == line.clock && other.kind == line.kind && other.at == line.at;
                    let gone = entries.iter().flat_map(|entry| &entry.lines).find(same).expect("nothing is erased");
                    let why = gone.overtaken.as_ref().expect("it says why it no longer counts");
                    assert_eq!((why.by.as_deref(), why.because.as_str(), why.at), (by, because, last.at));
                    let runs = |other: &Line| other.clock == line.clock && matches!(other.kind, Kind::Open | Kind::Missed);
                    assert!(entries.iter().flat_map(|entry| &entry.lines).any(runs), "{id}: {line:#?} runs again");
                    seen.insert(line.kind);
                }
            }
        }
    }
    assert!(seen.contains(&Kind::Determined) && seen.contains(&Kind::Met), "{seen:?}");
}
