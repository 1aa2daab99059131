//! Ladders for tests, and when each of their rungs is due, counted apart from the product.

use watchbell::domain::escalation::{Ladder, Span, falls_at};
use watchbell::domain::instant::{Duration, Instant};

/// A rung and what its time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    Start,
    PercentLeft(u8),
    MinutesLeft(u8),
    Expiry,
    EveryMinutesOverdue(u8),
}

impl Rung {
    /// As the configuration writes it.
    pub fn name(self) -> String {
        match self {
            Self::Start => "start".into(),
            Self::PercentLeft(percent) => format!("{percent}% left"),
            Self::MinutesLeft(minutes) => format!("{minutes}m left"),
            Self::Expiry => "expiry".into(),
            Self::EveryMinutesOverdue(minutes) => format!("every {minutes}m overdue"),
        }
    }

    /// Every occurrence up to `until` of a clock of one hour that began at `start`: name and instant.
    pub fn occurrences(self, start: Instant, until: Instant) -> Vec<(String, Instant)> {
        let limit = start + Duration::minutes(60);
        let once = |at: Instant| if at <= until { vec![(self.name(), at)] } else { Vec::new() };
        match self {
            Self::Start => once(start),
            Self::PercentLeft(percent) => once(limit - Duration::milliseconds(36_000 * i64::from(percent))),
            Self::MinutesLeft(minutes) => once(limit - Duration::minutes(i64::from(minutes))),
            Self::Expiry => once(limit),
            Self::EveryMinutesOverdue(every) => (1..)
                .map(|n| (format!("{} #{n}", self.name()), limit + Duration::minutes(i64::from(every) * n)))
                .take_while(|(_, at)| *at <= until)
                .collect(),
        }
    }
}

/// A ladder for the triage clock, read as the configuration is.
pub fn ladder(rungs: &[Rung]) -> Ladder {
    let rungs: Vec<String> = rungs.iter().map(|rung| format!("{{ when = \"{}\", to = [\"soc\"] }}", rung.name())).collect();
    toml::from_str(&format!("name = \"triage\"\nfor = [\"house.\"]\nrung = [{}]\n", rungs.join(", "))).expect("a ladder")
}

#[test]
fn the_name_of_a_rung_says_when_it_falls() {
    let start = super::house::at("2026-11-20T08:00:00Z");
    let span = Span { set_at: start, from: start, until: Some(start + Duration::minutes(60)) };
    let rungs = [Rung::Start, Rung::PercentLeft(33), Rung::MinutesLeft(17), Rung::Expiry, Rung::EveryMinutesOverdue(7)];
    for rung in rungs {
        for (name, at) in rung.occurrences(start, start + Duration::hours(4)) {
            assert_eq!(falls_at(&name, span, None), Some(at), "{name}");
        }
    }
    assert_eq!(
        falls_at("every 7m overdue #2 to #5", span, None),
        falls_at("every 7m overdue #5", span, None),
        "of several the last"
    );
    let target = Some(start + Duration::minutes(30));
    assert_eq!(falls_at("every 5m past target #2", span, target), Some(start + Duration::minutes(40)));
    assert_eq!(falls_at("10m before target", span, None), None, "of a ladder with a target, on a clock without");
    assert_eq!(falls_at("2h left", span, None), None, "before the clock began");
    assert_eq!(falls_at("acknowledgement ended 2026-11-20T08:00:00Z", span, None), None, "no rung of a ladder");
}

/// The names a record line stands for: `every 7m overdue #2 to #4` is three.
pub fn names_of(line: &str) -> Vec<String> {
    let Some((base, range)) = line.split_once(" #") else { return vec![line.to_owned()] };
    let (first, last) = range.split_once(" to #").unwrap_or((range, range));
    let number = |text: &str| text.parse::<u32>().expect("a number");
    (number(first)..=number(last)).map(|n| format!("{base} #{n}")).collect()
}
