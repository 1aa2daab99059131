//! How an alert is worded: for a person woken at three in the morning, on a telephone.
//!
//! Time first, then what is asked, then how to do it, then what it rests on. Thin: neither the
//! incident's title nor any fact travels, only which clock, how long, what is asked and where.

use super::courier::{
    OPENING_CLOCK, disputed_in_words, held_in_words, left_in_words, stake_in_words, towards_in_words, upper_first,
};
use super::delivery::{Act, Letter, Urgency};
use crate::domain::escalation::parse_length;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::incident::{self, Alert, Clock, ClockKey, Incident, Standing, WouldBe};
use crate::domain::instant::{Duration, Instant, Zone, length_in_words, rfc3339};
use crate::domain::law::Mode;
use crate::domain::law::uncovered::in_a_row;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The fact that the house's own clock asks for.
const OPENING_QUESTION: &str = "breach.suspected";
/// What helps with a clock by which the daemon tells its operator of itself.
const OPERATORS: [(&str, &str, &str); 4] = [
    ("house.delivery", "To see which", "watchbell alert list --dead"),
    ("house.quarantine", "To look at them", "watchbell quarantine list"),
    ("house.source", "To see the sources", "watchbell source list"),
    ("house.watch", "To see every clock", "watchbell board"),
];
/// So many places that no pack covers are named in a letter.
const UNCOVERED_NAMED: usize = 8;
/// A limit closer than this does not wait for the morning.
const NIGHT: Duration = Duration::hours(12);
/// A limit closer than this is this week's.
const WEEK: Duration = Duration::days(7);

/// A clock a letter is about, and the rung that rings for it.
#[derive(Clone, Copy)]
struct Told<'a> {
    /// Which.
    key: &'a ClockKey,
    /// As it is.
    clock: &'a Clock,
    /// The rung's name.
    rung: &'a str,
    /// When the rung fell due.
    due_at: Instant,
    /// How many more clocks of the same list the letter is about, none of them more urgent.
    more: usize,
}

impl Told<'_> {
    /// The name under which it is told of: of a list, that of the clock that stands for all.
    fn public(&self, incident: &Incident) -> String {
        incident::subject(self.key, self.clock).public(&incident.id)
    }
}

/// Of the clocks of a list the most urgent speaks for all, and says how many they are.
fn gathered(all: Vec<Told<'_>>) -> Vec<Told<'_>> {
    let mut gathered: Vec<Told<'_>> = Vec::with_capacity(all.len());
    let mut lists: BTreeMap<ClockKey, usize> = BTreeMap::new();
    for told in all {
        if told.clock.law.listed.is_none() || told.key.target.is_none() {
            gathered.push(told);
            continue;
        }
        match lists.entry(told.key.whole()) {
            Entry::Occupied(at) => gathered[*at.get()].more += 1,
            Entry::Vacant(free) => {
                free.insert(gathered.len());
                gathered.push(told);
            }
        }
    }
    gathered
}

/// The letter of an alert, from the incident as it is now: about one clock, or about several, of which the one that
/// [`precedence`] puts first leads. `link` opens the page where it is acknowledged. Without a clock there is no letter.
///
/// `stake` is the nearest limit in law that would run if the opening question were answered with yes; it is said
/// where that question is what the letter asks.
pub fn compose(
    incident: &Incident,
    id: &AlertId,
    alert: &Alert,
    link: Option<String>,
    stake: Option<&WouldBe>,
    now: Instant,
) -> Option<Letter> {
    let spoken_of = incident.spoken_of(alert).into_iter();
    let mut told: Vec<Told<'_>> = spoken_of
        .map(|(about, clock)| Told { key: &about.clock, clock, rung: &about.rung, due_at: about.due_at, more: 0 })
        .collect();
    told.sort_by_key(|told| (precedence(told.clock), told.key));
    let told = gathered(told);
    let (first, others) = told.split_first()?;
    let law = &first.clock.law;
    let organisation = name_of(incident, first.key);
    let title = title(first);
    let left = law.limit().map_or_else(|| "Without delay".to_owned(), |limit| upper_first(&left_in_words(limit, now)));
    let until = law.limit().map(|limit| format!(", {}", until_in_words(limit, law.deadlines.operational.zone, now)));
    let until = until.unwrap_or_default();
    let nearer = nearer_in_words(first, others, now);
    let (also, also_in_subject) = match others.len() {
        0 => (String::new(), String::new()),
        1 => (", and 1 more clock".to_owned(), " and 1 more".to_owned()),
        more => (format!(", and {more} more clocks"), format!(" and {more} more")),
    };
    let mut lines = lines(incident, first, alert, organisation, now);
    lines.extend(others.iter().enumerate().map(|(nth, told)| (format!("Clock {}", nth + 2), in_a_line(incident, told, now))));
    if first.key.duty.as_str() == OPENING_CLOCK
        && let Some(stake) = stake
    {
        let after = lines.iter().position(|(label, _)| label == "Owed by").unwrap_or(0);
        lines.insert(after, ("If it is a breach".to_owned(), stake_in_words(stake, law.deadlines.operational.zone, now)));
    }
    let clocks: Vec<String> = told.iter().map(|told| told.public(incident)).collect();
    let late_by_s = u64::try_from((now - first.due_at).num_seconds()).unwrap_or(0);
    let (act, subject) = match alert.queued.act {
        incident::Act::Ring => {
            let moved = if is_nearer(first.clock) { "Moved earlier: " } else { "" };
            (Act::Ring, format!("{moved}{left}: {title}{also_in_subject}{until}{nearer}"))
        }
        incident::Act::Acknowledge => (Act::Acknowledge, format!("Taken: {title}{also_in_subject}")),
        incident::Act::Resolve => (Act::Resolve, format!("Closed: {title}{also_in_subject}")),
    };
    Some(Letter {
        id: id.clone(),
        drill: false,
        act,
        incident: incident.id.clone(),
        thread: incident.id.to_string(),
        subject: format!("{subject} ({organisation}, {})", incident.id),
        heading: match alert.queued.act {
            incident::Act::Resolve => format!("Closed: {title}"),
            _ => format!("{title}, {}{nearer}{also}", lower_first(&left)),
        },
        lines,
        asked: match alert.queued.act {
            incident::Act::Resolve => "Nothing, unless you know better: what was said can be taken back.".to_owned(),
            incident::Act::Ring | incident::Act::Acknowledge => law.asks.clone(),
        },
        commands: commands(incident, first.key, law.mode, &clocks[0]),
        link,
        facts: serde_json::json!({
            "clock": clocks[0],
            "clocks": clocks,
            "duty": first.key.duty,
            "organisation": first.key.organisation,
            "cite": law.cite,
            "standing": first.clock.standing.word(),
            "mode": law.mode,
            "due": law.limit().map(rfc3339),
            "outer": law.deadlines.outer.as_ref().and_then(|term| term.at).map(rfc3339),
            "rung": first.rung,
            "rung_due_at": rfc3339(first.due_at),
        }),
        clocks,
        urgency: match alert.queued.act {
            incident::Act::Resolve => Urgency::Info,
            _ => told.iter().map(|told| urgency(told.clock, now)).max().unwrap_or(Urgency::Info),
        },
        rung_at: alert.queued_at,
        late_by_s,
    })
}

/// What decides which clock leads a letter: a limit in law goes before a duty "without delay", a suggestion, or a target of
/// the house, which are no deadlines; what is owed goes before what only may be, since the house can act on it; then the
/// nearest. A limit that may be owed and is nearer still is never hidden behind: the subject names it too
/// ([`nearer_in_words`]), and the letter is as loud as its loudest clock.
fn precedence(clock: &Clock) -> (bool, bool, bool, Instant) {
    let law = &clock.law;
    (law.mode == Mode::Shadow, !is_statutory(clock), clock.standing == Standing::Provisional, law.due())
}

/// Whether it has a limit that the law sets and numbers.
fn is_statutory(clock: &Clock) -> bool {
    matches!(clock.law.mode, Mode::Live | Mode::Straddle) && clock.law.limit().is_some()
}

/// The nearest limit in law that comes before the one that leads, in words for subject and heading.
fn nearer_in_words(first: &Told<'_>, others: &[Told<'_>], now: Instant) -> String {
    let nearer = others.iter().filter(|told| is_statutory(told.clock) && told.clock.law.due() < first.clock.law.due());
    let Some(nearest) = nearer.min_by_key(|told| told.clock.law.due()) else { return String::new() };
    format!("; provisional, {}: {}", left_in_words(nearest.clock.law.due(), now), title(nearest))
}

/// `until Fri 27 Mar …`, or since when it is overdue.
fn until_in_words(limit: Instant, zone: Zone, now: Instant) -> String {
    let word = if is_over(limit, now) { "overdue since" } else { "until" };
    format!("{word} {}", zone.in_words(limit))
}

/// Whether a limit is overdue, by the words that say how long is left: it is due for a minute first.
fn is_over(limit: Instant, now: Instant) -> bool {
    now - limit >= Duration::minutes(1)
}

fn name_of<'i>(incident: &'i Incident, key: &'i ClockKey) -> &'i str {
    incident.opened.organisations.get(&key.organisation).map_or(key.organisation.as_str(), |profile| &profile.name)
}

/// The places and regimes of the organisation that no pack in use covers, so that nobody takes the clocks for all there is.
fn uncovered(incident: &Incident, key: &ClockKey) -> Option<String> {
    let of_this = incident.still_uncovered().filter(|(organisation, _)| **organisation == key.organisation);
    let names: Vec<String> = of_this.map(|(_, uncovered)| uncovered.in_words()).collect();
    let says = format!("{}: no pack in use holds the law there; ask counsel", in_a_row(&names, UNCOVERED_NAMED));
    (!names.is_empty()).then_some(says)
}

/// What is to be done, towards whom where there are several, and what kind of clock it is.
fn title(told: &Told<'_>) -> String {
    let label = match told.clock.law.mode {
        Mode::Shadow => "Rehearsal, not in force: ",
        Mode::Advisory => "Advisory: ",
        Mode::Live | Mode::Straddle | Mode::Policy => "",
    };
    let title = format!("{label}{}", told.clock.law.title);
    format!("{title}{}", towards_in_words(told.key, told.clock, told.more))
}

/// A further clock of the same letter: how long, what, until when, whose, by which law.
fn in_a_line(incident: &Incident, told: &Told<'_>, now: Instant) -> String {
    let law = &told.clock.law;
    let when = law.limit().map_or_else(
        || "without delay".to_owned(),
        |limit| format!("{}, {}", left_in_words(limit, now), until_in_words(limit, law.deadlines.operational.zone, now)),
    );
    let provisional = if told.clock.standing == Standing::Provisional { "provisional, " } else { "" };
    format!("{}: {provisional}{when} ({}; {})", title(told), name_of(incident, told.key), law.cite)
}

/// `Without delay` inside a sentence.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A letter that tries a channel, and says so first.
pub fn drill(id: AlertId, now: Instant) -> Letter {
    let lines = [
        ("What this is", "a test of this channel, sent by hand"),
        ("What it proves", "an alert sent this way reaches you; a real one has the same form"),
    ];
    Letter {
        id: id.clone(),
        drill: true,
        act: Act::Ring,
        incident: IncidentId::new("drill"),
        clocks: vec![id.to_string()],
        thread: id.to_string(),
        subject: "A test of this channel by Watchbell".into(),
        heading: "This channel works".into(),
        lines: lines.map(|(label, value)| (label.to_owned(), value.to_owned())).to_vec(),
        asked: "Nothing. Tell whoever sent it that it has arrived.".into(),
        commands: Vec::new(),
        link: None,
        facts: serde_json::json!({ "clock": id }),
        urgency: Urgency::Info,
        rung_at: now,
        late_by_s: 0,
    }
}

/// What to type: the answer where one is all that is asked, the acknowledgement otherwise.
fn commands(incident: &Incident, key: &ClockKey, mode: Mode, clock_id: &str) -> Vec<(String, String)> {
    let id = &incident.id;
    let first = match mode {
        Mode::Policy if let Some((_, purpose, command)) = OPERATORS.iter().find(|(duty, _, _)| *duty == key.duty.as_str()) => {
            (*purpose, (*command).to_owned())
        }
        Mode::Policy if let Some(subject) = law_is_about(incident, key) => {
            let answer = format!("watchbell answer {id} counsel.said.{subject}=nothing-owed --because \"counsel's reason\"");
            ("To record what counsel said of one", answer)
        }
        Mode::Policy => ("To answer", format!("watchbell answer {id} {OPENING_QUESTION}=true --because \"what was seen\"")),
        _ => ("To take it", format!("watchbell clock ack {clock_id}")),
    };
    let second = ("To see what is known and asked", format!("watchbell incident show {id}"));
    [first, second].map(|(purpose, command)| (purpose.to_owned(), command)).to_vec()
}

/// The first place or regime that a clock is about, where it asks counsel.
fn law_is_about<'i>(incident: &'i Incident, key: &ClockKey) -> Option<&'i String> {
    incident.clocks.get(key)?.law.about.first()
}

/// What the letter rests on, in the order in which it is asked for: until when, whose, which law, why now.
fn lines(incident: &Incident, told: &Told<'_>, alert: &Alert, organisation: &str, now: Instant) -> Vec<(String, String)> {
    let clock = told.clock;
    let law = &clock.law;
    let term = &law.deadlines.operational;
    let mut lines: Vec<(&str, String)> = Vec::new();
    match (law.limit(), law.until()) {
        (Some(limit), _) => {
            let label = match (is_statutory(clock) || law.mode == Mode::Shadow, is_over(limit, now)) {
                (_, true) => "Overdue since",
                (true, false) => "Until",
                (false, false) => "Target",
            };
            lines.push((label, format!("{}, {}", term.zone.in_words(limit), left_in_words(limit, now))));
            if term.zone != Zone::UTC {
                lines.push(("In UTC", Zone::UTC.in_words(limit)));
            }
        }
        (None, Some(target)) => {
            lines.push(("Until", without_delay(clock, now)));
            lines.push(("House target", format!("{}, {}", term.zone.in_words(target), left_in_words(target, now))));
        }
        (None, None) => lines.push(("Until", without_delay(clock, now))),
    }
    if let Some((at, outer)) = law.deadlines.outer.as_ref().and_then(|outer| Some((outer.at?, outer))) {
        lines.push(("At the latest", format!("{}, {} ({})", outer.zone.in_words(at), outer.says, outer.cite)));
    }
    lines.extend(moved_in_words(clock).map(|moved| ("Moved", moved)));
    lines.push(("Owed by", organisation.to_owned()));
    lines.push(("Owed to", law.addressee.clone()));
    lines.push(("Law", law.cite.clone()));
    if law.mode != Mode::Policy {
        lines.push(("How it was read", law.verification.words_of(law.edition.as_deref()).into_owned()));
    }
    lines.push(("Limit", term.says.clone()));
    lines.push(("Standing", standing_in_words(clock)));
    lines.extend(held_in_words(clock, now).map(|held| ("Held", held)));
    if let Some(disputed) = disputed_in_words(incident, clock) {
        lines.push(("Disputed", disputed));
    }
    for (team, lease) in clock.live_leases() {
        let team = team.as_ref().map(|team| format!(" for {team}")).unwrap_or_default();
        lines.push(("Taken by", format!("{}{team} until {}", lease.by, term.zone.in_words(clock.shown_until(lease)))));
    }
    lines.extend(uncovered(incident, told.key).map(|names| ("Not covered", names)));
    lines.extend(clock.met.as_ref().filter(|met| !met.by.is_empty()).map(|met| ("Closed by", met.by.clone())));
    lines.push(("Why now", rung_in_words(told.rung)));
    lines.extend(alert.in_stead_of.iter().map(|(_, because)| ("Why here", because.clone())));
    lines.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
}

/// A duty the law gives no number, and how long it has been owed.
fn without_delay(clock: &Clock, now: Instant) -> String {
    let since = now - clock.law.start.at;
    if since < Duration::minutes(1) {
        return "without delay".into();
    }
    format!("without delay; it began {} ago", length_in_words(since))
}

/// That the limit is another than its readers were told before.
fn moved_in_words(clock: &Clock) -> Option<String> {
    let (before, until) = (clock.told?.before?, clock.law.until()?);
    let way = if until < before { "earlier" } else { "later" };
    Some(format!("{way}: before, it was {}", clock.law.deadlines.operational.zone.in_words(before)))
}

/// Whether the limit is nearer than its readers were told before.
fn is_nearer(clock: &Clock) -> bool {
    let before = clock.told.and_then(|told| told.before);
    before.zip(clock.law.until()).is_some_and(|(before, until)| until < before)
}

/// Whether an alert may be held back when its reader has got many: neither a loud one nor a ladder's last rungs.
pub fn may_wait(clock: &Clock, rung: &str, now: Instant) -> bool {
    let last = rung == "expiry" || rung.contains("overdue");
    urgency(clock, now) <= Urgency::Warning && !last
}

/// Loud only where the night cannot wait; a rehearsal never is.
fn urgency(clock: &Clock, now: Instant) -> Urgency {
    let law = &clock.law;
    if matches!(law.mode, Mode::Shadow | Mode::Advisory) {
        return Urgency::Info;
    }
    match law.limit().map(|limit| limit - now) {
        Some(left) if left < Duration::zero() => Urgency::Overdue,
        // To ask counsel can wait for the morning, as long as there is one before the house's own limit.
        Some(left) if left <= if law.about.is_empty() { NIGHT } else { NIGHT / 3 } => Urgency::Critical,
        Some(left) if left > WEEK => Urgency::Info,
        _ => Urgency::Warning,
    }
}

fn standing_in_words(clock: &Clock) -> String {
    match clock.standing {
        Standing::Provisional => match clock.law.missing.len() {
            1 => "open: one answer is missing; until it is given, the stricter reading runs".into(),
            missing => format!("open: {missing} answers are missing; until they are given, the stricter reading runs"),
        },
        Standing::Running => "owed".into(),
        Standing::Missed => "the limit has passed; the duty stands until it is met".into(),
        Standing::Met | Standing::Void => clock.standing.word().into(),
    }
}

/// A rung's name in words: `50% left` is `half of the time is left`.
fn rung_in_words(rung: &str) -> String {
    if let Some((followed, wait)) = rung.rsplit_once(" +") {
        return format!("{}, and nobody acknowledged within {wait}", rung_in_words(followed));
    }
    if let Some(left) = rung.strip_suffix(" left") {
        if left == "50%" {
            return "half of the time is left".into();
        }
        return match (left.strip_suffix('%'), parse_length(left)) {
            (Some(percent), _) => format!("{percent} % of the time is left"),
            (None, Some(length)) => format!("no more than {} left", whole_units(length)),
            (None, None) => rung.to_owned(),
        };
    }
    match rung {
        "start" => "the clock has been set".into(),
        "expiry" => "the time is up".into(),
        "at target" => "the house's own target has come".into(),
        "acknowledge" => "somebody owns the clock".into(),
        "resolve" => "the clock asks for nothing any more".into(),
        _ if rung.starts_with("handed over by ") => rung.to_owned(),
        _ if rung.starts_with("moved earlier") => "the limit has moved earlier".into(),
        _ if rung.starts_with("runs again") => "it had been closed, and runs again".into(),
        _ if rung.starts_with("silence ended") => "nobody has it any more: the silence has ended".into(),
        _ if rung.starts_with("acknowledgement ended") => "nobody has it any more: the acknowledgement has ended".into(),
        _ => match (rung.split_once(" overdue #"), rung.split_once(" past target #"), rung.strip_suffix(" before target")) {
            (Some((_, number)), _, _) => format!("overdue, reminder {number}"),
            (_, Some((_, number)), _) => format!("past the house's own target, reminder {number}"),
            (_, _, Some(length)) => match parse_length(length) {
                Some(length) => format!("{} before the house's own target", whole_units(length)),
                None => rung.to_owned(),
            },
            (None, None, None) => rung.to_owned(),
        },
    }
}

/// A length as a ladder states it: `24 hours`, `1 hour`, `3 days`.
fn whole_units(length: Duration) -> String {
    let (number, unit) = match length.num_minutes() {
        minutes if minutes > 0 && minutes % 1440 == 0 && minutes > 1440 => (minutes / 1440, "day"),
        minutes if minutes > 0 && minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes if minutes > 0 => (minutes, "minute"),
        _ => (length.num_seconds(), "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::escalation::{Ladder, Span};
    use crate::domain::instant::parse_rfc3339;

    #[test]
    fn a_limit_is_due_for_a_minute_before_it_is_overdue() {
        let at = |text| parse_rfc3339(text).expect("an instant");
        let limit = at("2026-11-20T12:00:00Z");
        for (now, words) in [
            ("2026-11-20T11:59:59Z", "1 s left"),
            ("2026-11-20T12:00:00Z", "due now"),
            ("2026-11-20T12:00:59Z", "due now"),
            ("2026-11-20T12:01:00Z", "1 min overdue"),
        ] {
            assert_eq!(left_in_words(limit, at(now)), words);
        }
        assert_eq!(upper_first("due now"), "Due now");
    }

    #[test]
    fn every_rung_a_ladder_can_name_has_words_of_its_own() {
        let names = [
            ("start", "the clock has been set"),
            ("50% left", "half of the time is left"),
            ("25% left", "25 % of the time is left"),
            ("24h left", "no more than 24 hours left"),
            ("1h left", "no more than 1 hour left"),
            ("3d left", "no more than 3 days left"),
            ("90m left", "no more than 90 minutes left"),
            ("30s left", "no more than 30 seconds left"),
            ("expiry", "the time is up"),
            ("every 1h overdue #3", "overdue, reminder 3"),
            ("at target", "the house's own target has come"),
            ("6h before target", "6 hours before the house's own target"),
            ("every 1h past target #2", "past the house's own target, reminder 2"),
            ("24h left +15m", "no more than 24 hours left, and nobody acknowledged within 15m"),
            ("acknowledgement ended 2026-11-21T03:00:00Z", "nobody has it any more: the acknowledgement has ended"),
            ("silence ended 2026-11-21T03:00:00Z", "nobody has it any more: the silence has ended"),
            ("moved earlier 2026-11-21T03:00:00Z", "the limit has moved earlier"),
            ("runs again 2026-11-21T03:00:00Z", "it had been closed, and runs again"),
        ];
        for (rung, words) in names {
            assert_eq!(rung_in_words(rung), words);
        }
    }

    #[test]
    fn the_words_follow_the_names_a_real_ladder_gives() {
        let ladder: Ladder = toml::from_str(
            r#"
            name = "all"
            rung = [
              { when = "start", to = [] }, { when = "50% left", to = [] }, { when = "4h left", to = [] },
              { when = "expiry", to = [] }, { when = "every 1h overdue", to = [] },
            ]
            "#,
        )
        .expect("a ladder");
        let at = |text| parse_rfc3339(text).expect("an instant");
        let (from, until) = (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
        let plan = ladder.plan(
            Span { set_at: from, from, until: Some(until) },
            &std::collections::BTreeMap::new(),
            at("2026-11-21T01:30:00Z"),
        );
        let words: Vec<String> = plan.iter().map(|rung| rung_in_words(&rung.name)).collect();
        assert_eq!(
            words,
            [
                "the clock has been set",
                "half of the time is left",
                "no more than 4 hours left",
                "the time is up",
                "overdue, reminder 1",
                "overdue, reminder 2",
            ]
        );
    }
}
