//! The end of a limit to which held time is added.

use super::civil;
use super::deadline::{ClockFault, Context, calendar, day, deadline, end_of_day, out_of_range, spoken};
use super::derivation::Scribe;
use super::limit::{BusinessDayLimit, DayLimit, Limit, MonthLimit, Roll};
use crate::domain::instant::{Duration, Instant, Zone};
use chrono::Days;

/// A span of held time: from its first moment to the release.
pub(super) type Span = (Instant, Instant);

/// Counts `limit` from `start` again with the held spans, which do not overlap, added in the unit of the limit: elapsed
/// time to hours, civil days to days, open days to business days. Months and yearly dates get civil days and do not roll.
pub(super) fn tolled(
    limit: &Limit,
    start: Instant,
    spans: &[Span],
    ctx: &Context<'_>,
    scribe: &mut Scribe<'_>,
) -> Result<Option<Instant>, ClockFault> {
    let zone = limit.zone(ctx.organisation_zone);
    match limit {
        Limit::Days(days) => {
            let held_days = civil_days(zone, spans);
            scribe.step("civil days held are added to the period", format_args!("{} + {held_days} days", days.count));
            let longer = Limit::Days(DayLimit { count: days.count.saturating_add(held_days), ..days.clone() });
            recount(&longer, start, ctx, scribe)
        }
        Limit::BusinessDays(days) => {
            let held_days = open_days(zone, spans, &days.calendar, ctx)?;
            scribe.step("business days held are added to the period", format_args!("{} + {held_days} business days", days.count));
            let longer = Limit::BusinessDays(BusinessDayLimit { count: days.count.saturating_add(held_days), ..days.clone() });
            recount(&longer, start, ctx, scribe)
        }
        Limit::Months(months) => {
            let plain = Limit::Months(MonthLimit { roll: Roll::None, calendar: None, ..months.clone() });
            after_held_days(&plain, start, spans, ctx, scribe)
        }
        Limit::AfterYearEnd(_) | Limit::NextYearDate(_) => after_held_days(limit, start, spans, ctx, scribe),
        Limit::Hours(_) | Limit::At(_) | Limit::WorkingDayMinimum(_) => {
            let Some(end) = deadline(limit, start, ctx)?.at else { return Ok(None) };
            let held = spans.iter().fold(Duration::zero(), |sum, (from, until)| sum + (*until - *from));
            let end = end.checked_add_signed(held).ok_or_else(|| out_of_range(start))?;
            scribe.step("the time held is added to the period", spoken(zone, end));
            Ok(Some(end))
        }
        Limit::EarlierOf(limits) => Ok(each(limits, start, spans, ctx, scribe)?.into_iter().min()),
        Limit::LaterOf(limits) => Ok(each(limits, start, spans, ctx, scribe)?.into_iter().max()),
        Limit::Prompt {} => Ok(None),
    }
}

fn each(
    limits: &[Limit],
    start: Instant,
    spans: &[Span],
    ctx: &Context<'_>,
    scribe: &mut Scribe<'_>,
) -> Result<Vec<Instant>, ClockFault> {
    let mut ends = Vec::with_capacity(limits.len());
    for limit in limits {
        ends.extend(tolled(limit, start, spans, ctx, scribe)?);
    }
    Ok(ends)
}

fn recount(limit: &Limit, start: Instant, ctx: &Context<'_>, scribe: &mut Scribe<'_>) -> Result<Option<Instant>, ClockFault> {
    let counted = deadline(limit, start, ctx)?;
    scribe.append(counted.derivation);
    Ok(counted.at)
}

fn after_held_days(
    limit: &Limit,
    start: Instant,
    spans: &[Span],
    ctx: &Context<'_>,
    scribe: &mut Scribe<'_>,
) -> Result<Option<Instant>, ClockFault> {
    let zone = limit.zone(ctx.organisation_zone);
    let Some(end) = deadline(limit, start, ctx)?.at else { return Ok(None) };
    let held_days = u64::from(civil_days(zone, spans));
    let last = zone.date_of(end).checked_add_days(Days::new(held_days)).ok_or_else(|| out_of_range(start))?;
    scribe.step(format_args!("{held_days} civil days held are added to the end; it does not roll"), day(last));
    Ok(Some(end_of_day(last, limit.cutoff(), zone, scribe)))
}

/// Midnights crossed while held, so that the day of the statement is used up and the day of release is day zero.
fn civil_days(zone: Zone, spans: &[Span]) -> u32 {
    let days: i64 = spans.iter().map(|(from, until)| (zone.date_of(*until) - zone.date_of(*from)).num_days()).sum();
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// Open days after the day of the statement, up to and with the day of release.
fn open_days(zone: Zone, spans: &[Span], name: &str, ctx: &Context<'_>) -> Result<u32, ClockFault> {
    let calendar = calendar(ctx.calendars, Some(name))?;
    let mut open = 0;
    for (from, until) in spans {
        let release = zone.date_of(*until);
        let days = zone.date_of(*from).iter_days().skip(1).take_while(|date| *date <= release);
        open += days.filter(|date| civil::is_surely_open(calendar, *date)).count();
    }
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}
