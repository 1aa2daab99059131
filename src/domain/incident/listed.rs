//! A clock for each of a list: the controllers of a processor, the covered entities of an associate.
//!
//! Telling one ends one. A list is acted on as a whole under the name of the clock that stands for all, which bears no
//! number: owned by one word, told of in one letter, met by one act with a time for each.

use super::command::{Evidence, Refusal};
use super::event::ClockKey;
use super::state::{Clock, Incident};
use std::collections::BTreeSet;

/// The open clocks of a list.
pub fn still_open<'i>(incident: &'i Incident, of: &'i ClockKey) -> Result<Vec<(&'i ClockKey, &'i Clock)>, Refusal> {
    let all: Vec<_> = incident.of_same_list(of).collect();
    let first = all.first().ok_or_else(|| Refusal::NoList(of.clone()))?;
    let closed = Refusal::Closed(first.1.standing.word());
    let open: Vec<_> = all.into_iter().filter(|(_, clock)| clock.standing.is_open()).collect();
    if open.is_empty() { Err(closed) } else { Ok(open) }
}

/// The clocks of those who were told, by number or name; every fault of the list at once.
pub fn told<'i>(
    incident: &'i Incident,
    of: &'i ClockKey,
    told: Vec<(String, Evidence)>,
) -> Result<Vec<(&'i ClockKey, &'i Clock, Evidence)>, Refusal> {
    let list = incident.of_same_list(of).find_map(|(_, clock)| clock.law.listed.as_ref());
    let parties = incident.parties(list.ok_or_else(|| Refusal::NoList(of.clone()))?);
    if told.is_empty() {
        return Err(Refusal::Empty("each"));
    }
    let (mut found, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (line, (who, evidence)) in told.into_iter().enumerate() {
        let who = who.trim();
        let mut fault = |what: &str| faults.push(format!("line {}: `{who}` {what}", line + 1));
        let of_number = |number: &usize| parties.word(*number).is_some();
        let number = parties.number(who).or_else(|| who.parse().ok().filter(of_number));
        let Some(number) = number else {
            fault("is neither a number nor a name of the list");
            continue;
        };
        let clock = incident.clocks.get_key_value(&of.whole().towards(&number.to_string()));
        match clock {
            None => fault("has no clock"),
            Some(_) if !seen.insert(number) => fault("stands there twice"),
            Some((_, clock)) if !clock.standing.is_open() => fault(&format!("is {} already", clock.standing.word())),
            Some((key, clock)) => found.push((key, clock, evidence)),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(Refusal::NotEach(faults)) }
}
