//! What the derivation tells the person who checks it.

use super::{calendars, counted, instant, limit, zone};
use watchbell::domain::clocks::{
    Calendar, Calendars, ClockFault, Context, DayKind, Deadline, FixedLimit, Hold, Limit, LimitFault, Pause, ZoneChoice,
    deadline, with_pauses,
};
use watchbell::domain::instant::TZ_VERSION;

fn says(deadline: &Deadline, words: &str) -> bool {
    deadline.derivation.to_string().contains(words)
}

#[track_caller]
fn assert_says(deadline: &Deadline, words: &str) {
    assert!(says(deadline, words), "`{words}` is not in\n{}", deadline.derivation);
}

fn date(text: &str) -> chrono::NaiveDate {
    text.parse().expect("a date")
}

#[test]
fn it_can_be_checked_by_hand() {
    let found =
        counted("{ business-days = { count = 4, calendar = 'us-federal' } }", "2026-11-23T15:00:00-05:00", "America/New_York");
    let told: Vec<(&str, &str)> = found.derivation.steps.iter().map(|step| (step.text.as_str(), step.result.as_str())).collect();
    assert_eq!(
        told,
        [
            ("the clock starts", "Mon 23 Nov 2026 15:00 America/New_York (2026-11-23T20:00:00Z)"),
            ("the civil date of the start in America/New_York", "Mon 23 Nov 2026"),
            ("Thu 26 Nov 2026 is closed", "skipped: Thanksgiving Day"),
            ("count 4 business days by `us-federal`, weekends skipped; the day of the start is not counted", "Mon 30 Nov 2026"),
            ("the last day ends with its last second", "Mon 30 Nov 2026 23:59:59 America/New_York (2026-12-01T04:59:59Z)"),
        ]
    );
    assert_eq!(found.derivation.tz_version, TZ_VERSION);
    assert!(found.derivation.assumptions.is_empty());
    assert!(found.derivation.steps[2].cite.as_deref().is_some_and(|cite| cite.contains("5 U.S.C. 6103")));
}

#[test]
fn elapsed_hours_across_a_clock_change_are_explained_and_others_are_not() {
    let hours = "{ hours = { count = 72 } }";
    assert_says(&counted(hours, "2026-03-27T18:30:00+01:00", "Europe/Berlin"), "go forward by 60 min");
    assert_says(&counted(hours, "2026-10-23T18:30:00+02:00", "Europe/Madrid"), "go back by 60 min");
    assert!(!says(&counted(hours, "2026-11-17T14:20:00+01:00", "Europe/Berlin"), "local clocks"));
}

#[test]
fn a_deadline_in_a_gap_or_a_fold_names_the_policy() {
    let day = "{ days = { count = 1 } }";
    assert_says(&counted(day, "2026-03-27T10:00:00-02:00", "America/Nuuk"), "the first instant after is taken");
    assert_says(&counted(day, "2026-10-23T10:00:00-01:00", "America/Nuuk"), "the earlier is taken");
    assert!(!says(&counted(day, "2026-06-23T10:00:00-01:00", "America/Nuuk"), "is taken"));
}

#[test]
fn a_day_that_a_zone_left_out_ends_with_the_first_instant_after_it() {
    // Apia had no 30 December 2011.
    let found = counted("{ days = { count = 1 } }", "2011-12-29T10:00:00-10:00", "Pacific/Apia");
    assert_eq!(found.at, Some(instant("2011-12-31T00:00:00+14:00")));
    assert_says(&found, "the first instant after is taken");
}

#[test]
fn a_period_says_whether_its_working_days_stretched_it() {
    let minimum = "{ working-day-minimum = { limit = { hours = { count = 72 } }, days = 2, calendar = 'de' } }";
    let friday = counted(minimum, "2026-11-20T18:00:00+01:00", "Europe/Berlin");
    assert_says(&friday, "the period is stretched to that end");
    assert_says(&friday, "contested");
    assert_says(&counted(minimum, "2026-11-17T18:00:00+01:00", "Europe/Berlin"), "the period holds them already");
}

#[test]
fn an_end_that_does_not_roll_says_so() {
    assert_says(&counted("{ days = { count = 60 } }", "2026-03-10T09:00:00-04:00", "America/New_York"), "does not roll");
    assert_says(&counted("{ hours = { count = 72 } }", "2026-03-10T09:00:00-04:00", "America/New_York"), "does not roll");
    let rolled = "{ days = { count = 15, roll = 'next-business-day', calendar = 'de' } }";
    let found = counted(rolled, "2026-03-19T10:00:00+01:00", "Europe/Berlin");
    assert_says(&found, "rolls to the next business day");
    assert_says(&found, "skipped: Good Friday");
    assert_says(&found, "skipped: Easter Monday");
}

#[test]
fn a_leap_day_among_the_days_after_the_year_is_pointed_out() {
    let days_60 = "{ after-year-end = { days = 60 } }";
    assert_says(&counted(days_60, "2027-06-15T09:00:00-04:00", "America/New_York"), "29 February is one of them");
    assert!(!says(&counted(days_60, "2024-06-15T09:00:00-04:00", "America/New_York"), "29 February"));
}

#[test]
fn a_year_after_the_end_of_validity_is_not_known() {
    let text = "name = 'x'\ntitle = 'x'\nsource = 'x'\nreviewed = '2026-11-21'\nvalid-through = 2026\nweekend = []
        year = [{ year = 2026, days = [] }, { year = 2027, days = [{ date = '2027-01-01', name = 'x' }] }]";
    let calendar = Calendar::from_toml(text).expect("a calendar");
    assert!(calendar.knows(2026) && !calendar.knows(2027));
    assert_eq!(calendar.kind_of(date("2027-01-01")), DayKind::Business);
}

#[test]
fn a_year_without_data_gives_the_stricter_date_and_an_assumption() {
    let found =
        counted("{ business-days = { count = 2, calendar = 'us-federal' } }", "2028-12-29T10:00:00-05:00", "America/New_York");
    assert_eq!(found.at, Some(instant("2029-01-02T23:59:59-05:00")), "New Year's Day of 2029 is not known to be closed");
    assert_eq!(
        found.derivation.assumptions,
        ["the calendar `us-federal` has no holidays for 2029; only its weekends were taken as closed"]
    );
}

#[test]
fn a_foretold_holiday_never_makes_a_deadline_later() {
    let text = r#"
        name = "moon"
        title = "By the moon"
        source = "almanac"
        reviewed = "2026-11-21"
        valid-through = 2027
        weekend = ["sat", "sun"]
        [[year]]
        year = 2027
        days = [{ date = "2027-03-10", name = "Eid al-Fitr", estimated = true }]
    "#;
    let mut calendars = Calendars::new();
    calendars.insert(Calendar::from_toml(text).expect("a calendar"));
    let ctx = Context { organisation_zone: zone("Asia/Kolkata"), calendars: &calendars };
    let tuesday = instant("2027-03-09T10:00:00+05:30");
    let forward = deadline(&limit("{ business-days = { count = 1, calendar = 'moon' } }"), tuesday, &ctx).expect("counted");
    assert_eq!(forward.at, Some(instant("2027-03-10T23:59:59+05:30")));
    assert_says(&forward, "only an estimate");
    let back = limit("{ days = { count = 1, roll = 'previous-business-day', calendar = 'moon' } }");
    let back = deadline(&back, tuesday, &ctx).expect("counted");
    assert_eq!(back.at, Some(instant("2027-03-09T23:59:59+05:30")));
}

#[test]
fn without_a_number_there_is_no_deadline_and_a_hold_changes_nothing() {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone("Europe/Zurich"), calendars: &calendars };
    let start = instant("2026-11-17T14:20:00+01:00");
    let prompt = limit("{ prompt = {} }");
    let hold = Hold { from: start, until: None, kind: Pause::Floor {}, oral_cap_days: None };
    let found =
        deadline(&prompt, start, &ctx).and_then(|found| with_pauses(found, start, &prompt, &[hold], &ctx)).expect("counted");
    assert_eq!((found.at, found.held), (None, false));
    assert_says(&found, "no number");
}

#[test]
fn an_open_hold_is_marked_and_a_closed_one_is_not() {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone("UTC"), calendars: &calendars };
    let start = instant("2026-06-01T10:00:00Z");
    let days = limit("{ days = { count = 60 } }");
    let original = deadline(&days, start, &ctx).expect("counted");
    let mut hold = Hold { from: instant("2026-06-02T09:00:00Z"), until: None, kind: Pause::Floor {}, oral_cap_days: None };
    let held = with_pauses(original.clone(), start, &days, std::slice::from_ref(&hold), &ctx).expect("held");
    assert!(held.held);
    assert_says(&held, "a hold is open");
    hold.until = Some(instant("2026-06-03T09:00:00Z"));
    let released = with_pauses(original, start, &days, &[hold], &ctx).expect("released");
    assert!(!released.held);
    assert_eq!(released.at, held.at);
}

#[test]
fn statements_by_word_of_mouth_lapse_with_the_first_whenever_the_others_are_made() {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone("America/New_York"), calendars: &calendars };
    let start = instant("2026-10-01T10:00:00-04:00");
    let days = limit("{ days = { count = 60 } }");
    let original = deadline(&days, start, &ctx).expect("counted");
    let oral = |from: &str| Hold { from: instant(from), until: None, kind: Pause::Floor {}, oral_cap_days: Some(30) };
    let under = |holds: &[Hold]| with_pauses(original.clone(), start, &days, holds, &ctx).expect("counted").at;
    let first = oral("2026-11-20T15:00:00-05:00");
    let alone = under(std::slice::from_ref(&first));
    assert_eq!(alone, Some(instant("2026-12-20T23:59:59-05:00")));
    for again in ["2026-11-20T15:00:01-05:00", "2026-12-18T15:00:00-05:00", "2026-12-20T09:00:00-05:00"] {
        assert_eq!(under(&[oral(again), first.clone()]), alone, "{again}");
    }
    let withdrawn = Hold { until: Some(first.from), ..first.clone() };
    assert_eq!(under(&[withdrawn, oral("2026-11-25T15:00:00-05:00")]), Some(instant("2026-12-25T23:59:59-05:00")));
    let released = Hold { until: Some(instant("2026-11-24T09:00:00-05:00")), ..first.clone() };
    assert_eq!(under(&[released, oral("2026-11-25T15:00:00-05:00")]), alone, "an early release gives no new thirty days");
    let written = Hold { until: Some(instant("2027-01-10T00:00:00-05:00")), oral_cap_days: None, ..first.clone() };
    assert_eq!(under(&[first, written]), Some(instant("2027-01-10T23:59:59-05:00")), "one in writing runs to its own end");
}

#[test]
fn a_hold_that_ends_before_it_or_the_clock_begins_does_nothing() {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone("UTC"), calendars: &calendars };
    let start = instant("2026-06-10T10:00:00Z");
    let days = limit("{ days = { count = 5 } }");
    let original = deadline(&days, start, &ctx).expect("counted");
    for (from, until) in [("2026-06-01T00:00:00Z", "2026-06-09T00:00:00Z"), ("2026-06-14T00:00:00Z", "2026-06-12T00:00:00Z")] {
        let hold = Hold { from: instant(from), until: Some(instant(until)), kind: Pause::Toll {}, oral_cap_days: None };
        let found = with_pauses(original.clone(), start, &days, &[hold], &ctx).expect("counted");
        assert_eq!(found.at, original.at);
        assert_says(&found, "does nothing");
    }
}

#[test]
fn what_a_pack_gets_wrong_is_found_at_load_all_at_once() {
    let calendars = calendars();
    let wrong = "{ earlier-of = [
        { hours = { count = 0 } },
        { business-days = { count = 3, calendar = 'mars' } },
        { days = { count = 3, roll = 'next-business-day' } },
        { days = { count = 3, calendar = 'de' } },
        { next-year-date = { month = 2, day = 29 } },
        { later-of = [{ prompt = {} }] },
    ] }";
    let faults = limit(wrong).faults(&calendars);
    assert!(
        matches!(
            faults.as_slice(),
            [
                LimitFault::Count { count: 0, unit: "hours", .. },
                LimitFault::NoCalendar { .. },
                LimitFault::CalendarMissing { .. },
                LimitFault::CalendarUnused { .. },
                LimitFault::NoSuchDay { month: 2, day: 29 },
                LimitFault::TooFewChoices("later-of"),
            ]
        ),
        "{faults:?}"
    );
    assert!(faults[1].to_string().contains("`de`"), "the hint lists the calendars there are: {}", faults[1]);
}

#[test]
fn no_days_is_a_period_only_when_the_day_of_the_start_is_not_counted() {
    let calendars = calendars();
    assert_eq!(limit("{ days = { count = 0 } }").faults(&calendars), []);
    let faults = limit("{ days = { count = 0, first-day = 'included' } }").faults(&calendars);
    assert!(matches!(faults.as_slice(), [LimitFault::Count { count: 0, unit: "days", .. }]), "{faults:?}");
}

#[test]
fn the_limits_inside_a_pause_are_checked_too() {
    let mars = || Box::new(limit("{ business-days = { count = 3, calendar = 'mars' } }"));
    let pause = Pause::Capped { limit: mars(), pause: Box::new(Pause::LatestOf(mars())) };
    assert_eq!(pause.faults(&calendars()).len(), 2);
    assert_eq!(Pause::Floor {}.faults(&calendars()), []);
}

#[test]
fn a_misspelt_limit_is_refused_with_its_place() {
    #[derive(serde::Deserialize, Debug)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Duty {
        limit: Limit,
    }
    for (text, at) in [
        ("limit = { hours = { count = 72, rounding = 'up' } }", "'up'"),
        ("limit = { hours = { count = 72, roll = 'none' } }", "roll"),
        ("limit = { days = { count = 3, zone = 'Mars/Olympus' } }", "'Mars/Olympus'"),
        ("limit = { prompt = { count = 1 } }", "count"),
    ] {
        let error = toml::from_str::<Duty>(text).expect_err(text);
        let span = error.span().expect("a span");
        assert_eq!(&text[span], at, "{error}");
    }
    let error = toml::from_str::<Duty>("limit = { months = { count = 1 } }").expect_err("overflow has no default");
    assert!(error.message().contains("overflow"), "{error}");
}

#[test]
fn a_limit_survives_being_written_and_read() {
    #[derive(serde::Serialize)]
    struct Duty {
        limit: Limit,
    }
    for text in [
        "{ days = { count = 3, zone = 'Asia/Singapore', cutoff = '17:00' } }",
        "{ working-day-minimum = { limit = { hours = { count = 72, rounding = 'next-full-hour' } }, days = 2, calendar = 'de' } }",
        "{ later-of = [{ prompt = {} }, { months = { count = 1, overflow = 'last-day' } }] }",
    ] {
        let read = limit(text);
        let json = serde_json::to_string(&read).expect("JSON");
        assert_eq!(serde_json::from_str::<Limit>(&json).expect(&json), read);
        let written = toml::to_string(&Duty { limit: read.clone() }).expect("TOML");
        assert!(written.contains("limit"), "{written}");
    }
}

#[test]
fn an_unknown_calendar_and_an_absurd_start_are_faults_not_panics() {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone("UTC"), calendars: &calendars };
    let start = instant("2026-06-01T10:00:00Z");
    let mars = limit("{ business-days = { count = 3, calendar = 'mars' } }");
    assert_eq!(deadline(&mars, start, &ctx), Err(ClockFault::NoCalendar { name: "mars".to_owned() }));
    let unnamed = limit("{ days = { count = 3, roll = 'next-business-day' } }");
    assert_eq!(deadline(&unnamed, start, &ctx), Err(ClockFault::NoCalendarNamed));
    let hours = limit("{ hours = { count = 72 } }");
    for start in [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC] {
        assert!(matches!(deadline(&hours, start, &ctx), Err(ClockFault::OutOfRange { .. })));
    }
    for beyond in ["{ hours = { count = 72 } }", "{ days = { count = 3 } }"] {
        let last_sane_day = instant("2199-12-31T10:00:00Z");
        assert!(matches!(deadline(&limit(beyond), last_sane_day, &ctx), Err(ClockFault::OutOfRange { .. })), "{beyond}");
    }
    let original = deadline(&hours, start, &ctx).expect("counted");
    let until = Some(instant("2199-12-31T10:00:00Z"));
    let hold = Hold { from: instant("2026-06-02T00:00:00Z"), until, kind: Pause::Toll {}, oral_cap_days: None };
    assert!(matches!(with_pauses(original, start, &hours, &[hold], &ctx), Err(ClockFault::OutOfRange { .. })));
    let kolkata = Context { organisation_zone: zone("Asia/Kolkata"), calendars: &calendars };
    let original = deadline(&hours, start, &kolkata).expect("counted");
    let absurd = [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC];
    for at in absurd {
        let from_nowhere = Hold { from: at, until: None, kind: Pause::Floor {}, oral_cap_days: None };
        let to_nowhere = Hold { from: start, until: Some(at), ..from_nowhere.clone() };
        for hold in [from_nowhere, to_nowhere] {
            let found = with_pauses(original.clone(), start, &hours, &[hold], &kolkata);
            assert!(matches!(found, Err(ClockFault::OutOfRange { .. })), "{found:?}");
        }
        let granted = Limit::At(FixedLimit { instant: at, zone: ZoneChoice::Organisation });
        assert!(matches!(deadline(&granted, start, &kolkata), Err(ClockFault::OutOfRange { .. })));
    }
    let ages = limit("{ days = { count = 4000000000 } }");
    assert!(matches!(deadline(&ages, start, &ctx), Err(ClockFault::OutOfRange { .. })));
}

#[test]
fn calendars_know_their_holidays_and_their_limits() {
    let calendars = calendars();
    let names: Vec<&str> = calendars.names().collect();
    assert_eq!(
        names,
        ["at", "br", "co", "de", "es", "fr", "ie", "in-central", "uk-england-wales", "us-california", "us-federal"]
    );
    let closed = |calendar: &str, day: &str| match calendars.get(calendar).expect(calendar).kind_of(date(day)) {
        DayKind::Holiday(holiday) => holiday.name.clone(),
        kind => format!("{kind:?}"),
    };
    assert_eq!(closed("us-federal", "2026-11-11"), "Veterans Day");
    assert_eq!(closed("us-federal", "2026-11-27"), "Business");
    assert_eq!(closed("us-california", "2026-11-27"), "Day after Thanksgiving");
    assert_eq!(closed("us-federal", "2027-12-31"), "New Year's Day (observed)");
    assert_eq!(closed("uk-england-wales", "2026-12-28"), "Boxing Day (observed)");
    assert_eq!(closed("ie", "2027-03-26"), "Business", "Good Friday is no public holiday in Ireland");
    assert_eq!(closed("at", "2026-12-24"), "Business");
    assert_eq!(closed("de", "2026-11-21"), "Weekend");
    for name in names {
        let calendar = calendars.get(name).expect(name);
        assert!((2025..=2028).all(|year| calendar.knows(year)), "{name}");
        assert!(!calendar.knows(2029), "{name}");
    }
}

#[test]
fn a_faulty_calendar_is_refused_with_every_fault() {
    let text = r#"
        name = "Bad Name"
        title = "Bad"
        source = " "
        reviewed = "2026-11-21"
        valid-through = 2028
        weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        [[year]]
        year = 2027
        days = [{ date = "2026-12-31", name = "a" }, { date = "2026-12-31", name = "b" }]
        [[year]]
        year = 2027
        days = []
    "#;
    let faults = Calendar::from_toml(text).expect_err("faults");
    let told: Vec<&str> = faults.iter().map(|fault| fault.text.as_str()).collect();
    for words in
        ["no name for a calendar", "no source", "no business day", "no such year", "stands under", "there twice", "2027 twice"]
    {
        assert!(told.iter().any(|text| text.contains(words)), "{words}: {told:#?}");
    }
    let twice = "name = 'x'\ntitle = 'x'\nsource = 'x'\nreviewed = '2026-11-21'\nvalid-through = 2027\nweekend = []\nyear = [{ year = 2027, days = [] }]";
    let faults = Calendars::load([("one.toml", twice), ("two.toml", twice)]).expect_err("the same name twice");
    assert_eq!(faults[0].0, "two.toml");
    let faults = Calendar::from_toml("name = 'x'\ncolour = 'red'").expect_err("an unknown key");
    assert!(faults[0].span.is_some());
}
