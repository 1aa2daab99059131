//! The register leaves out no decision and no filing of any journal.

use super::golden::{copied, journals};
use std::collections::BTreeSet;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::Event;
use watchbell::domain::register::{Entry, Kind};
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
fn a_line_that_no_longer_counts_says_since_when_and_why() {
    let mut overtaken = 0;
    for journal in journals() {
        let dir = copied(&journal);
        let (_, streams) = read_streams(&dir.path().join("store"), &IncidentId::is_incident).expect("a readable copy");
        for (id, envelopes) in streams {
            for entry in record::register(&id, &envelopes).expect("readable") {
                for line in &entry.lines {
                    let later = entry.lines.iter().any(|other| {
                        other.clock.is_some() && other.clock == line.clock && matches!(other.kind, Kind::Open | Kind::Missed)
                    });
                    let closes = matches!(line.kind, Kind::Determined | Kind::NotOwed | Kind::Met);
                    assert!(!(closes && later && line.overtaken.is_none()), "{id}: runs on, and nothing says why: {line:#?}");
                    overtaken += usize::from(line.overtaken.is_some());
                }
            }
        }
    }
    assert!(overtaken > 0, "no journal holds a decision that was taken back or overtaken");
}
