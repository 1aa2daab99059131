//! Which days are closed, by year, as data with a source and an end of validity.

use crate::domain::instant::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// The weekend and the holidays of one place, as one file of data gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Calendar {
    /// What limits call it, such as `us-federal`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where the days come from.
    pub source: String,
    /// When somebody last went over the days.
    pub reviewed: NaiveDate,
    /// The last year whose days can be relied on.
    pub valid_through: i32,
    /// The days of the week that are never business days.
    pub weekend: Vec<Weekday>,
    /// The years there is data for.
    #[serde(rename = "year")]
    pub years: Vec<YearOfHolidays>,
}

/// The holidays of one year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct YearOfHolidays {
    /// The civil year.
    pub year: i32,
    /// Its holidays, weekends or not.
    pub days: Vec<Holiday>,
}

/// One holiday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Holiday {
    /// The civil date.
    pub date: NaiveDate,
    /// What it is called.
    pub name: String,
    /// The date is foretold, not proclaimed, as those by the moon are. It never lengthens a period.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// What a civil date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind<'a> {
    /// Open.
    Business,
    /// Closed every week.
    Weekend,
    /// Closed on this date.
    Holiday(&'a Holiday),
}

/// Why a calendar is no calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFault {
    /// What is wrong, where, and what to do.
    pub text: String,
    /// Where in the text, in bytes, if known.
    pub span: Option<Range<usize>>,
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl std::error::Error for CalendarFault {}

impl Calendar {
    /// Reads a calendar from TOML. All faults of meaning are returned at once; a fault of syntax stops.
    pub fn from_toml(text: &str) -> Result<Self, Vec<CalendarFault>> {
        let (calendar, faults) = Self::read(text);
        calendar.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// A calendar, if the syntax is right, and every fault.
    fn read(text: &str) -> (Option<Self>, Vec<CalendarFault>) {
        match toml::from_str::<Self>(text) {
            Ok(calendar) => {
                let faults = calendar.faults(text);
                (Some(calendar), faults)
            }
            Err(error) => (None, vec![CalendarFault { text: error.message().to_owned(), span: error.span() }]),
        }
    }

    /// Whether the holidays of a civil year are known.
    pub fn knows(&self, year: i32) -> bool {
        year <= self.valid_through && self.years.iter().any(|known| known.year == year)
    }

    /// What a date is. In a year that is not known every day outside the weekend is open.
    pub fn kind_of(&self, date: NaiveDate) -> DayKind<'_> {
        if self.weekend.contains(&date.weekday()) {
            return DayKind::Weekend;
        }
        if !self.knows(date.year()) {
            return DayKind::Business;
        }
        self.years
            .iter()
            .filter(|known| known.year == date.year())
            .flat_map(|known| &known.days)
            .find(|holiday| holiday.date == date)
            .map_or(DayKind::Business, DayKind::Holiday)
    }

    /// What is wrong with the days, each at the first place in the text where the word it is about stands.
    fn faults(&self, source: &str) -> Vec<CalendarFault> {
        let name = &self.name;
        let mut faults = Vec::new();
        let mut fault = |word: &str, text: String| {
            let span = source.find(word).map(|start| start..start + word.len());
            faults.push(CalendarFault { text, span });
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            fault("name", format!("`{name}` is no name for a calendar\nhint: use small letters, digits and hyphens"));
        }
        if self.source.trim().is_empty() {
            fault("source", format!("calendar `{name}` has no source"));
        }
        if (0..7).all(|day| self.weekend.iter().any(|weekday| weekday.num_days_from_monday() == day)) {
            fault("weekend", format!("calendar `{name}` has no business day in a week"));
        }
        if !self.knows(self.valid_through) {
            fault("valid-through", format!("calendar `{name}` is valid through {} but has no such year", self.valid_through));
        }
        let first = self.years.iter().map(|known| known.year).min().unwrap_or(self.valid_through);
        let gap: Vec<String> =
            (first..self.valid_through).filter(|year| !self.knows(*year)).map(|year| year.to_string()).collect();
        if !gap.is_empty() {
            let missing = gap.join(", ");
            let text = format!("calendar `{name}` has days from {first} through {} but none for {missing}", self.valid_through);
            fault("valid-through", format!("{text}\nhint: add a [[year]] with the holidays of {missing} and their source"));
        }
        let mut seen = BTreeMap::new();
        for known in &self.years {
            if seen.insert(known.year, ()).is_some() {
                fault(&format!("year = {}", known.year), format!("calendar `{name}` has the year {} twice", known.year));
            }
            let mut previous = None;
            for Holiday { date, name: holiday, .. } in &known.days {
                let word = date.to_string();
                if date.year() != known.year {
                    fault(&word, format!("calendar `{name}`: {date}, `{holiday}`, stands under the year {}", known.year));
                }
                if previous.is_some_and(|previous| previous >= date) {
                    fault(&word, format!("calendar `{name}`: {date}, `{holiday}`, is out of order or there twice"));
                }
                previous = Some(date);
            }
        }
        faults
    }
}

/// All calendars by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendars(BTreeMap<String, Calendar>);

impl Calendars {
    /// No calendars.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads calendars from `(file name, TOML)` pairs. Every fault names its file.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<(String, CalendarFault)>> {
        let (calendars, faults) = Self::read(files);
        if faults.is_empty() { Ok(calendars) } else { Err(faults) }
    }

    /// The same with the calendars that could be read, faulty or not: so that one bad day does not make a fault of every
    /// limit that counts on it.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<(String, CalendarFault)>) {
        let mut calendars = Self::new();
        let mut faults = Vec::new();
        for (file, text) in files {
            let (calendar, found) = Calendar::read(text);
            faults.extend(found.into_iter().map(|fault| (file.to_owned(), fault)));
            let Some(calendar) = calendar else { continue };
            let name = calendar.name.clone();
            if calendars.insert(calendar).is_some() {
                let text = format!("a calendar `{name}` was already loaded from another file");
                faults.push((file.to_owned(), CalendarFault { text, span: None }));
            }
        }
        (calendars, faults)
    }

    /// Adds a calendar; returns the one of the same name that it replaces.
    pub fn insert(&mut self, calendar: Calendar) -> Option<Calendar> {
        self.0.insert(calendar.name.clone(), calendar)
    }

    /// The calendar of a name.
    pub fn get(&self, name: &str) -> Option<&Calendar> {
        self.0.get(name)
    }

    /// The names there are, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
