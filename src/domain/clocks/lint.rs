//! What can be wrong with a limit before any clock runs: found when a pack is loaded, all at once.

use super::calendar::Calendars;
use super::limit::{FirstDay, Limit, Roll};
use crate::domain::instant::NaiveDate;

/// Why a limit cannot be counted; found when a pack is loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitFault {
    /// No calendar of this name.
    #[error("no calendar `{name}`\nhint: known calendars are {known}")]
    NoCalendar {
        /// As the limit names it.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Something needs business days but names no calendar.
    #[error("{what} needs a calendar of business days\nhint: add `calendar = \"de\"` or another known calendar")]
    CalendarMissing {
        /// The part that needs it.
        what: &'static str,
    },
    /// A calendar that nothing uses.
    #[error("the calendar `{name}` is never used\nhint: add `roll` or `minimum-business-days`, or remove the calendar")]
    CalendarUnused {
        /// As the limit names it.
        name: String,
    },
    /// A count of nothing or of more than anybody lives.
    #[error("`{count}` {unit} is no period\nhint: use 1 to {most}")]
    Count {
        /// As written.
        count: u32,
        /// Hours, days …
        unit: &'static str,
        /// The greatest accepted.
        most: u32,
    },
    /// A choice between nothing.
    #[error("`{0}` needs at least two limits")]
    TooFewChoices(&'static str),
    /// A day that not every year has.
    #[error("there is no day {day} of month {month} in every year")]
    NoSuchDay {
        /// As written.
        month: u32,
        /// As written.
        day: u32,
    },
}

impl Limit {
    /// Everything wrong with this limit, for the load of a pack.
    pub fn faults(&self, calendars: &Calendars) -> Vec<LimitFault> {
        let mut faults = Vec::new();
        self.collect_faults(calendars, &mut faults);
        faults
    }

    fn collect_faults(&self, calendars: &Calendars, faults: &mut Vec<LimitFault>) {
        match self {
            Self::Hours(limit) => count(limit.count, "hours", 1, 100_000, faults),
            Self::Days(limit) => {
                count(limit.count, "days", u32::from(limit.first_day == FirstDay::Included), 36_500, faults);
                if let Some(days) = limit.minimum_business_days {
                    count(days, "business days at least", 1, 366, faults);
                }
                let needs = needs_calendar(limit.roll, limit.minimum_business_days);
                optional_calendar(limit.calendar.as_deref(), needs, calendars, faults);
            }
            Self::BusinessDays(limit) => {
                count(limit.count, "business days", 1, 3_650, faults);
                calendar(&limit.calendar, calendars, faults);
            }
            Self::Months(limit) => {
                count(limit.count, "months", 1, 1_200, faults);
                optional_calendar(limit.calendar.as_deref(), needs_calendar(limit.roll, None), calendars, faults);
            }
            Self::AfterYearEnd(limit) => count(limit.days, "days after the year's end", 1, 36_500, faults),
            Self::NextYearDate(limit) => {
                // 2027 is not a leap year, so a day it has is a day of every year.
                if NaiveDate::from_ymd_opt(2027, limit.month, limit.day).is_none() {
                    faults.push(LimitFault::NoSuchDay { month: limit.month, day: limit.day });
                }
            }
            Self::WorkingDayMinimum(limit) => {
                count(limit.days, "working days", 1, 366, faults);
                calendar(&limit.calendar, calendars, faults);
                limit.limit.collect_faults(calendars, faults);
            }
            Self::At(_) | Self::Prompt {} => {}
            Self::EarlierOf(limits) => choices("earlier-of", limits, calendars, faults),
            Self::LaterOf(limits) => choices("later-of", limits, calendars, faults),
        }
    }
}

fn choices(name: &'static str, limits: &[Limit], calendars: &Calendars, faults: &mut Vec<LimitFault>) {
    if limits.len() < 2 {
        faults.push(LimitFault::TooFewChoices(name));
    }
    for limit in limits {
        limit.collect_faults(calendars, faults);
    }
}

fn count(count: u32, unit: &'static str, least: u32, most: u32, faults: &mut Vec<LimitFault>) {
    if !(least..=most).contains(&count) {
        faults.push(LimitFault::Count { count, unit, most });
    }
}

fn needs_calendar(roll: Roll, minimum_business_days: Option<u32>) -> Option<&'static str> {
    if roll != Roll::None {
        Some("a roll")
    } else if minimum_business_days.is_some() {
        Some("a minimum of business days")
    } else {
        None
    }
}

fn optional_calendar(name: Option<&str>, needs: Option<&'static str>, calendars: &Calendars, faults: &mut Vec<LimitFault>) {
    match (name, needs) {
        (Some(name), Some(_)) => calendar(name, calendars, faults),
        (Some(name), None) => faults.push(LimitFault::CalendarUnused { name: name.to_owned() }),
        (None, Some(what)) => faults.push(LimitFault::CalendarMissing { what }),
        (None, None) => {}
    }
}

fn calendar(name: &str, calendars: &Calendars, faults: &mut Vec<LimitFault>) {
    if calendars.get(name).is_none() {
        let known = calendars.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        faults.push(LimitFault::NoCalendar { name: name.to_owned(), known });
    }
}
