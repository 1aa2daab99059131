//! Which years of holidays a limit needs: a year nobody has entered is found when a pack is loaded, not on the night it counts.

use super::calendar::Calendars;
use super::deadline::{Context, last_instant};
use super::limit::Limit;
use crate::domain::instant::{Datelike, Duration, NaiveDate, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// Years by the name of the calendar that lacks them.
pub type YearsLacking<'l> = BTreeMap<&'l str, BTreeSet<i32>>;

impl Limit {
    /// The years of holidays that a clock started on a civil date may need, and that the calendars of this limit do not
    /// have: from the year of the start to that of the end. A calendar that is not there at all is another fault.
    pub fn years_lacking<'l>(&'l self, start: NaiveDate, calendars: &Calendars) -> YearsLacking<'l> {
        let mut lacking = YearsLacking::new();
        self.collect_years(start, calendars, &mut lacking);
        lacking
    }

    fn collect_years<'l>(&'l self, start: NaiveDate, calendars: &Calendars, lacking: &mut YearsLacking<'l>) {
        if let Self::EarlierOf(limits) | Self::LaterOf(limits) = self {
            limits.iter().for_each(|limit| limit.collect_years(start, calendars, lacking));
        }
        let Some(name) = self.calendar() else { return };
        let Some(calendar) = calendars.get(name) else { return };
        let zone = self.zone(Zone::UTC);
        let (from, _) = zone.end_of(start);
        let context = Context { organisation_zone: Zone::UTC, calendars };
        let end = last_instant(self, from, &context).ok().flatten().unwrap_or(from);
        // An end at midnight still belongs to the day before.
        let last = zone.date_of(end - Duration::seconds(1)).year();
        let unknown: BTreeSet<i32> = (start.year()..=last).filter(|year| !calendar.knows(*year)).collect();
        if !unknown.is_empty() {
            lacking.entry(name).or_default().extend(unknown);
        }
    }

    /// The calendar this limit itself counts on.
    fn calendar(&self) -> Option<&str> {
        match self {
            Self::Days(limit) => limit.calendar.as_deref(),
            Self::BusinessDays(limit) => Some(&limit.calendar),
            Self::Months(limit) => limit.calendar.as_deref(),
            Self::WorkingDayMinimum(limit) => Some(&limit.calendar),
            Self::Hours(_) | Self::AfterYearEnd(_) | Self::NextYearDate(_) | Self::At(_) | Self::Prompt {} => None,
            Self::EarlierOf(_) | Self::LaterOf(_) => None,
        }
    }
}
