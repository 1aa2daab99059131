//! What holds for every start and every limit.

use super::zone;
use chrono::{Duration, NaiveDate, TimeDelta};
use proptest::prelude::*;
use watchbell::domain::clocks::{
    BusinessDayLimit, Calendar, Calendars, Context, DayLimit, FirstDay, Hold, Holiday, HourLimit, Limit, MonthLimit, Overflow,
    Pause, Roll, Rounding, WorkingDayMinimum, YearEndLimit, YearOfHolidays, ZoneChoice, deadline, with_pauses,
};
use watchbell::domain::instant::{Datelike, Instant, Zone};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Nuuk",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
];

fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(&ZONES[..]).prop_map(zone)
}

/// Seconds from 2010 to 2090.
fn any_instant() -> impl Strategy<Value = Instant> {
    (1_262_304_000_i64..3_786_912_000).prop_map(|s| Instant::from_timestamp(s, 0).expect("in range"))
}

/// A calendar of the test's own with the holidays given; it knows 2020 to 2030.
fn test_calendars(days: &[NaiveDate]) -> Calendars {
    let years = (2020..=2030)
        .map(|year| {
            let mut dates: Vec<NaiveDate> = days.iter().copied().filter(|day| day.year() == year).collect();
            dates.sort();
            dates.dedup();
            let days = dates.into_iter().map(|date| Holiday { date, name: "a holiday".into(), estimated: false }).collect();
            YearOfHolidays { year, days }
        })
        .collect();
    let mut calendars = Calendars::new();
    calendars.insert(Calendar {
        name: "test".into(),
        title: "Test".into(),
        source: "test".into(),
        reviewed: NaiveDate::MIN,
        valid_through: 2030,
        weekend: vec![chrono::Weekday::Sat, chrono::Weekday::Sun],
        years,
    });
    calendars
}

fn any_holidays() -> impl Strategy<Value = Vec<NaiveDate>> {
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    prop::collection::vec((0_i64..730).prop_map(move |days| first + Duration::days(days)), 0..40)
}

fn start_near_holidays() -> impl Strategy<Value = Instant> {
    (1_767_225_600_i64..1_830_000_000).prop_map(|s| Instant::from_timestamp(s, 0).expect("in range"))
}

/// A limit of one kind, as a function of its count, that never rolls backwards.
fn limit_of(kind: usize, count: u32) -> Limit {
    let zone = ZoneChoice::Organisation;
    let days = DayLimit {
        count,
        zone,
        first_day: FirstDay::Excluded,
        roll: Roll::None,
        calendar: None,
        minimum_business_days: None,
        cutoff: None,
    };
    let with_calendar = DayLimit { calendar: Some("test".into()), ..days.clone() };
    let months = |overflow| MonthLimit { count, overflow, zone, roll: Roll::None, calendar: None, cutoff: None };
    let business = |first_day| BusinessDayLimit { count, calendar: "test".into(), zone, first_day, cutoff: None };
    match kind {
        0 => Limit::Hours(HourLimit { count, rounding: Rounding::Elapsed, zone }),
        1 => Limit::Hours(HourLimit { count, rounding: Rounding::NextFullHour, zone }),
        2 => Limit::Days(days),
        3 => Limit::Days(DayLimit { first_day: FirstDay::Included, ..days }),
        4 => Limit::Days(DayLimit { roll: Roll::NextBusinessDay, ..with_calendar }),
        5 => Limit::Days(DayLimit { minimum_business_days: Some(2), ..with_calendar }),
        6 => Limit::BusinessDays(business(FirstDay::Excluded)),
        7 => Limit::BusinessDays(business(FirstDay::Included)),
        8 => Limit::Months(months(Overflow::LastDay)),
        9 => Limit::Months(months(Overflow::FollowingDay)),
        10 => Limit::AfterYearEnd(YearEndLimit { days: count, zone, cutoff: None }),
        11 => Limit::WorkingDayMinimum(WorkingDayMinimum {
            limit: Box::new(limit_of(1, count)),
            days: 2,
            calendar: "test".into(),
            zone,
        }),
        12 => Limit::EarlierOf(vec![limit_of(0, count), limit_of(6, count)]),
        _ => Limit::LaterOf(vec![limit_of(1, count), limit_of(4, count)]),
    }
}

const KINDS: std::ops::Range<usize> = 0..14;

fn end(limit: &Limit, start: Instant, organisation_zone: Zone, calendars: &Calendars) -> Instant {
    let ctx = Context { organisation_zone, calendars };
    deadline(limit, start, &ctx).expect("in range").at.expect("a number")
}

proptest! {
    #[test]
    fn hours_are_exactly_elapsed(start in any_instant(), count in 1_u32..5000, zone in any_zone()) {
        let calendars = Calendars::new();
        let at = end(&limit_of(0, count), start, zone, &calendars);
        prop_assert_eq!(at - start, TimeDelta::hours(i64::from(count)));
    }

    #[test]
    fn the_full_hour_gives_more_than_nothing_and_at_most_an_hour(
        start in any_instant(), count in 1_u32..5000, zone in any_zone(),
    ) {
        let calendars = Calendars::new();
        let gained = end(&limit_of(1, count), start, zone, &calendars) - end(&limit_of(0, count), start, zone, &calendars);
        prop_assert!(gained > TimeDelta::zero() && gained <= TimeDelta::hours(1), "{}", gained);
    }

    #[test]
    fn another_holiday_never_makes_a_deadline_earlier(
        start in start_near_holidays(), days in any_holidays(), another in any_holidays(),
        kind in KINDS, count in 1_u32..60, zone in any_zone(),
    ) {
        let more: Vec<NaiveDate> = days.iter().chain(&another).copied().collect();
        let limit = limit_of(kind, count);
        let before = end(&limit, start, zone, &test_calendars(&days));
        let after = end(&limit, start, zone, &test_calendars(&more));
        prop_assert!(after >= before, "{} became {}", before, after);
    }

    #[test]
    fn an_earlier_start_never_gives_a_later_deadline(
        start in start_near_holidays(), ahead_s in 0_i64..4_000_000, days in any_holidays(),
        kind in KINDS, count in 1_u32..60, zone in any_zone(),
    ) {
        let calendars = test_calendars(&days);
        let limit = limit_of(kind, count);
        let later = start + Duration::seconds(ahead_s);
        prop_assert!(end(&limit, start, zone, &calendars) <= end(&limit, later, zone, &calendars));
    }

    #[test]
    fn a_greater_count_never_gives_an_earlier_deadline(
        start in start_near_holidays(), days in any_holidays(),
        kind in KINDS, count in 1_u32..60, more in 0_u32..60, zone in any_zone(),
    ) {
        let calendars = test_calendars(&days);
        let shorter = end(&limit_of(kind, count), start, zone, &calendars);
        prop_assert!(shorter <= end(&limit_of(kind, count + more), start, zone, &calendars));
    }

    #[test]
    fn a_deadline_is_never_before_its_start(
        start in any_instant(), kind in KINDS, count in 1_u32..200, zone in any_zone(),
    ) {
        prop_assert!(end(&limit_of(kind, count), start, zone, &test_calendars(&[])) >= start);
    }

    #[test]
    fn no_hold_but_a_restart_makes_a_deadline_earlier(
        start in start_near_holidays(), kind in KINDS, count in 1_u32..60, zone in any_zone(), days in any_holidays(),
        spans in prop::collection::vec((-3_000_000_i64..6_000_000, prop::option::of(-1_000_000_i64..6_000_000), 0..4_usize, prop::option::of(0_u32..40)), 1..4),
    ) {
        let calendars = test_calendars(&days);
        let ctx = Context { organisation_zone: zone, calendars: &calendars };
        let limit = limit_of(kind, count);
        let original = deadline(&limit, start, &ctx).expect("in range");
        let holds: Vec<Hold> = spans
            .into_iter()
            .map(|(from_s, length_s, kind, oral_cap_days)| {
                let from = start + Duration::seconds(from_s);
                let kind = match kind {
                    0 => Pause::Floor {},
                    1 => Pause::Toll {},
                    2 => Pause::LatestOf(Box::new(limit_of(2, 7))),
                    _ => Pause::Capped { limit: Box::new(limit_of(6, 7)), pause: Box::new(Pause::Prohibition {}) },
                };
                Hold { from, until: length_s.map(|length_s| from + Duration::seconds(length_s)), kind, oral_cap_days }
            })
            .collect();
        let held = with_pauses(original.clone(), start, &limit, &holds, &ctx).expect("in range");
        prop_assert!(held.at >= original.at, "{:?} became {:?}", original.at, held.at);
    }

    #[test]
    fn no_start_and_no_limit_panics(
        start_s in any::<i64>(), kind in KINDS, count in any::<u32>(), zone in any_zone(), from_s in any::<i64>(), until_s in any::<i64>(),
    ) {
        let clamp = |s: i64| Instant::from_timestamp(s, 0).unwrap_or(Instant::MAX_UTC);
        let calendars = test_calendars(&[]);
        let ctx = Context { organisation_zone: zone, calendars: &calendars };
        let limit = limit_of(kind, count);
        // Most of all numbers are absurd as instants; every second case is a sane start with an absurd count or hold.
        let start = if start_s % 2 == 0 { clamp(start_s) } else { clamp(start_s.rem_euclid(4_000_000_000)) };
        if let Ok(found) = deadline(&limit, start, &ctx) {
            let hold = Hold { from: clamp(from_s), until: Some(clamp(until_s)), kind: Pause::Toll {}, oral_cap_days: Some(count) };
            let _ = with_pauses(found, start, &limit, &[hold], &ctx);
        }
    }
}
