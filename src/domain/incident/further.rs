//! People who are found after a duty to tell them was met: the first filing stays, and a further clock runs for the rest.
//!
//! It counts as for those who were told first, which is the stricter reading; from when they were found is shown beside it.

use super::command::{Evidence, Moment};
use super::event::ClockKey;
use super::state::Incident;
use crate::domain::facts::{Book, Standing, Value, Vocabulary};
use crate::domain::instant::Instant;
use crate::domain::law::Duty;
use crate::domain::law::pack::Each;

/// People who are still to be told.
pub struct Rest {
    /// Which clock runs for them.
    pub clock: ClockKey,
    /// How many were told so far, as people said, or as many as were on record when they told.
    pub told: u64,
    /// How many are on record.
    pub known: u64,
    /// When they first were more than those told; none while they are not.
    pub since: Option<Instant>,
}

/// Who is still to be told of those a duty towards a target is about, once it was met; `None` before, and where
/// nobody said how many were told or are known.
pub fn rest(incident: &Incident, key: &ClockKey, target: Option<&str>, duty: &Duty, vocabulary: &Vocabulary) -> Option<Rest> {
    let mut told = told(incident.clocks.get(key)?.met.as_ref()?)?;
    let mut nth = 1;
    while let Some(met) = incident.clocks.get(&key.further(nth)).and_then(|clock| clock.met.as_ref()) {
        told = told.saturating_add(self::told(met).unwrap_or(0));
        nth += 1;
    }
    let known = people(&incident.book, duty, target, vocabulary)?;
    let since = (known > told).then(|| since(incident, duty, target, vocabulary, told)).flatten();
    Some(Rest { clock: key.further(nth), told, known, since })
}

/// How many people a clock that is met tells of, as far as they are on record and were not told before.
pub fn known_then(incident: &Incident, key: &ClockKey, moment: &Moment<'_>) -> Option<u64> {
    let (_, duty) = moment.rulebook.duty(&key.duty)?;
    let first = key.first();
    let vocabulary = &moment.rulebook.vocabulary;
    let known = people(&incident.book, duty, first.target.as_deref(), vocabulary)?;
    let before = rest(incident, &first, first.target.as_deref(), duty, vocabulary).map_or(0, |rest| rest.told);
    Some(known.saturating_sub(if key.is_further() { before } else { 0 }))
}

fn told(evidence: &Evidence) -> Option<u64> {
    evidence.told.or(evidence.known_then)
}

/// How many people there are to tell, where the duty says what counts them; of a dispute the most.
fn people(book: &Book, duty: &Duty, target: Option<&str>, vocabulary: &Vocabulary) -> Option<u64> {
    let counted = duty.text.tells.as_ref()?;
    let number = |value: &Value| match (value, &duty.text.each, target) {
        (Value::Count(count), ..) => Some(count.number),
        (Value::ByPlace(places), Some(Each::Place(_)), Some(place)) => places.get(place).map(|count| count.number),
        (Value::ByPlace(places), ..) => Some(places.values().fold(0_u64, |sum, count| sum.saturating_add(count.number))),
        _ => None,
    };
    let stands = |key: &str| match book.standing(key) {
        Standing::Known(value, _) => number(value),
        Standing::Disputed(claims) => claims.into_iter().filter_map(|claim| number(claim.value.as_ref()?)).max(),
        Standing::Unknown => None,
    };
    match (&duty.text.each, target) {
        (Some(Each::Place(places)), Some(_)) => stands(places.fact.as_str()),
        (Some(Each::Cohort {}), Some(cohort)) => stands(&format!("{counted}@{cohort}")),
        _ => {
            let parts = vocabulary.at_least_sum_of(counted.as_str()).and_then(|parts| stands(parts.as_str()));
            stands(counted.as_str()).max(parts)
        }
    }
}

/// When what was said first came to more people than so many.
fn since(incident: &Incident, duty: &Duty, target: Option<&str>, vocabulary: &Vocabulary, told: u64) -> Option<Instant> {
    let mut so_far = Book::default();
    let mut claims = incident.book.numbered();
    claims.retain(|(_, claim)| matches!(claim.value, Some(Value::Count(_) | Value::ByPlace(_)) | None));
    claims.into_iter().find_map(|(id, claim)| {
        so_far.record_of_version(claim.clone(), incident.book.version(*id));
        people(&so_far, duty, target, vocabulary).is_some_and(|known| known > told).then_some(claim.at)
    })
}
