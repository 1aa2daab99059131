//! From a start and a limit to a deadline.

use super::calendar::{Calendar, Calendars};
use super::civil::{self, Tally};
use super::derivation::{Derivation, Scribe};
use super::limit::{HourLimit, Limit, Rounding, WorkingDayMinimum};
use crate::domain::instant::{DayInWords, Duration, Instant, NaiveDate, NaiveTime, Rfc3339, Zone, is_sane_date, rfc3339};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the counting needs besides the limit and the start.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The zone of the organisation that owes the duty: its principal place of business.
    pub organisation_zone: Zone,
    /// The calendars limits may name.
    pub calendars: &'a Calendars,
}

/// By when, and why then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The last instant that is in time; one second later is late. `None` where the law gives no number.
    pub at: Option<Instant>,
    /// The zone to show it in.
    pub zone: Zone,
    /// A hold without an end is running: `at` is then the earliest the deadline can be, and moves on release.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// How it was found.
    pub derivation: Derivation,
}

/// Why no deadline could be counted. A pack that passed [`Limit::faults`] and a start from 1990 to 2199 do not meet these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// The limit names a calendar that is not loaded.
    #[error("no calendar `{name}` is loaded, so the business days cannot be counted\nhint: add it to the rules' calendars")]
    NoCalendar {
        /// As the limit names it.
        name: String,
    },
    /// The limit needs business days and names no calendar.
    #[error("the limit needs business days and names no calendar\nhint: add `calendar` to the limit")]
    NoCalendarNamed,
    /// The start or the end lies outside the years 1990-2199.
    #[error("the period from {start} leaves the years 1990 to 2199\nhint: check the date the clock starts on")]
    OutOfRange {
        /// The start in UTC.
        start: String,
    },
}

/// Counts a limit from a start. Pure: the same arguments give the same deadline and derivation.
///
/// Limits in days end at 23:59:59 (or their cutoff) of the last civil day in their zone, and take the civil date of the
/// start there. A calendar that lacks a year knows only its weekends, which can only make the deadline earlier, and the
/// derivation says so.
pub fn deadline(limit: &Limit, start: Instant, ctx: &Context<'_>) -> Result<Deadline, ClockFault> {
    let mut derivation = Derivation::new();
    let at = counted(limit, start, ctx, &mut derivation.scribe())?;
    Ok(Deadline { at, zone: limit.zone(ctx.organisation_zone), held: false, derivation })
}

/// The instant of [`deadline`] alone, for where nobody asks how it was found.
pub fn last_instant(limit: &Limit, start: Instant, ctx: &Context<'_>) -> Result<Option<Instant>, ClockFault> {
    counted(limit, start, ctx, &mut Scribe::none())
}

fn counted(limit: &Limit, start: Instant, ctx: &Context<'_>, scribe: &mut Scribe<'_>) -> Result<Option<Instant>, ClockFault> {
    if !is_sane_date(&start.date_naive()) {
        return Err(out_of_range(start));
    }
    scribe.step("the clock starts", spoken(limit.zone(ctx.organisation_zone), start));
    let at = count(limit, start, ctx, scribe)?;
    if at.is_some_and(|at| !is_sane_date(&at.date_naive())) {
        return Err(out_of_range(start));
    }
    Ok(at)
}

fn count(limit: &Limit, start: Instant, ctx: &Context<'_>, scribe: &mut Scribe<'_>) -> Result<Option<Instant>, ClockFault> {
    let zone = limit.zone(ctx.organisation_zone);
    let mut tally = Tally { start, zone, calendars: ctx.calendars, scribe };
    let last_day = match limit {
        Limit::Days(days) => civil::days(days, &mut tally)?,
        Limit::BusinessDays(days) => civil::business_days(days, &mut tally)?,
        Limit::Months(months) => civil::months(months, &mut tally)?,
        Limit::AfterYearEnd(year_end) => civil::after_year_end(year_end, &mut tally)?,
        Limit::NextYearDate(date) => civil::next_year_date(date, &mut tally)?,
        Limit::Hours(limit) => return hours(limit, start, zone, scribe).map(Some),
        Limit::WorkingDayMinimum(minimum) => return working_day_minimum(minimum, start, ctx, scribe),
        Limit::At(fixed) => {
            scribe.step("the instant is fixed and not counted", spoken(zone, fixed.instant));
            return Ok(Some(fixed.instant));
        }
        Limit::Prompt {} => {
            scribe.step("the law says without delay and gives no number", "no deadline; only the house's own target applies");
            return Ok(None);
        }
        Limit::EarlierOf(limits) => return choose("earliest", limits, start, ctx, scribe, Iterator::min),
        Limit::LaterOf(limits) => return choose("latest", limits, start, ctx, scribe, Iterator::max),
    };
    let end = end_of_day(last_day, limit.cutoff(), zone, scribe);
    if end < start {
        scribe.step("that is before the clock starts, so it is due at once", spoken(zone, start));
    }
    Ok(Some(end.max(start)))
}

fn hours(limit: &HourLimit, start: Instant, zone: Zone, scribe: &mut Scribe<'_>) -> Result<Instant, ClockFault> {
    let mut from = start;
    if limit.rounding == Rounding::NextFullHour {
        let into_the_hour_s = (start.timestamp() + i64::from(zone.offset_s(start))).rem_euclid(3600);
        from = start - Duration::seconds(into_the_hour_s) - Duration::nanoseconds(i64::from(start.timestamp_subsec_nanos()))
            + Duration::hours(1);
        scribe.cited(
            "the hour of the start is not counted; counting begins with the next full hour",
            zone.in_words(from),
            "Reg. (EEC, Euratom) No 1182/71 Art. 3(1), 3(2)(a)",
        );
    }
    let at = from.checked_add_signed(Duration::hours(i64::from(limit.count))).ok_or_else(|| out_of_range(start))?;
    scribe.step(
        format_args!("add {} elapsed hours; weekends and holidays count, and the end does not roll", limit.count),
        spoken(zone, at),
    );
    note_clock_change(from, at, zone, scribe);
    Ok(at)
}

/// Elapsed hours across a change of the local clock end at another time of day than people expect.
fn note_clock_change(from: Instant, at: Instant, zone: Zone, scribe: &mut Scribe<'_>) {
    let shift_s = zone.offset_s(at) - zone.offset_s(from);
    if shift_s == 0 {
        return;
    }
    let (direction, later) = if shift_s > 0 { ("forward", "later") } else { ("back", "earlier") };
    let shift_min = shift_s.abs() / 60;
    scribe.step(
        format_args!("local clocks in {zone} go {direction} by {shift_min} min on the way; elapsed hours are not changed by it"),
        format_args!("the wall clock reads {shift_min} min {later} than without the change"),
    );
}

fn working_day_minimum(
    minimum: &WorkingDayMinimum,
    start: Instant,
    ctx: &Context<'_>,
    scribe: &mut Scribe<'_>,
) -> Result<Option<Instant>, ClockFault> {
    let Some(inner) = count(&minimum.limit, start, ctx, scribe)? else { return Ok(None) };
    let zone = minimum.zone.resolve(ctx.organisation_zone);
    let mut tally = Tally { start, zone, calendars: ctx.calendars, scribe };
    let calendar = tally.calendar(Some(&minimum.calendar))?;
    let start_date = zone.date_of(start);
    let last = tally.nth_business_day(calendar, start_date, minimum.days, true)?;
    let after_last = last.succ_opt().ok_or_else(|| out_of_range(start))?;
    let (end, note) = zone.start_of(after_last);
    note_civil_time(note, scribe);
    let cite = "Reg. (EEC, Euratom) No 1182/71 Art. 3(5), contested for periods in hours";
    let text =
        format_args!("the period must hold {} full working days after {}; the last of them ends", minimum.days, day(start_date));
    scribe.cited(text, spoken(zone, end), cite);
    let at = inner.max(end);
    let text = if end > inner { "the period is stretched to that end" } else { "the period holds them already" };
    scribe.step(text, spoken(zone, at));
    Ok(Some(at))
}

fn choose(
    which: &str,
    limits: &[Limit],
    start: Instant,
    ctx: &Context<'_>,
    scribe: &mut Scribe<'_>,
    pick: fn(std::vec::IntoIter<Instant>) -> Option<Instant>,
) -> Result<Option<Instant>, ClockFault> {
    let mut ends = Vec::with_capacity(limits.len());
    for (index, limit) in limits.iter().enumerate() {
        scribe.step(format_args!("limit {} of {}", index + 1, limits.len()), "counted next");
        ends.extend(count(limit, start, ctx, scribe)?);
    }
    let zone = limits.first().map_or(ctx.organisation_zone, |limit| limit.zone(ctx.organisation_zone));
    let chosen = pick(ends.into_iter());
    let text = format_args!("the {which} of these ends applies");
    match chosen {
        Some(at) => scribe.step(text, spoken(zone, at)),
        None => scribe.step(text, "no deadline; none of them gives a number"),
    }
    Ok(chosen)
}

/// The last instant of a civil day, or the cutoff on it.
pub(super) fn end_of_day(last: NaiveDate, cutoff: Option<NaiveTime>, zone: Zone, scribe: &mut Scribe<'_>) -> Instant {
    let (at, note) = match cutoff {
        Some(cutoff) => zone.instant_of(last.and_time(cutoff)),
        None => zone.end_of(last),
    };
    note_civil_time(note, scribe);
    let text = if cutoff.is_some() { "the last day ends at its cutoff" } else { "the last day ends with its last second" };
    scribe.step(text, spoken(zone, at));
    at
}

fn note_civil_time(note: Option<&'static str>, scribe: &mut Scribe<'_>) {
    if let Some(note) = note {
        scribe.step("the local clock changes at this very time", note);
    }
}

/// `Fri 20 Nov 2026 14:20 Europe/Berlin (2026-11-20T13:20:00Z)`.
pub(super) fn spoken(zone: Zone, at: Instant) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{} ({})", zone.words(at), Rfc3339(at)))
}

/// `Fri 20 Nov 2026`.
pub(super) fn day(date: NaiveDate) -> DayInWords {
    DayInWords(date)
}

pub(super) fn out_of_range(start: Instant) -> ClockFault {
    ClockFault::OutOfRange { start: rfc3339(start) }
}

pub(super) fn calendar<'a>(calendars: &'a Calendars, name: Option<&str>) -> Result<&'a Calendar, ClockFault> {
    let name = name.ok_or(ClockFault::NoCalendarNamed)?;
    calendars.get(name).ok_or_else(|| ClockFault::NoCalendar { name: name.to_owned() })
}
