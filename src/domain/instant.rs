//! Instants, zones, and what to do when a civil time does not exist or exists twice.
//!
//! The only user of `chrono-tz`. An instant is UTC; a zone is an IANA name; a civil date has
//! meaning only in a zone.

pub use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc, Weekday};
use chrono::{LocalResult, SecondsFormat, TimeZone};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

/// A moment in time, in UTC.
pub type Instant = DateTime<Utc>;

/// The version of the time zone data in the binary, such as `2025b`.
pub const TZ_VERSION: &str = chrono_tz::IANA_TZDB_VERSION;

/// Years outside this range are a typing error or an attack, never an incident.
const SANE_YEARS: std::ops::RangeInclusive<i32> = 1990..=2199;

/// An IANA time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(chrono_tz::Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// The zone of an IANA name, such as `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The zones of the world in which people live, one of each that kept the same time in every part of the years around.
    pub fn each_time() -> &'static [Self] {
        static EACH: LazyLock<Vec<Zone>> = LazyLock::new(|| {
            let years = 2024..2029;
            let days = years.flat_map(|year| (1..=12).flat_map(move |month| [1, 20].map(|day| (year, month, day))));
            let days: Vec<Instant> = days
                .filter_map(|(year, month, day)| {
                    Some(NaiveDate::from_ymd_opt(year, month, day)?.and_time(NaiveTime::MIN).and_utc())
                })
                .collect();
            let mut seen = BTreeSet::new();
            let inhabited = chrono_tz::TZ_VARIANTS.iter().filter(|zone| {
                const REGIONS: [&str; 8] =
                    ["Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"];
                REGIONS.iter().any(|region| zone.name().starts_with(region))
            });
            let differs = |zone: &Zone| seen.insert(days.iter().map(|day| zone.offset_s(*day)).collect::<Vec<i32>>());
            inhabited.map(|zone| Zone(*zone)).filter(differs).collect()
        });
        &EACH
    }

    /// The IANA name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The civil date of an instant here.
    pub fn date_of(&self, instant: Instant) -> NaiveDate {
        instant.with_timezone(&self.0).date_naive()
    }

    /// The civil time of an instant here.
    pub fn civil(&self, instant: Instant) -> NaiveDateTime {
        instant.with_timezone(&self.0).naive_local()
    }

    /// Offset from UTC at an instant, in seconds east.
    pub fn offset_s(&self, instant: Instant) -> i32 {
        use chrono::Offset;
        instant.with_timezone(&self.0).offset().fix().local_minus_utc()
    }

    /// The instant of a civil time here. In a gap (clocks forward) it is the first instant after
    /// the gap; in a fold (clocks back) it is the earlier of the two. The note says so.
    pub fn instant_of(&self, civil: NaiveDateTime) -> (Instant, Option<&'static str>) {
        match self.0.from_local_datetime(&civil) {
            LocalResult::Single(at) => (at.to_utc(), None),
            LocalResult::Ambiguous(earlier, _) => {
                (earlier.to_utc(), Some("the clock shows this time twice (clocks go back); the earlier is taken"))
            }
            LocalResult::None => {
                // No gap in the data is longer than a day, and each ends on a full minute.
                let mut probe = civil - Duration::seconds(i64::from(civil.second()));
                for _ in 0..(24 * 60) {
                    probe += Duration::minutes(1);
                    if let Some(at) = self.0.from_local_datetime(&probe).earliest() {
                        return (
                            at.to_utc(),
                            Some("the clock skips this time (clocks go forward); the first instant after is taken"),
                        );
                    }
                }
                (civil.and_utc(), Some("no such time in this zone; read as UTC"))
            }
        }
    }

    /// The last second of a civil date here: 23:59:59.
    pub fn end_of(&self, date: NaiveDate) -> (Instant, Option<&'static str>) {
        self.instant_of(date.and_time(NaiveTime::from_hms_opt(23, 59, 59).expect("a valid time of day")))
    }

    /// The first instant of a civil date here.
    pub fn start_of(&self, date: NaiveDate) -> (Instant, Option<&'static str>) {
        self.instant_of(date.and_time(NaiveTime::MIN))
    }

    /// The instant written here, with offset: `2026-11-20T14:20:00+01:00`.
    pub fn rfc3339(&self, instant: Instant) -> String {
        instant.with_timezone(&self.0).to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    /// The instant in words for people: `Fri 20 Nov 2026 14:20 Europe/Berlin`. Seconds are shown when there are any.
    pub fn in_words(&self, instant: Instant) -> String {
        self.words(instant).to_string()
    }

    /// The day in words: `Fri 20 Nov 2026`.
    pub fn day_in_words(&self, instant: Instant) -> String {
        let local = instant.with_timezone(&self.0);
        fmt::from_fn(move |f| write_day(f, &local)).to_string()
    }

    /// The time of day with its offset, which tells the two hours of a night in autumn apart: `14:20:05 +01:00`.
    pub fn time_in_words(&self, instant: Instant) -> String {
        instant.with_timezone(&self.0).format("%H:%M:%S %:z").to_string()
    }

    /// The same, to be written straight into a longer text.
    pub fn words(self, instant: Instant) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let local = instant.with_timezone(&self.0);
            write_day(f, &local)?;
            write!(f, " {:02}:{:02}", local.hour(), local.minute())?;
            if local.second() != 0 {
                write!(f, ":{:02}", local.second())?;
            }
            write!(f, " {}", self.name())
        })
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
impl<'de> serde::Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("no time zone `{name}`; use an IANA name such as `Europe/Berlin`")))
    }
}

impl schemars::JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "An IANA time zone, such as `Europe/Berlin`." })
    }
}

/// Reads RFC 3339 with an explicit offset; `None` for a naive time and for years outside 1990-2199.
pub fn parse_rfc3339(text: &str) -> Option<Instant> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    is_sane_date(&instant.date_naive()).then_some(instant)
}

/// Whether a date can belong to an incident.
pub fn is_sane_date(date: &NaiveDate) -> bool {
    SANE_YEARS.contains(&date.year())
}

/// The instant in UTC: `2026-11-20T13:20:00Z`.
pub fn rfc3339(instant: Instant) -> String {
    Rfc3339(instant).to_string()
}

/// An instant in UTC, to be written straight into a longer text: `2026-11-20T13:20:00Z`.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339(pub Instant);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.naive_utc();
        if utc.nanosecond() != 0 || !(0..=9999).contains(&utc.year()) {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
        let (century, year) = (utc.year().unsigned_abs() / 100, utc.year().unsigned_abs() % 100);
        let parts = [century, year, utc.month(), utc.day(), utc.hour(), utc.minute(), utc.second()];
        let mut text = *b"0000-00-00T00:00:00Z";
        for (place, part) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(parts) {
            // Each part is below a hundred.
            text[place] += (part / 10) as u8;
            text[place + 1] += (part % 10) as u8;
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// A civil date for people: `Fri 20 Nov 2026`.
#[derive(Clone, Copy, Debug)]
pub struct DayInWords(pub NaiveDate);

impl fmt::Display for DayInWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_day(f, &self.0)
    }
}

fn write_day(f: &mut fmt::Formatter<'_>, day: &impl Datelike) -> fmt::Result {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    write!(f, "{} {} {} {}", day.weekday(), day.day(), MONTHS[day.month0() as usize], day.year())
}

/// A length of time for people: `2 d 3 h`, `9 h 12 min`, `4 min`, `30 s`; a negative one is counted the same.
pub fn length_in_words(length: Duration) -> String {
    let total_s = length.num_seconds().abs();
    let (days, hours, minutes) = (total_s / 86_400, total_s / 3600 % 24, total_s / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{total_s} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_chrono_writes_it() {
        let first = parse_rfc3339("1990-01-01T00:00:00Z").expect("an instant");
        for step in 0..5_000_i64 {
            let at = first + Duration::seconds(step * 1_000_003) + Duration::milliseconds(if step % 3 == 0 { step } else { 0 });
            assert_eq!(rfc3339(at), at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            let plain = Zone::named("Asia/Kolkata").expect("a zone");
            let local = at.with_timezone(&plain.0);
            let clock = if local.second() == 0 { "%a %-d %b %Y %H:%M" } else { "%a %-d %b %Y %H:%M:%S" };
            assert_eq!(plain.in_words(at), format!("{} Asia/Kolkata", local.format(clock)));
        }
        assert_eq!(rfc3339(Instant::MIN_UTC), Instant::MIN_UTC.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
}
