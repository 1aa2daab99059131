//! `tests/data/deadlines.csv`: every row was worked out by hand or printed by an authority, none by this program.

use super::{calendars, instant, limit, zone};
use std::collections::BTreeSet;
use watchbell::domain::clocks::{Context, Hold, deadline, with_pauses};

const ROWS: &str = include_str!("../../data/deadlines.csv");
const COLUMNS: [&str; 7] = ["name", "limit", "start", "zone", "holds", "expected", "source"];

/// Fields are parted by commas outside double quotes; no field holds a double quote itself.
fn fields(row: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in row.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("never empty").push(letter),
        }
    }
    fields
}

fn holds(toml: &str) -> Vec<Hold> {
    #[derive(serde::Deserialize)]
    struct Holds {
        holds: Vec<Hold>,
    }
    if toml.is_empty() {
        return Vec::new();
    }
    toml::from_str::<Holds>(&format!("holds = {toml}")).unwrap_or_else(|error| panic!("{toml}: {error}")).holds
}

#[test]
fn every_worked_case_comes_out_as_written() {
    let calendars = calendars();
    let mut rows = ROWS.lines();
    assert_eq!(fields(rows.next().expect("a heading")), COLUMNS);
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for row in rows {
        let fields = fields(row);
        let [name, limit_toml, start, zone_name, hold_toml, expected, source] = fields.as_slice() else {
            panic!("{} columns instead of {}: {row}", fields.len(), COLUMNS.len());
        };
        assert!(names.insert(name.clone()), "two rows are called `{name}`");
        assert!(!source.is_empty(), "`{name}` has no source");
        let limit = limit(limit_toml);
        assert_eq!(limit.faults(&calendars), [], "{name}");
        let ctx = Context { organisation_zone: zone(zone_name), calendars: &calendars };
        let start = instant(start);
        let found = deadline(&limit, start, &ctx)
            .and_then(|original| with_pauses(original, start, &limit, &holds(hold_toml), &ctx))
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let came_out = found.at.map(|at| found.zone.rfc3339(at)).unwrap_or_default();
        if came_out != *expected {
            wrong.push(format!("{name}\n  expected {expected}\n  came out {came_out}\n{}", found.derivation));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    assert!(names.len() >= 150, "rows were lost: {} are left", names.len());
}
