//! Times as products write them.

use crate::domain::instant::{
    DateTime, Datelike, Duration, Instant, NaiveDate, NaiveDateTime, NaiveTime, Zone, is_sane_date, parse_rfc3339,
};
use serde_json::Value as Json;

/// How far the sender's clock may run ahead of ours.
const AHEAD_MAX: Duration = Duration::minutes(5);

/// The spellings a place in a payload may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// RFC 3339 and nothing else.
    Rfc3339,
    /// RFC 3339, also with a space for the `T`, an offset without colon, any number of decimals.
    Rfc3339Lenient,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude.
    Epoch,
    /// Any of these.
    Any,
    /// Any of these; a time without a zone is read in this one, and the assumption recorded.
    Naive(Zone),
}

/// What a time said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Null, empty, or one of the values products write for "no time".
    NotSet,
    /// A believable instant.
    At(Instant, Option<String>),
    /// A time, or none, that cannot be used.
    Refused(TimeFault),
}

/// Why a time cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeFault {
    /// Not a time in an expected spelling.
    Unreadable,
    /// No zone, and the mapping names none.
    NoZone,
    /// More than five minutes after receipt.
    InFuture(Instant),
    /// Before 1990 or after 2199.
    Implausible,
}

impl TimeForm {
    /// The names a mapping may give.
    pub(super) const NAMES: [&'static str; 5] = ["rfc3339", "rfc3339-lenient", "epoch", "any", "naive:<zone>"];

    /// The form of a name; the error says what is wrong.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        if let Some(zone) = name.strip_prefix("naive:") {
            let hint = "use an IANA name such as `naive:Europe/Berlin`";
            return Zone::named(zone).map(Self::Naive).ok_or_else(|| format!("no time zone `{zone}`; {hint}"));
        }
        Ok(match name {
            "rfc3339" => Self::Rfc3339,
            "rfc3339-lenient" => Self::Rfc3339Lenient,
            "epoch" => Self::Epoch,
            "any" => Self::Any,
            _ => return Err(format!("no time form `{name}`; one of {}", Self::NAMES.join(", "))),
        })
    }

    /// Reads a value; `received_at` bounds the future.
    pub(super) fn read(self, json: &Json, received_at: Instant) -> Reading {
        match self.parse(json) {
            Parsed::NotSet => Reading::NotSet,
            Parsed::Fault(fault) => Reading::Refused(fault),
            Parsed::At(at, _) if !is_sane_date(&at.date_naive()) => Reading::Refused(TimeFault::Implausible),
            Parsed::At(at, _) if at > received_at + AHEAD_MAX => Reading::Refused(TimeFault::InFuture(at)),
            Parsed::At(at, assumed) => Reading::At(at, assumed),
        }
    }

    fn parse(self, json: &Json) -> Parsed {
        match json {
            Json::Null => Parsed::NotSet,
            Json::Number(number) if self.takes_epoch() => epoch(&number.to_string()),
            Json::String(text) => self.parse_text(text.trim()),
            _ => Parsed::Fault(TimeFault::Unreadable),
        }
    }

    fn parse_text(self, text: &str) -> Parsed {
        if text.is_empty() {
            return Parsed::NotSet;
        }
        if self.takes_epoch() && looks_like_number(text) {
            return epoch(text);
        }
        match self {
            Self::Epoch => Parsed::Fault(TimeFault::Unreadable),
            Self::Rfc3339 => match parse_rfc3339(text) {
                Some(at) => Parsed::At(at, None),
                None => lenient(text, None).unless_only_lenient(),
            },
            Self::Rfc3339Lenient | Self::Any => lenient(text, None),
            Self::Naive(zone) => lenient(text, Some(zone)),
        }
    }

    fn takes_epoch(self) -> bool {
        matches!(self, Self::Epoch | Self::Any | Self::Naive(_))
    }
}

enum Parsed {
    NotSet,
    At(Instant, Option<String>),
    Fault(TimeFault),
}

impl Parsed {
    /// A "not set" value and an out-of-range year are what they are in the strict form too.
    fn unless_only_lenient(self) -> Self {
        match self {
            Self::At(at, _) if is_sane_date(&at.date_naive()) => Self::Fault(TimeFault::Unreadable),
            other => other,
        }
    }
}

fn looks_like_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A bare number: its unit follows from its size.
fn epoch(number: &str) -> Parsed {
    let Ok(value) = number.parse::<f64>() else { return Parsed::Fault(TimeFault::Unreadable) };
    if value == 0.0 {
        return Parsed::NotSet;
    }
    let (unit, per_s) = match value.abs() {
        size if size < 1e11 => ("seconds", 1_i128),
        size if size < 1e14 => ("milliseconds", 1_000),
        size if size < 1e17 => ("microseconds", 1_000_000),
        _ => ("nanoseconds", 1_000_000_000),
    };
    // Whole numbers keep every digit; a fraction is good to the microsecond.
    let total_ns = match number.parse::<i128>() {
        Ok(whole) => whole.checked_mul(1_000_000_000 / per_s),
        Err(_) => ((value / per_s as f64 * 1e6).round() as i128).checked_mul(1000),
    };
    let instant = total_ns.and_then(|ns| {
        let seconds = i64::try_from(ns.div_euclid(1_000_000_000)).ok()?;
        let rest_ns = u32::try_from(ns.rem_euclid(1_000_000_000)).ok()?;
        DateTime::from_timestamp(seconds, rest_ns)
    });
    match instant {
        Some(at) => Parsed::At(at, Some(format!("a bare number, read as {unit} since 1970"))),
        None => Parsed::Fault(TimeFault::Implausible),
    }
}

/// A date, a clock time if any, an offset if any.
fn lenient(text: &str, zone: Option<Zone>) -> Parsed {
    let Some((civil, dated_only, offset_s)) = civil_and_offset(text) else { return Parsed::Fault(TimeFault::Unreadable) };
    if civil.year() <= 1 || civil.date() == NaiveDate::default() && civil.time() == NaiveTime::MIN {
        return Parsed::NotSet;
    }
    match (offset_s, zone) {
        (Some(offset_s), _) => match civil.checked_sub_signed(Duration::seconds(offset_s)) {
            Some(utc) => Parsed::At(utc.and_utc(), None),
            None => Parsed::Fault(TimeFault::Implausible),
        },
        (None, None) => Parsed::Fault(TimeFault::NoZone),
        (None, Some(_)) if !is_sane_date(&civil.date()) => Parsed::Fault(TimeFault::Implausible),
        (None, Some(zone)) => {
            let (at, note) = zone.instant_of(civil);
            let what =
                if dated_only { "a date without a time, read as its first instant in" } else { "a time without a zone, read in" };
            Parsed::At(at, Some(format!("{what} {zone}{}", note.map(|n| format!("; {n}")).unwrap_or_default())))
        }
    }
}

/// `2026-11-20`, `T` or space, `14:20`, `:30`, `.123`, `Z`, `+01:00`, `+0100`, `+01`, in parts.
fn civil_and_offset(text: &str) -> Option<(NaiveDateTime, bool, Option<i64>)> {
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let shape = date.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = if shape {
        NaiveDate::from_ymd_opt(number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?)?
    } else {
        return None;
    };
    if rest.is_empty() {
        return Some((date.and_time(NaiveTime::MIN), true, None));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let clock_end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(clock_end);
    Some((clock_on(date, clock)?, false, offset_of(offset.trim())?))
}

fn clock_on(date: NaiveDate, clock: &str) -> Option<NaiveDateTime> {
    let (whole, decimals) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
    let mut parts = whole.split(':').map(two_digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || decimals.is_empty() || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = decimals.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |ns, b| ns * 10 + u32::from(b - b'0'));
    // A leap second is read as the second after.
    let leap = i64::from(second == 60);
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second - u32::from(second == 60), nanoseconds)?;
    date.and_time(time).checked_add_signed(Duration::seconds(leap))
}

/// Seconds east; `None` inside for no offset at all.
fn offset_of(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    if ["z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(Some(0));
    }
    let (sign, digits) = match text.split_at(1) {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (5, Some((hours, minutes))) => (two_digits(hours)?, two_digits(minutes)?),
        (4, None) => (two_digits(&digits[..2])?, two_digits(&digits[2..])?),
        (2, None) => (two_digits(digits)?, 0),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then(|| Some(sign * i64::from(hours * 3600 + minutes * 60)))
}

fn two_digits(text: &str) -> Option<u32> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) { number(text) } else { None }
}

fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::rfc3339;
    use serde_json::json;

    fn received() -> Instant {
        parse_rfc3339("2026-11-21T12:00:00Z").expect("a time")
    }

    fn read(form: &str, json: Json) -> String {
        match TimeForm::named(form).expect("a form").read(&json, received()) {
            Reading::NotSet => "not set".into(),
            Reading::At(at, None) => rfc3339(at),
            Reading::At(at, Some(assumed)) => format!("{} ({assumed})", rfc3339(at)),
            Reading::Refused(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn every_spelling_with_an_offset_is_the_same_instant() {
        for text in [
            "2025-12-11T11:55:44.091+0100",
            "2025-12-11T11:55:44.091+01:00",
            "2025-12-11 10:55:44.091Z",
            "2025-12-11t10:55:44,091 UTC",
            "2025-12-11T02:55:44.091-0800",
            "2025-12-11T11:55:44.091000000000+01",
        ] {
            assert_eq!(read("rfc3339-lenient", json!(text)), "2025-12-11T10:55:44.091Z", "{text}");
        }
        assert_eq!(read("any", json!("2020-11-10T21:07:48.2446898Z")), "2020-11-10T21:07:48.244689800Z");
        assert_eq!(read("any", json!("2025-12-31T23:59:60Z")), "2026-01-01T00:00:00Z");
        assert_eq!(read("any", json!("2025-12-31T23:59Z")), "2025-12-31T23:59:00Z");
    }

    #[test]
    fn the_strict_form_refuses_what_only_the_lenient_one_reads() {
        assert_eq!(read("rfc3339", json!("2025-12-11T11:55:44+0100")), "Unreadable");
        assert_eq!(read("rfc3339", json!("2025-12-11T11:55:44+01:00")), "2025-12-11T10:55:44Z");
        assert_eq!(read("rfc3339", json!("2025-12-11T11:55:44")), "NoZone");
        assert_eq!(read("rfc3339", json!("9999-12-31T00:00:00Z")), "Implausible");
        assert_eq!(read("rfc3339", json!("0001-01-01T00:00:00Z")), "not set");
        assert_eq!(read("rfc3339", json!(1_700_000_000)), "Unreadable");
    }

    #[test]
    fn a_bare_number_is_read_by_its_size_and_says_so() {
        for (number, unit) in [
            (json!(1_723_564_700), "seconds"),
            (json!(1_723_564_700_000_u64), "milliseconds"),
            (json!("1723564700000000"), "microseconds"),
            (json!(1_723_564_700_000_000_000_u64), "nanoseconds"),
        ] {
            assert_eq!(read("epoch", number), format!("2024-08-13T15:58:20Z (a bare number, read as {unit} since 1970)"));
        }
        for (number, unit) in [
            (-99_999_999_999_i64, "Implausible"),
            (4_102_444_799, "InFuture"),
            (631_152_000_000, "1990-01-01T00:00:00Z (a bare number, read as milliseconds"),
            (1_000_000_000_000, "2001-09-09T01:46:40Z (a bare number, read as milliseconds"),
            (99_999_999_999_999, "Implausible"),
            (1_000_000_000_000_000, "2001-09-09T01:46:40Z (a bare number, read as microseconds"),
        ] {
            assert!(read("epoch", json!(number)).starts_with(unit), "{number}: {}", read("epoch", json!(number)));
        }
        assert!(read("any", json!("1723564700.25")).starts_with("2024-08-13T15:58:20.250Z"));
        assert!(read("any", json!(1_420_452_193_166_002_000_u64)).starts_with("2015-01-05T10:03:13.166002Z"));
    }

    #[test]
    fn the_values_products_write_for_no_time_are_not_set() {
        for value in [
            json!(null),
            json!(""),
            json!(0),
            json!("0"),
            json!("0001-01-01T00:00:00Z"),
            json!("0001-01-02T00:00:00"),
            json!("1970-01-01 00:00:00Z"),
        ] {
            assert_eq!(read("any", value.clone()), "not set", "{value}");
        }
    }

    #[test]
    fn a_time_without_zone_is_read_only_where_the_mapping_names_one() {
        assert_eq!(read("any", json!("2022-03-21T16:20:59")), "NoZone");
        assert_eq!(
            read("naive:Europe/Berlin", json!("2022-03-21T16:20:59")),
            "2022-03-21T15:20:59Z (a time without a zone, read in Europe/Berlin)"
        );
        assert_eq!(read("naive:Europe/Berlin", json!("2022-03-21T16:20:59Z")), "2022-03-21T16:20:59Z");
        assert!(read("naive:Europe/Berlin", json!("2026-03-29 02:30:00")).contains("the clock skips this time"));
        assert_eq!(
            read("naive:UTC", json!("2022-03-21")),
            "2022-03-21T00:00:00Z (a date without a time, read as its first instant in UTC)"
        );
    }

    #[test]
    fn the_future_begins_five_minutes_after_receipt() {
        assert_eq!(read("any", json!("2026-11-21T12:05:00Z")), "2026-11-21T12:05:00Z");
        assert!(read("any", json!("2026-11-21T12:05:01Z")).starts_with("InFuture"));
    }

    #[test]
    fn unbelievable_years_and_garbage_are_refused_without_panic() {
        for value in [
            json!("1989-12-31T23:59:59Z"),
            json!("9999-12-31T23:59:59Z"),
            json!("9999-12-31T23:59:59"),
            json!(-1),
            json!(1e300),
            json!("99999999999999999999999999999999999999999999"),
        ] {
            assert_eq!(read("naive:UTC", value.clone()), "Implausible", "{value}");
        }
        for value in [
            json!("year-month-dayThours:minuts:seconds+0000"),
            json!("2022-02-30T00:00:00Z"),
            json!("2022-02-28T24:00:01Z"),
            json!("2022-02-28T10:00:00+25:00"),
            json!("２０２２-02-28T10:00"),
            json!("2022-02-28T"),
            json!("2022-02-28T10:00:00.Z"),
            json!("-"),
            json!(true),
            json!([2022]),
            json!("12.5.3"),
        ] {
            assert_eq!(read("naive:UTC", value.clone()), "Unreadable", "{value}");
        }
    }
}
