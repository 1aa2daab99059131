//! What on record speaks against a word before it is taken down: a filing before its clock began, a
//! determination against a hold or a dispute, fewer people in words than in the facts.
//!
//! Nothing here decides. Whoever speaks is shown the facts and may say it all the same, with a ground.

use super::command::{Evidence, HoldStatement, Moment};
use super::event::ClockKey;
use super::state::{Clock, Incident, RecordedHold};
use crate::domain::clocks::Pause;
use crate::domain::facts::{Claim, Count, Standing, Value, Vocabulary};
use crate::domain::instant::{Instant, Zone};

/// The count of people, and the same by place.
const PEOPLE: [&str; 2] = ["people.total", "people.by-place"];
/// So many words behind a number may stand before what it counts: `500 affected Ohio residents`.
const REACH: usize = 3;

/// What speaks against a filing.
pub fn of_filing(incident: &Incident, key: &ClockKey, clock: &Clock, evidence: &Evidence) -> Vec<String> {
    let mut against = Vec::new();
    let start = &clock.law.start;
    if evidence.filed_at < start.at {
        let zone = clock.law.deadlines.operational.zone;
        let from = start.from.as_ref().map(|fact| format!(" (from `{fact}`)")).unwrap_or_default();
        against.push(format!(
            "it was filed {}, before the clock begins {}{from}",
            zone.in_words(evidence.filed_at),
            zone.in_words(start.at)
        ));
    }
    let forbidding = holds_at(clock, evidence.filed_at).filter(|held| forbids(&held.hold.kind));
    against.extend(
        forbidding.map(|held| format!("a statement of {} forbids telling {}", held.statement.official, held_until(clock, held))),
    );
    if let (Some(list), None) = (&clock.law.listed, &key.target) {
        against.push(format!("it stands for each of those in `{list}`, and nobody has said who they are"));
    }
    against.extend(of_words(incident, key.target.as_deref(), &evidence.what));
    against
}

/// What whoever filed should know of it, once it is on record: a hold that stood then, people who will be found later.
pub fn notes_on_filing(incident: &Incident, key: &ClockKey, evidence: &Evidence, moment: &Moment<'_>) -> Vec<String> {
    let Some(clock) = incident.clocks.get(key) else { return Vec::new() };
    // What forbids telling was shown before, and wanted a ground.
    let delaying = holds_at(clock, evidence.filed_at).filter(|held| !forbids(&held.hold.kind));
    let mut notes: Vec<String> = delaying
        .map(|held| {
            let HoldStatement { official, rule, .. } = &held.statement;
            let until = held_until(clock, held);
            format!(
                "a statement of {official} asks that telling wait {until} (`{rule}`); where its law says that telling shall be \
                 delayed, it was not allowed before the release: ask counsel"
            )
        })
        .collect();
    let tells = moment.rulebook.duty(&key.duty).is_some_and(|(_, duty)| duty.text.tells.is_some());
    let met = clock.met.as_ref();
    if tells && met.is_some_and(|met| met.told.is_none() && met.known_then.is_none()) {
        notes.push(
            "how many people were told is not said, and no count is on record: people who are found later will get no further \
             clock\nhint: take it back with `watchbell clock reopen` and meet it again with `--told NUMBER` (`told` in the API)"
                .into(),
        );
    }
    notes
}

/// The statements under which telling was to wait at an instant.
fn holds_at(clock: &Clock, at: Instant) -> impl Iterator<Item = &RecordedHold> {
    clock.holds.iter().filter(move |held| held.hold.from <= at && ends_at(clock, held).is_none_or(|until| until > at))
}

/// When a statement no longer holds; statements of one kind lapse together.
fn ends_at(clock: &Clock, held: &RecordedHold) -> Option<Instant> {
    held.hold.ends_among(clock.holds.iter().map(|held| &held.hold), clock.law.deadlines.operational.zone)
}

fn held_until(clock: &Clock, held: &RecordedHold) -> String {
    let zone = clock.law.deadlines.operational.zone;
    let until = ends_at(clock, held).map(|until| format!("until {}", zone.in_words(until)));
    until.unwrap_or_else(|| "without an end".to_owned())
}

/// Whether a hold forbids to tell, rather than letting it wait.
fn forbids(kind: &Pause) -> bool {
    match kind {
        Pause::Prohibition {} => true,
        Pause::Capped { pause, .. } => forbids(pause),
        Pause::Floor {} | Pause::Toll {} | Pause::Restart(_) | Pause::LatestOf(_) => false,
    }
}

/// What speaks against a determination that nothing is owed.
pub fn of_determination(incident: &Incident, key: &ClockKey, clock: &Clock, words: &[&str], now: Instant) -> Vec<String> {
    let mut against = Vec::new();
    let zone = clock.law.deadlines.operational.zone;
    for held in clock.holds.iter().filter(|held| held.hold.until.is_none_or(|until| until > now)) {
        let until =
            held.hold.until.map_or_else(|| "without an end".to_owned(), |until| format!("until {}", zone.in_words(until)));
        against.push(format!("a statement of {} delays telling {until}, and does not lift the duty", held.statement.official));
    }
    for fact in &clock.law.missing {
        if let Standing::Disputed(claims) = incident.book.standing(fact.as_str()) {
            let sides: Vec<String> = claims.into_iter().map(|claim| said(claim, zone)).collect();
            against.push(format!("`{fact}` is disputed: {}", sides.join(" against ")));
        }
    }
    against.extend(words.iter().flat_map(|text| of_words(incident, key.target.as_deref(), text)));
    against.dedup();
    against
}

/// What speaks against answers: a ground that counts otherwise than the facts, a total below the sum of its places.
pub fn of_answers(incident: &Incident, claims: &[Claim], vocabulary: &Vocabulary) -> Vec<String> {
    let mut after = incident.book.clone();
    claims.iter().for_each(|claim| _ = after.record(claim.clone()));
    let mut against = Vec::new();
    for claim in claims {
        let Some(Value::Count(total)) = &claim.value else { continue };
        let Some(parts) = vocabulary.at_least_sum_of(claim.key.as_str()) else { continue };
        let Standing::Known(Value::ByPlace(places), of) = after.standing(parts.as_str()) else { continue };
        let sum = places.values().fold(0_u64, |sum, count| sum.saturating_add(count.number));
        if total.number < sum {
            against.push(format!("`{parts}` comes to {sum} ({} said so), and `{}` would be {total}", of.by.name(), claim.key));
        }
    }
    // What is answered together is weighed together.
    let supposed = Incident { book: after, ..incident.clone() };
    let mut grounds: Vec<&str> = claims.iter().filter_map(|claim| claim.ground.as_deref()).collect();
    grounds.dedup();
    against.extend(grounds.into_iter().flat_map(|text| of_words(&supposed, None, text)));
    against
}

/// Where words count people otherwise than the facts do.
fn of_words(incident: &Incident, target: Option<&str>, text: &str) -> Vec<String> {
    let bounds = bounds(text);
    let known = if bounds.is_empty() { Vec::new() } else { counts(incident, target) };
    let mut against = Vec::new();
    for bound in bounds {
        for (what, number) in known.iter().filter(|(_, number)| !bound.holds(*number)) {
            against.push(format!("{what} is {number} on record, and these words say `{}`", bound.words));
        }
    }
    against
}

/// The counts of people on record: of the place a clock is about if it is about one, else of all.
fn counts(incident: &Incident, target: Option<&str>) -> Vec<(String, u64)> {
    let mut known = Vec::new();
    let cohort = |key: &str| target.map(|target| format!("{key}@{target}"));
    let by_place = incident.book.standing(PEOPLE[1]);
    if let (Some(place), Some(Value::ByPlace(places))) = (target, by_place.value())
        && let Some(count) = places.get(place)
    {
        return vec![(format!("`{}` of {place}", PEOPLE[1]), count.number)];
    }
    let total = cohort(PEOPLE[0]).filter(|key| incident.book.standing(key).value().is_some());
    let total = total.unwrap_or_else(|| PEOPLE[0].to_owned());
    match incident.book.standing(&total) {
        Standing::Known(Value::Count(Count { number, .. }), claim) => {
            known.push((format!("`{total}`, said by {},", claim.by.name()), *number));
        }
        Standing::Disputed(claims) => known.extend(claims.iter().filter_map(|claim| match &claim.value {
            Some(Value::Count(count)) => Some((format!("`{total}`, disputed, as {} says,", claim.by.name()), count.number)),
            _ => None,
        })),
        _ => {
            if let Some(Value::ByPlace(places)) = by_place.value() {
                let sum = places.values().fold(0_u64, |sum, count| sum.saturating_add(count.number));
                known.push((format!("the sum of `{}`", PEOPLE[1]), sum));
            }
        }
    }
    known
}

fn said(claim: &Claim, zone: Zone) -> String {
    let value = match &claim.value {
        None => "not known".to_owned(),
        Some(Value::Instant(at)) => zone.in_words(*at),
        Some(value) => value.to_string(),
    };
    format!("{value} (said by {})", claim.by.name())
}

/// A number of people as words bound it, from and to, both included.
#[derive(Debug, PartialEq, Eq)]
struct Bound {
    from: u64,
    to: u64,
    words: String,
}

impl Bound {
    fn holds(&self, number: u64) -> bool {
        (self.from..=self.to).contains(&number)
    }
}

/// Everything a text says about how many people there are at most or at least.
fn bounds(text: &str) -> Vec<Bound> {
    let apart = text.replace('<', " < ").replace('>', " > ").replace('=', " = ").replace('≤', " ≤ ").replace('≥', " ≥ ");
    let words: Vec<&str> = apart.split_whitespace().collect();
    let plain: Vec<String> = words.iter().map(|word| bare(word)).collect();
    let mut found = Vec::new();
    for start in 0..plain.len() {
        if let Some(bound) = none(&plain, &words, start) {
            found.push(bound);
            continue;
        }
        let Some((side, at)) = side(&plain, start) else { continue };
        let Some((number, end)) = number(&plain, at) else { continue };
        if counts_people(&plain, &words, end) {
            let words = words[start..end].join(" ");
            found.push(side.bound(number, words.trim_end_matches(|c: char| c.is_ascii_punctuation()).to_owned()));
        }
    }
    for start in 0..plain.len() {
        // "500 or fewer", "500 or more"; a word before it that bounds it has been read above.
        let Some((number, end)) = number(&plain, start) else { continue };
        let more = match (plain.get(end).map(String::as_str), plain.get(end + 1).map(String::as_str)) {
            (Some("or"), Some("more")) => Side::AtLeast,
            (Some("or"), Some("fewer" | "less")) => Side::AtMost,
            _ => continue,
        };
        let denied = start.checked_sub(1).is_some_and(|before| denies(&plain[before]));
        let more = if denied { more.denied() } else { more };
        if counts_people(&plain, &words, end + 2) {
            found.push(more.bound(number, words[start..end + 2].join(" ")));
        }
    }
    found
}

/// "nobody is affected", "no residents are affected".
fn none(plain: &[String], words: &[&str], start: usize) -> Option<Bound> {
    let first = plain.get(start)?.as_str();
    let second = plain.get(start + 1).map_or("", String::as_str);
    let end = match (first, second) {
        ("nobody", _) => start + 1,
        ("no", "one") => start + 2,
        ("no", noun) if is_people(noun) => start + 2,
        ("no", _) if plain.get(start + 2).is_some_and(|noun| is_people(noun)) => start + 3,
        _ => return None,
    };
    let about = plain.iter().skip(end).take(REACH).any(|word| matches!(word.as_str(), "affected" | "concerned" | "involved"));
    about.then(|| Bound { from: 0, to: 0, words: words[start..end].join(" ") })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Side {
    fn bound(self, number: u64, words: String) -> Bound {
        let (from, to) = match self {
            Self::Below => (0, number.saturating_sub(1)),
            Self::AtMost => (0, number),
            Self::Above => (number.saturating_add(1), u64::MAX),
            Self::AtLeast => (number, u64::MAX),
        };
        Bound { from, to, words }
    }

    /// "no more than" is "at most".
    fn denied(self) -> Self {
        match self {
            Self::Below => Self::AtLeast,
            Self::AtMost => Self::Above,
            Self::Above => Self::AtMost,
            Self::AtLeast => Self::Below,
        }
    }
}

/// How words at a place bound the number behind them, and where that begins.
fn side(plain: &[String], start: usize) -> Option<(Side, usize)> {
    let word = |nth: usize| plain.get(start + nth).map_or("", String::as_str);
    let denied = denies(word(0));
    let at = usize::from(denied);
    let (side, length) = match (word(at), word(at + 1)) {
        ("fewer" | "less" | "smaller" | "lower", "than") => (Side::Below, 2),
        ("more" | "greater" | "higher", "than") => (Side::Above, 2),
        ("at", "most") | ("up", "to") | ("maximum", "of") => (Side::AtMost, 2),
        ("at", "least") | ("minimum", "of") => (Side::AtLeast, 2),
        ("under" | "below", _) => (Side::Below, 1),
        ("over" | "above" | "exceeds" | "exceeding", _) => (Side::Above, 1),
        ("<" | ">", "=") => (if word(at) == "<" { Side::AtMost } else { Side::AtLeast }, 2),
        ("<", _) => (Side::Below, 1),
        (">", _) => (Side::Above, 1),
        ("≤" | "max", _) => (Side::AtMost, 1),
        ("≥" | "min", _) => (Side::AtLeast, 1),
        _ => return None,
    };
    // Without its denial the same words stand one place further on, and would be read a second time.
    if start.checked_sub(1).is_some_and(|before| denies(&plain[before])) {
        return None;
    }
    let mut begins = start + at + length;
    while plain
        .get(begins)
        .is_some_and(|word| matches!(word.as_str(), "about" | "some" | "around" | "the" | "a" | "threshold" | "of"))
    {
        begins += 1;
    }
    Some((if denied { side.denied() } else { side }, begins))
}

fn denies(word: &str) -> bool {
    matches!(word, "no" | "not" | "never")
}

/// A whole number in digits or words at a place, and where it ends.
fn number(plain: &[String], start: usize) -> Option<(u64, usize)> {
    let first = plain.get(start)?;
    let (digits, scale) = match first.strip_suffix('k') {
        Some(digits) => (digits, 1000),
        None => (first.as_str(), 1),
    };
    let digits: String = digits.chars().filter(|c| !matches!(c, ',' | '_' | '\'' | '’')).collect();
    if let Ok(number) = digits.parse::<u64>() {
        let number = number.checked_mul(scale)?;
        return Some(match plain.get(start + 1).and_then(|word| power(word)) {
            Some(power) => (number.checked_mul(power)?, start + 2),
            None => (number, start + 1),
        });
    }
    let (mut total, mut current, mut end) = (0_u64, 0_u64, start);
    while let Some(word) = plain.get(end) {
        match (small(word), power(word)) {
            (Some(number), _) => current = current.checked_add(number)?,
            (None, Some(100)) => current = current.max(1).checked_mul(100)?,
            (None, Some(power)) => {
                total = total.checked_add(current.max(1).checked_mul(power)?)?;
                current = 0;
            }
            (None, None) if word == "and" && end > start => {}
            (None, None) => break,
        }
        end += 1;
    }
    (end > start).then_some((total.checked_add(current)?, end))
}

fn small(word: &str) -> Option<u64> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let nth = |list: &[&str]| list.iter().position(|known| *known == word).and_then(|nth| u64::try_from(nth).ok());
    nth(&SMALL).or_else(|| nth(&TENS).map(|nth| (nth + 2) * 10))
}

fn power(word: &str) -> Option<u64> {
    match word {
        "hundred" => Some(100),
        "thousand" => Some(1000),
        "lakh" => Some(100_000),
        "million" => Some(1_000_000),
        "crore" => Some(10_000_000),
        _ => None,
    }
}

/// Whether a number that ends here counts people: they are named soon after, or nothing else is.
fn counts_people(plain: &[String], words: &[&str], end: usize) -> bool {
    let closes = |word: &&str| word.ends_with(['.', ',', ';', ':', ')', '"', '!', '?']);
    if end.checked_sub(1).and_then(|last| words.get(last)).is_some_and(closes) {
        return true;
    }
    let behind: Vec<&str> = plain.iter().skip(end).take(REACH).map(String::as_str).collect();
    let goes_on = |word: &&&str| {
        matches!(**word, "were" | "are" | "was" | "is" | "have" | "had" | "affected" | "and" | "or" | "so" | "in" | "as")
    };
    behind.is_empty() || behind.first().as_ref().is_some_and(goes_on) || behind.iter().any(|word| is_people(word))
}

fn is_people(word: &str) -> bool {
    matches!(
        word,
        "people"
            | "person"
            | "persons"
            | "individual"
            | "individuals"
            | "resident"
            | "residents"
            | "patient"
            | "patients"
            | "customer"
            | "customers"
            | "employee"
            | "employees"
            | "consumer"
            | "consumers"
            | "subjects"
            | "principals"
            | "members"
            | "users"
    )
}

/// A word in small letters without what stands around it; a sign of comparison stays, and stands alone.
fn bare(word: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '<' | '>' | '≤' | '≥' | '=' | '%' | '$' | '€' | '£' | '₹');
    word.trim_matches(|c: char| !kept(c)).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, u64)> {
        bounds(text).into_iter().map(|bound| (bound.from, bound.to)).collect()
    }

    #[test]
    fn words_that_bound_a_number_of_people_are_read_in_many_forms() {
        for text in [
            "fewer than 500",
            "fewer than 500 individuals",
            "less than five hundred people",
            "It was under 500.",
            "below 500 affected Ohio residents",
            "people: <500",
            "not <= 499 but < 500",
            "not 500 or more people",
            "no residents over 499: fewer than 500, all in Ohio",
        ] {
            assert!(read(text).contains(&(0, 499)), "`{text}`: {:?}", read(text));
        }
        assert_eq!(read("no more than 2,600 patients"), [(0, 2600)]);
        assert_eq!(read("at most 1k people"), [(0, 1000)]);
        assert_eq!(read("up to two thousand six hundred people"), [(0, 2600)]);
        assert_eq!(read("more than 500 residents"), [(501, u64::MAX)]);
        assert_eq!(read("at least one million people"), [(1_000_000, u64::MAX)]);
        assert_eq!(read("499 or fewer individuals"), [(0, 499)]);
        assert_eq!(read("nobody is affected"), [(0, 0)]);
        assert_eq!(read("no Ohio residents were affected"), [(0, 0)]);
    }

    #[test]
    fn numbers_of_other_things_bound_no_people() {
        for text in [
            "told within less than 72 hours",
            "found after more than 3 days",
            "under Art. 33 of the GDPR",
            "encrypted to SP 800-111, keys held apart",
            "a loss of less than 500 euros",
            "fewer than 5 servers were reached",
            "over 90 % of the disk",
            "nobody opened the file",
            "at least the backup is whole",
        ] {
            assert_eq!(read(text), [], "`{text}`");
        }
    }
}
