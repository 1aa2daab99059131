//! Who is on call: one person at every instant, by the civil clock, on the days it changes too.
//!
//! `tests/data/rotas.csv` was computed apart, with Python's `zoneinfo`, quarter of an hour by quarter of an
//! hour, from the rules in `watchbell::domain::escalation::Rota` as stated in words.

use super::case::{AUTHORITY, Case, at, hours, house, rang};
use proptest::prelude::*;
use watchbell::domain::escalation::{OnCall, Override, Rota};
use watchbell::domain::incident::House;
use watchbell::domain::instant::{Duration, Instant, rfc3339};

const ROTAS: &str = r#"
    [[rota]]
    name = "week"
    zone = "Europe/Berlin"
    [[rota.layer]]
    people = ["Ada", "Ben", "Cid"]
    from = "2026-01-05"
    handover = "09:00"
    turn = "7d"

    [[rota]]
    name = "mixed"
    zone = "Europe/Berlin"
    [[rota.layer]]
    people = ["Ada", "Ben", "Cid"]
    from = "2026-01-05"
    only = [{ days = ["mon", "tue", "wed", "thu", "fri"], from = "08:00", until = "20:00" }]
    [[rota.layer]]
    people = ["Ben", "Dora"]
    from = "2026-01-01"
    handover = "02:30"
    turn = "1d"
"#;

fn stand_in(rota: &str, who: &str, from: &str, until: &str) -> Override {
    Override {
        id: format!("ovr-{who}"),
        rota: rota.into(),
        who: who.into(),
        from: at(from),
        until: at(until),
        because: "asked".into(),
        by: "Bea".into(),
        at: at("2026-01-01T00:00:00Z"),
    }
}

/// The house of the table: days off in Berlin and in New York, one override.
fn of_the_table() -> House {
    let mut house = house(ROTAS);
    let days = |text: &str| serde_json::from_value(serde_json::json!(text)).expect("days off");
    let zone = |name: &str| watchbell::domain::instant::Zone::named(name);
    let ben = house.people.get_mut("Ben").expect("he is in the house");
    (ben.zone, ben.days_off) = (zone("Europe/Berlin"), vec![days("2026-03-29"), days("2026-05-04..2026-05-08")]);
    let ada = house.people.get_mut("Ada").expect("she is in the house");
    (ada.zone, ada.days_off) = (zone("America/New_York"), vec![days("2026-12-24..2027-01-03")]);
    house.overrides = vec![stand_in("week", "Dora", "2026-06-01T10:00:00Z", "2026-06-02T12:00:00Z")];
    house
}

fn who(on_call: Option<OnCall>) -> String {
    on_call.map_or("nobody".into(), |on_call| on_call.who)
}

#[derive(Debug, serde::Deserialize)]
struct Row {
    rota: String,
    from: String,
    until: String,
    who: String,
}

fn table() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rotas.csv");
    let mut reader = csv::Reader::from_path(path).expect("the table is there");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

#[test]
fn a_year_of_turns_is_the_one_computed_apart() {
    let house = of_the_table();
    let rows = table();
    assert!(rows.len() > 60, "a year and the days on which the clocks change");
    for row in &rows {
        let (from, until) = (at(&row.from), at(&row.until));
        for instant in [from, from + (until - from) / 2, until - Duration::milliseconds(1)] {
            assert_eq!(who(house.on_call(&row.rota, instant)), row.who, "{} at {}", row.rota, rfc3339(instant));
        }
    }
}

#[test]
fn what_lies_ahead_is_the_same_table() {
    let house = of_the_table();
    let rows: Vec<Row> = table().into_iter().filter(|row| row.rota == "week").collect();
    let span = (at(&rows[0].from), at(&rows[rows.len() - 1].until));
    let mut ahead: Vec<(Instant, Instant, String)> = Vec::new();
    for duty in house.duties("week", span) {
        let who = who(duty.on_call);
        match ahead.last_mut() {
            // The table does not tell a turn from a stand-in.
            Some(before) if before.2 == who => before.1 = duty.until,
            _ => ahead.push((duty.from, duty.until, who)),
        }
    }
    let expected: Vec<_> = rows.into_iter().map(|row| (at(&row.from), at(&row.until), row.who)).collect();
    assert_eq!(ahead, expected);
}

#[test]
fn a_rota_without_cover_at_night_is_said_to_have_a_gap() {
    let rota = |only: &str| -> Rota {
        toml::from_str(&format!(
            "name = \"r\"\nzone = \"Asia/Kolkata\"\n[[layer]]\npeople = [\"Ada\"]\nfrom = \"2026-01-01\"\nonly = {only}"
        ))
        .expect("a rota")
    };
    let gap = |only: &str| rota(only).gap().map(|(day, time)| format!("{day} {}", time.format("%H:%M")));
    assert_eq!(gap("[]"), None);
    assert_eq!(gap(r#"[{ from = "08:00", until = "20:00" }]"#).as_deref(), Some("Mon 00:00"));
    assert_eq!(gap(r#"[{ from = "08:00", until = "20:00" }, { from = "20:00", until = "08:00" }]"#), None);
    let week_and_weekend = r#"[{ days = ["mon", "tue", "wed", "thu", "fri"] }, { days = ["sat", "sun"], from = "09:00" }]"#;
    assert_eq!(gap(week_and_weekend).as_deref(), Some("Sat 00:00"));
    let over_midnight = r#"[{ days = ["mon", "tue", "wed", "thu", "fri", "sat"] }, { days = ["sun"], until = "23:59" }]"#;
    assert_eq!(gap(over_midnight).as_deref(), Some("Sun 23:59"));
}

const NIGHT: &str = r#"
    [[ladder]]
    name = "all"
    for = ["eu.gdpr.art33.authority"]
    rung = [{ when = "start", to = ["night"] }, { when = "50% left", to = ["night"] }, { when = "24h left", to = ["night"] }]
    [[rota]]
    name = "night"
    zone = "Europe/Berlin"
    [[rota.layer]]
    people = ["Ada", "Ben"]
    from = "2026-11-16"
    turn = "1d"
"#;

#[test]
fn who_is_on_call_is_looked_up_when_the_rung_falls_and_recorded_in_the_alert() {
    let mut case = Case::new(NIGHT);
    // 17 November 09:00 in Berlin is the handover to Ben; a millisecond before, it is Ada.
    assert_eq!(who(case.house.on_call("night", case.now - Duration::milliseconds(1))), "Ada");
    let events = case.wake();
    assert_eq!(rang(&events, AUTHORITY)[0].1, ["mail:ben", "pager:ben"], "every way to him");
    let alert = case.incident.alerts.values().next().expect("he was rung");
    assert_eq!((alert.queued.person.as_deref(), alert.queued.rota.as_deref()), (Some("Ben"), Some("night")));
    // Somebody stands in from then on; what falls later reaches them.
    case.house.overrides = vec![stand_in("night", "Bea", "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z")];
    let half = case.run_to(case.limit() - hours(36));
    assert_eq!(rang(&half, AUTHORITY)[0].1, ["mail:bea"]);
    // Whoever cannot be reached is no help: the turn counts, not the override.
    case.house.overrides = vec![stand_in("night", "Nobody", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")];
    let day = case.run_to(case.limit() - hours(24));
    assert_eq!(rang(&day, AUTHORITY)[0].1, ["mail:ben", "pager:ben"]);
}

#[test]
fn in_a_gap_everybody_of_the_rota_is_rung() {
    let gap = NIGHT.replace("turn = \"1d\"", "turn = \"1d\"\nonly = [{ days = [\"sun\"] }]");
    let mut case = Case::new(&gap);
    assert_eq!(case.house.on_call("night", case.now), None);
    assert_eq!(rang(&case.wake(), AUTHORITY)[0].1, ["mail:ada", "mail:ben", "pager:ben"]);
}

fn any_rota() -> impl Strategy<Value = Rota> {
    let zone = prop_oneof![Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("Asia/Kolkata")];
    let layer = (1..5_usize, 0..24_u8, 0..60_u8, 1..15_u8);
    (zone, proptest::collection::vec(layer, 1..3)).prop_map(|(zone, layers)| {
        let mut text = format!("name = \"any\"\nzone = \"{zone}\"\n");
        for (people, hour, minute, turn) in layers {
            let names: Vec<String> = (0..people).map(|n| format!("\"P{n}\"")).collect();
            text.push_str(&format!(
                "[[layer]]\npeople = [{}]\nfrom = \"2026-02-02\"\nhandover = \"{hour:02}:{minute:02}\"\nturn = \"{turn}d\"\n",
                names.join(", ")
            ));
        }
        toml::from_str(&text).expect("a rota")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Exactly one person at every instant, and a turn is as many days as it should be, give or take the
    /// hour by which the clocks change.
    #[test]
    fn exactly_one_person_is_on_call_at_every_instant(rota in any_rota(), minute in 0..(2 * 365 * 24 * 60_i64)) {
        let instant = at("2025-06-01T00:00:00Z") + Duration::minutes(minute);
        let on_call = |instant| rota.on_call(instant, &[], &|_| false);
        let now = on_call(instant);
        prop_assert!(now.is_some());
        let layer = &rota.layers[0];
        let days = i64::from(layer.turn);
        let later = instant + Duration::days(days * i64::try_from(layer.people.len()).expect("few"));
        // After a whole round it is the same person's turn, unless a handover lies within the hour.
        let near = |instant: Instant| [-61, 61].map(|minutes| on_call(instant + Duration::minutes(minutes)));
        prop_assert!(on_call(later) == now || near(later).contains(&now));
        if layer.people.len() > 1 {
            let next = instant + Duration::days(days);
            prop_assert!(on_call(next) != now || near(next).iter().any(|other| *other != now), "the next turn is another's");
        }
    }
}
