//! A duty of an organisation whose zone nobody has said: wherever it sits, no deadline comes earlier.

use super::assess::{Assessment, Circumstances, assess};
use super::load::Rulebook;
use super::pack::{Duty, Pack};
use crate::domain::facts::FactType;
use crate::domain::instant::{Instant, Zone};

/// The fact that would say it.
const ZONE: &str = "organisation.zone";

/// Holds a duty against the facts in every zone there is, and takes the one where its clock ends first. The zone is asked
/// for, and what was taken is said; where no civil day decides, nothing is. The zone of the circumstances does not count.
pub fn assess_anywhere<'a>(duty: &'a Duty, pack: &'a Pack, rulebook: &'a Rulebook, at: &Circumstances<'a, '_>) -> Assessment<'a> {
    let in_zone = |zone: Zone| assess(duty, pack, rulebook, &Circumstances { zone, ..*at });
    let found = in_zone(at.zone);
    if !is_counted_in_days(duty, rulebook) || !(found.runs() || found.out_of_time.is_some()) {
        return found;
    }
    let mut strictest = Zone::each_time().iter().map(|zone| in_zone(*zone)).min_by_key(rank).unwrap_or(found);
    if let Some(reckoning) = &strictest.deadlines {
        let zone = reckoning.operational.zone;
        strictest.missing.extend(rulebook.vocabulary.get(ZONE).map(|entry| &entry.key));
        strictest.remarks.push(format!(
            "nobody has said the zone of the organisation (`{ZONE}`): it is counted in {zone}, of all zones one where it ends first"
        ));
    }
    strictest
}

fn rank(assessment: &Assessment<'_>) -> (bool, Instant) {
    let due = assessment
        .deadlines
        .as_ref()
        .and_then(|reckoning| reckoning.operational.at.or_else(|| reckoning.target.as_ref().and_then(|target| target.at)));
    (!assessment.runs(), due.unwrap_or(Instant::MAX_UTC))
}

/// Whether the civil days of the organisation decide on the start or the end of the clock.
fn is_counted_in_days(duty: &Duty, rulebook: &Rulebook) -> bool {
    let text = &duty.text;
    let is_date =
        |key| rulebook.vocabulary.get(key).is_some_and(|entry: &crate::domain::facts::FactEntry| entry.kind == FactType::Date);
    let starts = text.start.facts.iter().chain(&text.start.candidates);
    let ends = text.due.iter().flat_map(|due| due.no_later_than.iter().chain(&due.extended_to));
    let limits = text.due.iter().map(|due| &due.limit).chain(&text.target);
    starts.chain(ends).any(|key| is_date(key.as_str())) || limits.into_iter().any(|limit| limit.depends_on_zone())
}

#[cfg(test)]
mod tests {
    use crate::domain::instant::{Zone, parse_rfc3339};

    #[test]
    fn the_zones_that_are_tried_hold_every_day_it_is_anywhere() {
        let at = parse_rfc3339("2027-01-01T10:30:00Z").expect("an instant");
        let dates: std::collections::BTreeSet<String> =
            Zone::each_time().iter().map(|zone| zone.date_of(at).to_string()).collect();
        assert_eq!(dates.into_iter().collect::<Vec<_>>(), ["2026-12-31", "2027-01-01", "2027-01-02"]);
        assert!((30..150).contains(&Zone::each_time().len()), "{}", Zone::each_time().len());
    }
}
