//! Counting whole civil days: from a start to the last day of a period.

use super::calendar::{Calendar, Calendars, DayKind};
use super::deadline::{ClockFault, calendar, day, out_of_range};
use super::derivation::Scribe;
use super::limit::{AnnualDateLimit, BusinessDayLimit, DayLimit, FirstDay, MonthLimit, Overflow, Roll, YearEndLimit};
use crate::domain::instant::{Datelike, Instant, NaiveDate, Zone, is_sane_date};
use chrono::{Days, Months};

/// One count under way.
pub(super) struct Tally<'a, 'd> {
    pub(super) start: Instant,
    pub(super) zone: Zone,
    pub(super) calendars: &'a Calendars,
    pub(super) scribe: &'a mut Scribe<'d>,
}

/// The last of so many calendar days.
pub(super) fn days(limit: &DayLimit, tally: &mut Tally<'_, '_>) -> Result<NaiveDate, ClockFault> {
    let start = tally.civil_start();
    let (ahead, text) = match limit.first_day {
        FirstDay::Excluded => (limit.count, "the day of the start is not counted"),
        FirstDay::Included => (limit.count.saturating_sub(1), "the day of the start is day one"),
    };
    let plain = start.checked_add_days(Days::new(u64::from(ahead))).ok_or_else(|| out_of_range(tally.start))?;
    tally.scribe.step(format_args!("count {} calendar days; {text}", limit.count), day(plain));
    let mut last = plain;
    if let Some(minimum) = limit.minimum_business_days {
        let calendar = tally.calendar(limit.calendar.as_deref())?;
        let least = tally.nth_business_day(calendar, start, minimum, limit.first_day == FirstDay::Excluded)?;
        last = plain.max(least);
        let text = format_args!("the period must hold at least {minimum} business days; the last of them is {}", day(least));
        if last > plain {
            tally.scribe.step(text, day(last));
        } else {
            tally.scribe.step(text, "it does already");
        }
    }
    tally.rolled(last, limit.roll, limit.calendar.as_deref())
}

/// The last of so many business days.
pub(super) fn business_days(limit: &BusinessDayLimit, tally: &mut Tally<'_, '_>) -> Result<NaiveDate, ClockFault> {
    let start = tally.civil_start();
    let calendar = tally.calendar(Some(&limit.calendar))?;
    let excluded = limit.first_day == FirstDay::Excluded;
    let text = if excluded { "the day of the start is not counted" } else { "the day of the start counts if it is open" };
    let last = tally.nth_business_day(calendar, start, limit.count, excluded)?;
    tally.scribe.cited(
        format_args!("count {} business days by `{}`, weekends skipped; {text}", limit.count, calendar.name),
        day(last),
        &calendar.source,
    );
    Ok(last)
}

/// The day of the same number so many months on.
pub(super) fn months(limit: &MonthLimit, tally: &mut Tally<'_, '_>) -> Result<NaiveDate, ClockFault> {
    let start = tally.civil_start();
    let clamped = start.checked_add_months(Months::new(limit.count)).ok_or_else(|| out_of_range(tally.start))?;
    let mut last = clamped;
    if clamped.day() != start.day() {
        let (text, moved) = match limit.overflow {
            Overflow::LastDay => ("its last day is taken", Some(clamped)),
            Overflow::FollowingDay => ("the first day after it is taken", clamped.succ_opt()),
        };
        last = moved.ok_or_else(|| out_of_range(tally.start))?;
        tally
            .scribe
            .step(format_args!("count {} months; the last has no day {}, so {text}", limit.count, start.day()), day(last));
    } else {
        tally.scribe.step(format_args!("count {} months to the day of the same number", limit.count), day(last));
    }
    tally.rolled(last, limit.roll, limit.calendar.as_deref())
}

/// So many days after 31 December of the year of the start.
pub(super) fn after_year_end(limit: &YearEndLimit, tally: &mut Tally<'_, '_>) -> Result<NaiveDate, ClockFault> {
    let start = tally.civil_start();
    let year_end = NaiveDate::from_ymd_opt(start.year(), 12, 31).ok_or_else(|| out_of_range(tally.start))?;
    tally.scribe.step("the year of the start ends", day(year_end));
    let last = year_end.checked_add_days(Days::new(u64::from(limit.days))).ok_or_else(|| out_of_range(tally.start))?;
    let leap = if last.leap_year() && last.ordinal() >= 60 { "; 29 February is one of them" } else { "" };
    tally.scribe.step(format_args!("count {} days after it{leap}; the end does not roll", limit.days), day(last));
    Ok(last)
}

/// A day of the year after that of the start.
pub(super) fn next_year_date(limit: &AnnualDateLimit, tally: &mut Tally<'_, '_>) -> Result<NaiveDate, ClockFault> {
    let start = tally.civil_start();
    let last = NaiveDate::from_ymd_opt(start.year() + 1, limit.month, limit.day).ok_or_else(|| out_of_range(tally.start))?;
    tally.scribe.step("take the yearly date in the year after the start; the end does not roll", day(last));
    Ok(last)
}

/// Whether a day is open beyond doubt: neither weekend nor holiday, proclaimed or foretold.
pub(super) fn is_surely_open(calendar: &Calendar, date: NaiveDate) -> bool {
    calendar.kind_of(date) == DayKind::Business
}

impl<'a> Tally<'a, '_> {
    pub(super) fn calendar(&self, name: Option<&str>) -> Result<&'a Calendar, ClockFault> {
        calendar(self.calendars, name)
    }

    /// The civil date of the start, said aloud.
    fn civil_start(&mut self) -> NaiveDate {
        let date = self.zone.date_of(self.start);
        self.scribe.step(format_args!("the civil date of the start in {}", self.zone), day(date));
        date
    }

    /// The n-th business day from `first`; `after` leaves `first` itself out. Every skipped holiday is named.
    pub(super) fn nth_business_day(
        &mut self,
        calendar: &Calendar,
        first: NaiveDate,
        count: u32,
        after: bool,
    ) -> Result<NaiveDate, ClockFault> {
        let mut date = first;
        let mut left = count;
        if !after && left > 0 && self.is_open_going_forward(calendar, date) {
            left -= 1;
        }
        while left > 0 {
            date = date.succ_opt().filter(is_sane_date).ok_or_else(|| out_of_range(self.start))?;
            if self.is_open_going_forward(calendar, date) {
                left -= 1;
            }
        }
        Ok(date)
    }

    /// Moves an end off a closed day as the limit says, and says when it stays.
    fn rolled(&mut self, last: NaiveDate, roll: Roll, calendar: Option<&str>) -> Result<NaiveDate, ClockFault> {
        match roll {
            Roll::None => {
                self.scribe.step("weekends and holidays count, and the end does not roll", day(last));
                Ok(last)
            }
            Roll::NextBusinessDay => {
                let calendar = self.calendar(calendar)?;
                let open = self.nth_business_day(calendar, last, 1, false)?;
                self.say_roll(calendar, last, open, "next");
                Ok(open)
            }
            Roll::PreviousBusinessDay => {
                let calendar = self.calendar(calendar)?;
                let mut open = last;
                while !self.is_open_going_back(calendar, open) {
                    open = open.pred_opt().filter(is_sane_date).ok_or_else(|| out_of_range(self.start))?;
                }
                self.say_roll(calendar, last, open, "previous");
                Ok(open)
            }
        }
    }

    fn say_roll(&mut self, calendar: &Calendar, last: NaiveDate, open: NaiveDate, which: &str) {
        let name = &calendar.name;
        if open == last {
            let text = format_args!("the end is a business day by `{name}` and does not roll");
            self.scribe.cited(text, day(open), &calendar.source);
        } else {
            let text = format_args!("the end rolls to the {which} business day by `{name}`");
            self.scribe.cited(text, day(open), &calendar.source);
        }
    }

    /// Taking a doubtful day for an open one makes the deadline earlier.
    fn is_open_going_forward(&mut self, calendar: &Calendar, date: NaiveDate) -> bool {
        self.note_unknown_year(calendar, date);
        match calendar.kind_of(date) {
            DayKind::Business => true,
            DayKind::Weekend => false,
            DayKind::Holiday(holiday) if holiday.estimated => {
                self.scribe.assume(format_args!(
                    "{}, {}, is only an estimate in `{}` and was counted as a business day",
                    day(date),
                    holiday.name,
                    calendar.name
                ));
                true
            }
            DayKind::Holiday(holiday) => {
                self.scribe.cited(
                    format_args!("{} is closed", day(date)),
                    format_args!("skipped: {}", holiday.name),
                    &calendar.source,
                );
                false
            }
        }
    }

    /// Taking a doubtful day for a closed one makes the deadline earlier.
    fn is_open_going_back(&mut self, calendar: &Calendar, date: NaiveDate) -> bool {
        self.note_unknown_year(calendar, date);
        match calendar.kind_of(date) {
            DayKind::Business => true,
            DayKind::Weekend => false,
            DayKind::Holiday(holiday) => {
                self.scribe.cited(
                    format_args!("{} is closed", day(date)),
                    format_args!("skipped: {}", holiday.name),
                    &calendar.source,
                );
                false
            }
        }
    }

    fn note_unknown_year(&mut self, calendar: &Calendar, date: NaiveDate) {
        if !calendar.knows(date.year()) {
            self.scribe.assume(format_args!(
                "the calendar `{}` has no holidays for {}; only its weekends were taken as closed",
                calendar.name,
                date.year()
            ));
        }
    }
}
