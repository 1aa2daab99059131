//! Words for people under stress: what time it is, how long is left, where a clock stands.

use super::output::one_line;
use crate::domain::board::{ClockLine, HeldLine};
use crate::domain::incident::Standing;
use crate::domain::instant::{Duration, Instant, Zone, length_in_words};
use crate::domain::law::{Mode, Verification};
use crate::shell::courier::left_in_words;

/// A moment twice: local with its zone, and how far off it is. `Fri 27 Mar 2026 17:00 Europe/Dublin, in 9 h 12 min`.
pub fn moment(at: Instant, zone: Zone, now: Instant) -> String {
    let zone_time = zone.in_words(whole_seconds(at));
    let far = length_in_words(at - now);
    if (at - now).abs() < Duration::seconds(2) {
        return format!("{zone_time}, just now");
    }
    if at >= now { format!("{zone_time}, in {far}") } else { format!("{zone_time}, {far} ago") }
}

/// A moment that belongs to no place, in UTC.
pub fn moment_utc(at: Instant, now: Instant) -> String {
    moment(at, Zone::UTC, now)
}

/// Who said something, or that nobody had to: `said by Ada Keller`.
pub fn said_by<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(one_line).filter(|name| !name.trim().is_empty()).collect();
    if names.is_empty() { "found without anybody's word".into() } else { format!("said by {}", names.join(", ")) }
}

fn whole_seconds(at: Instant) -> Instant {
    at - Duration::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
}

/// How long is left of a clock: `9 h 12 min left`, `3 h 2 min overdue`, or a dash when it asks for nothing.
pub fn left(line: &ClockLine, now: Instant) -> String {
    match line.due.or(line.target) {
        _ if !line.standing.is_open() => "-".into(),
        Some(until) => left_in_words(until, now),
        None => "no number".into(),
    }
}

/// Until when: the limit in its own zone, or what stands for it.
pub fn due(line: &ClockLine) -> String {
    match (line.due, line.target) {
        (Some(due), _) => line.zone.in_words(whole_seconds(due)),
        (None, Some(target)) => format!("without delay; house target {}", line.zone.in_words(whole_seconds(target))),
        (None, None) => "without delay".into(),
    }
}

/// Where a clock stands, and what it means when that is not a limit in law.
pub fn standing(line: &ClockLine, now: Instant) -> String {
    let standing = match line.standing {
        Standing::Provisional if line.missing == 0 => "provisional".into(),
        Standing::Provisional => format!("provisional, {} missing", answers(line.missing)),
        Standing::Running => "owed".into(),
        Standing::Missed => "LIMIT PASSED".into(),
        Standing::Met => "met".into(),
        Standing::Void => "nothing owed".into(),
    };
    let standing = if line.standing.is_open() { format!("{standing}{}", held(line, now)) } else { standing };
    match mode(line.mode) {
        Some(mode) => format!("{mode}: {standing}"),
        None => standing,
    }
}

/// What delays a clock and what is disputed about it: `; HELD until Fri 27 Mar 2026 17:00 Europe/Dublin; DISPUTED: aware.at`.
fn held(line: &ClockLine, now: Instant) -> String {
    let mut words = String::new();
    match &line.held {
        Some(HeldLine { until: Some(until), .. }) if *until > now => {
            words.push_str(&format!("; HELD until {}", line.zone.in_words(whole_seconds(*until))));
        }
        Some(HeldLine { until: None, .. }) => words.push_str("; HELD, no end stated"),
        _ => {}
    }
    if !line.disputed.is_empty() {
        words.push_str(&format!("; DISPUTED: {}", line.disputed.join(", ")));
    }
    words
}

fn answers(count: usize) -> String {
    if count == 1 { "1 answer".into() } else { format!("{count} answers") }
}

/// What a clock means, where it is not plainly a limit in law.
pub fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Straddle => Some("commences while it runs"),
        Mode::Shadow => Some("rehearsal"),
        Mode::Advisory => Some("advisory"),
        Mode::Policy => Some("house rule"),
    }
}

/// The same in a sentence.
pub fn mode_explained(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Straddle => Some("the law commences while the clock runs; treated as in force, ask counsel"),
        Mode::Shadow => Some("a rehearsal: this law is not in force yet"),
        Mode::Advisory => Some("advisory: a proposal or a voluntary scheme, no limit in law"),
        Mode::Policy => Some("the house's own rule, no limit in law"),
    }
}

/// How well a statement of law was checked.
pub fn verification(verification: Verification) -> &'static str {
    verification.words()
}

/// Who owns a clock, and until when.
pub fn owner(line: &ClockLine, now: Instant) -> String {
    if !line.standing.is_open() {
        return "-".into();
    }
    let holds = |until: &Instant| *until > now;
    let of_teams = line.owners.iter().filter(|(_, _, until)| holds(until));
    let mut owners: Vec<String> =
        of_teams.map(|(team, by, until)| format!("{by} of {team} for {}", length_in_words(*until - now))).collect();
    if owners.is_empty() {
        let by = line.acknowledged.as_ref().filter(|(_, until)| holds(until));
        owners.push(by.map_or("nobody".into(), |(by, until)| format!("{by} for {}", length_in_words(*until - now))));
    }
    let silenced = line.silenced.as_ref().filter(|(_, until)| holds(until));
    owners.extend(silenced.map(|(by, until)| format!("SILENCED by {by} for {}", length_in_words(*until - now))));
    owners.join("; ")
}

/// What is to be done, towards whom where that is one of several, and where the law says it.
pub fn what(line: &ClockLine) -> String {
    let whose = line.owed_by.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    match &line.towards {
        Some(towards) => format!("{whose}{}, {towards} ({})", line.title, line.cite),
        None => format!("{whose}{} ({})", line.title, line.cite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    #[test]
    fn a_moment_is_said_twice_and_in_whole_seconds() {
        let at = |text| parse_rfc3339(text).expect("an instant");
        let dublin = Zone::named("Europe/Dublin").expect("a zone");
        let now = at("2026-03-27T07:48:00Z");
        assert_eq!(moment(at("2026-03-27T17:00:00Z"), dublin, now), "Fri 27 Mar 2026 17:00 Europe/Dublin, in 9 h 12 min");
        assert_eq!(moment_utc(at("2026-03-27T07:47:59Z"), now), "Fri 27 Mar 2026 07:47:59 UTC, just now");
        assert_eq!(moment_utc(at("2026-03-27T07:43:59.007Z"), now), "Fri 27 Mar 2026 07:43:59 UTC, 4 min ago");
    }
}
