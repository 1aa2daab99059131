//! Holidays must reach as far as the clocks that count on them.

use super::Place;
use crate::domain::clocks::{Limit, YearsLacking};
use crate::domain::instant::{DayInWords, NaiveDate};
use crate::domain::law::pack::Duty;

impl Place<'_> {
    /// A fault for each calendar of the duty that ends, or has not begun, while a clock may run. The clock is one that
    /// starts on `today`, on the day the pack was reviewed or on the day the duty begins to bind, whichever is latest.
    pub(super) fn calendars(&mut self, duty: &Duty, today: NaiveDate) {
        let force = &duty.text.force;
        let start = today.max(self.pack.head.reviewed).max(force.from.unwrap_or(today));
        if force.until.is_some_and(|until| until <= start) {
            return;
        }
        let mut lacking = YearsLacking::new();
        for limit in limits(duty) {
            for (calendar, years) in limit.years_lacking(start, &self.book.calendars) {
                lacking.entry(calendar).or_default().extend(years);
            }
        }
        for (calendar, years) in lacking {
            let years: Vec<String> = years.iter().map(i32::to_string).collect();
            let years = years.join(", ");
            let text = format!(
                "the calendar `{calendar}` has no holidays for {years}; a clock of `{}` that starts on {} may need them",
                duty.text.id,
                DayInWords(start)
            );
            let file = self.file_of(calendar);
            self.fault(calendar, text, format!("add [[year]] {years} to {file} from an official list, and set `valid-through`"));
        }
    }

    /// The file a calendar was read from.
    fn file_of(&self, calendar: &str) -> String {
        let named = |text: &str| text.lines().any(|line| line.trim() == format!("name = \"{calendar}\""));
        let mut files = self.book.sources.iter().filter(|(file, text)| file.starts_with("calendars/") && named(text));
        files.next().map_or_else(|| format!("calendars/{calendar}.toml"), |(file, _)| file.clone())
    }
}

/// Every limit of a duty, contested ones and the house's target too.
fn limits(duty: &Duty) -> impl Iterator<Item = &Limit> {
    let due = duty.text.due.iter();
    due.flat_map(|due| std::iter::once(&due.limit).chain(due.outer.iter().chain(&due.advisory).map(|reading| &reading.limit)))
        .chain(&duty.text.target)
}
