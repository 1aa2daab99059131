//! What an answer changed: the clocks before held against the clocks after.

use super::words;
use crate::domain::board::{ClockLine, IncidentView};
use crate::domain::incident::Standing;
use crate::domain::instant::{Instant, length_in_words};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// A clock that was not there, or was closed, runs.
    New {
        /// The clock.
        clock: ClockLine,
    },
    /// Its limit is another.
    Moved {
        /// The clock as it is.
        clock: ClockLine,
        /// The limit before; none for "without delay".
        from: Option<Instant>,
    },
    /// It was provisional and is owed, or the other way round.
    Standing {
        /// The clock as it is.
        clock: ClockLine,
        /// Where it stood.
        from: Standing,
    },
    /// It asks for nothing any more.
    Ended {
        /// The clock as it is.
        clock: ClockLine,
    },
    /// A duty is not owed, on a ground on record.
    NotOwed {
        /// The duty.
        duty: String,
        /// Who would owe it.
        organisation: String,
        /// The ground.
        ground: String,
        /// Where the law says it.
        cite: String,
    },
}

/// Everything that changed between two views of one incident, by clock.
pub fn changes(before: &IncidentView, after: &IncidentView) -> Vec<Change> {
    let was: BTreeMap<&str, &ClockLine> = before.card.clocks.iter().map(|clock| (clock.id.as_str(), clock)).collect();
    let mut changes: Vec<Change> = Vec::new();
    for clock in &after.card.clocks {
        let open = clock.standing.is_open();
        let clock = clock.clone();
        match was.get(clock.id.as_str()).filter(|was| was.standing.is_open()) {
            None if open => changes.push(Change::New { clock }),
            None => {}
            Some(_) if !open => changes.push(Change::Ended { clock }),
            Some(was) if was.due != clock.due => changes.push(Change::Moved { clock, from: was.due }),
            Some(was) if was.standing != clock.standing => changes.push(Change::Standing { clock, from: was.standing }),
            Some(_) => {}
        }
    }
    let known = |duty: &str, organisation: &str, ground: &str| {
        before.not_owed.iter().any(|was| was.duty == duty && was.organisation == organisation && was.ground == ground)
    };
    let found = after.not_owed.iter().filter(|found| !known(&found.duty, &found.organisation, &found.ground));
    changes.extend(found.map(|found| Change::NotOwed {
        duty: found.duty.clone(),
        organisation: found.organisation.clone(),
        ground: found.ground.clone(),
        cite: found.cite.clone(),
    }));
    changes
}

/// The changes in lines for people. What befell many of a list alike is one line: the first, and how many more.
pub fn lines(changes: &[Change], now: Instant) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes {
        let line = change.in_words(now);
        match change.of_all_listed().map(|of_all| alike.entry(of_all.in_words(now))) {
            Some(Entry::Occupied(first)) => lines[*first.get()].1 += 1,
            Some(Entry::Vacant(free)) => {
                free.insert(lines.len());
                lines.push((line, 0));
            }
            None => lines.push((line, 0)),
        }
    }
    let in_words = |(line, more)| if more == 0 { line } else { format!("{line}; and {more} more of the list alike") };
    lines.into_iter().map(in_words).collect()
}

impl Change {
    /// The same without the number of one of a list, where its clock has one.
    fn of_all_listed(&self) -> Option<Self> {
        let mut change = self.clone();
        let clock = match &mut change {
            Self::New { clock } | Self::Moved { clock, .. } | Self::Standing { clock, .. } | Self::Ended { clock } => clock,
            Self::NotOwed { .. } => return None,
        };
        clock.towards.take().filter(|towards| towards.starts_with("no. ")).map(|_| change)
    }

    /// The change in a line for people.
    pub fn in_words(&self, now: Instant) -> String {
        match self {
            Self::New { clock } => {
                format!("new:      {}: {} ({})", words::what(clock), until(clock, now), words::standing(clock, now))
            }
            Self::Moved { clock, from } => {
                format!(
                    "moved:    {}: {}{} ({})",
                    words::what(clock),
                    until(clock, now),
                    shift(*from, clock.due),
                    words::standing(clock, now)
                )
            }
            Self::Standing { clock, from } => {
                format!(
                    "standing: {}: {}, was {}; {}",
                    words::what(clock),
                    words::standing(clock, now),
                    from.word(),
                    until(clock, now)
                )
            }
            Self::Ended { clock } => format!("ended:    {}: {}", words::what(clock), words::standing(clock, now)),
            Self::NotOwed { duty, organisation, ground, cite } => {
                format!("not owed: {duty} by {organisation}: {ground} ({cite})")
            }
        }
    }
}

/// `due Fri 27 Mar 2026 17:00 Europe/Dublin, in 9 h 12 min`
fn until(clock: &ClockLine, now: Instant) -> String {
    match clock.due {
        Some(due) => format!("due {}", words::moment(due, clock.zone, now)),
        None => words::due(clock),
    }
}

fn shift(from: Option<Instant>, to: Option<Instant>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if to < from => format!(", {} EARLIER than before", length_in_words(from - to)),
        (Some(from), Some(to)) => format!(", {} later than before", length_in_words(to - from)),
        (None, Some(_)) => ", was without delay".into(),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::board::{Card, NotOwedView};
    use crate::domain::instant::{Zone, parse_rfc3339};
    use crate::domain::law::Mode;

    fn at(text: &str) -> Instant {
        parse_rfc3339(text).expect("an instant")
    }

    fn clock(id: &str, standing: Standing, due: &str) -> ClockLine {
        ClockLine {
            id: id.into(),
            duty: id.into(),
            owed_by: None,
            towards: None,
            organisation: "mercy".into(),
            title: format!("Do {id}"),
            cite: "s. 1".into(),
            standing,
            mode: Mode::Live,
            due: Some(at(due)),
            outer: None,
            target: None,
            zone: Zone::UTC,
            acknowledged: None,
            owners: Vec::new(),
            silenced: None,
            held: None,
            disputed: Vec::new(),
            gaps: None,
            missing: 0,
        }
    }

    fn view(clocks: Vec<ClockLine>) -> IncidentView {
        let card = Card {
            incident: "inc-1".into(),
            title: "A case".into(),
            opened_at: at("2026-11-21T00:00:00Z"),
            severity: "high".into(),
            source: "native".into(),
            clocks,
            not_owed: 0,
            failing: BTreeMap::new(),
            related: Vec::new(),
            uncovered: Vec::new(),
        };
        IncidentView {
            card,
            organisations: BTreeMap::new(),
            sender_status: None,
            received: BTreeMap::new(),
            messages: Vec::new(),
            relations: Vec::new(),
            moved: BTreeMap::new(),
            facts: Vec::new(),
            suggestions: Vec::new(),
            questions: Vec::new(),
            if_a_breach: Vec::new(),
            hints: Vec::new(),
            remarks: Vec::new(),
            not_owed: Vec::new(),
            uncovered: Vec::new(),
            lists: Vec::new(),
            packs: BTreeMap::new(),
            traps: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn new_moved_ended_and_reopened_clocks_are_told_apart() {
        let (early, late) = ("2026-11-22T00:00:00Z", "2026-11-25T00:00:00Z");
        let before = view(vec![
            clock("a", Standing::Provisional, late),
            clock("b", Standing::Provisional, early),
            clock("c", Standing::Running, early),
            clock("d", Standing::Void, early),
            clock("e", Standing::Running, early),
        ]);
        let mut after = view(vec![
            clock("a", Standing::Running, early),
            clock("b", Standing::Running, early),
            clock("c", Standing::Void, early),
            clock("d", Standing::Provisional, early),
            clock("e", Standing::Running, early),
            clock("f", Standing::Provisional, late),
        ]);
        let ground = "encrypted".to_owned();
        let (duty, organisation, cite) = ("c".to_owned(), "mercy".to_owned(), "s. 2".to_owned());
        let by = vec!["Ada".to_owned()];
        after.not_owed.push(NotOwedView { duty, organisation, ground, cite, by, at: at(early) });
        let now = at("2026-11-21T00:00:00Z");
        let lines: Vec<String> = changes(&before, &after).iter().map(|change| change.in_words(now)).collect();
        let expected = [
            "moved:    Do a (s. 1): due Sun 22 Nov 2026 00:00 UTC, in 1 d 0 h, 3 d 0 h EARLIER than before (owed)",
            "standing: Do b (s. 1): owed, was provisional; due Sun 22 Nov 2026 00:00 UTC, in 1 d 0 h",
            "ended:    Do c (s. 1): nothing owed",
            "new:      Do d (s. 1): due Sun 22 Nov 2026 00:00 UTC, in 1 d 0 h (provisional)",
            "new:      Do f (s. 1): due Wed 25 Nov 2026 00:00 UTC, in 4 d 0 h (provisional)",
            "not owed: c by mercy: encrypted (s. 2)",
        ];
        assert_eq!(lines, expected);
    }
}
