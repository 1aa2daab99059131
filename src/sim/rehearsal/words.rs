//! The report for people to read and to file.

use super::report::{Limit, Outcome, Report};
use crate::domain::instant::{Duration, Instant, Zone, length_in_words};
use crate::domain::law::Mode;
use std::fmt::{self, Write};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |at: Instant| offset(at - self.start);
        writeln!(f, "{}", self.title)?;
        writeln!(
            f,
            "{} to {}, {}\n",
            Zone::UTC.words(self.start),
            Zone::UTC.words(self.end),
            length_in_words(self.end - self.start)
        )?;

        writeln!(f, "What happened")?;
        for scene in &self.scenes {
            writeln!(f, "  {:>9}  {}", after(scene.at), scene.what)?;
            writeln!(f, "             {}", scene.outcome.replace('\n', "\n             "))?;
        }
        writeln!(f, "\nWho was told")?;
        for told in &self.told {
            writeln!(f, "  {:>9}  {} over {}: {}", after(told.at), told.to, told.channel, told.subject)?;
        }
        if self.told.is_empty() {
            writeln!(f, "  nobody")?;
        }
        for (channel, failed) in &self.failed {
            writeln!(f, "  {failed} attempts over {channel} failed")?;
        }
        writeln!(f, "\nHow long it took to answer")?;
        for answer in &self.acknowledged {
            let long = match answer.after_s {
                Some(after_s) => format!("{} after the first letter", length_in_words(Duration::seconds(after_s))),
                None => "before any letter".to_owned(),
            };
            writeln!(f, "  {:>9}  {} took {}, {long}", after(answer.at), answer.by, answer.clock)?;
        }
        if self.acknowledged.is_empty() {
            writeln!(f, "  nobody took a clock")?;
        }
        writeln!(f, "\nThe limits")?;
        self.limits.iter().try_for_each(|limit| write_limit(f, limit))?;
        match self.missed().count() {
            0 => writeln!(f, "\nNo limit would have been missed."),
            1 => writeln!(f, "\n1 limit would have been missed."),
            missed => writeln!(f, "\n{missed} limits would have been missed."),
        }
    }
}

fn write_limit(f: &mut fmt::Formatter<'_>, limit: &Limit) -> fmt::Result {
    let mut said = match limit.outcome {
        Outcome::Missed => "MISSED".to_owned(),
        Outcome::MetLate => "MET LATE".to_owned(),
        Outcome::Open => "still runs".to_owned(),
        Outcome::Met => "met".to_owned(),
        Outcome::NotOwed => "not owed".to_owned(),
    };
    if let Some(left_s) = limit.left_s.filter(|_| limit.outcome != Outcome::NotOwed) {
        let word = if left_s < 0 { "over" } else { "left" };
        write!(said, ", {} {word}", length_in_words(Duration::seconds(left_s)))?;
    }
    let rehearsed = if limit.mode == Mode::Shadow { " (not in force: a rehearsal in itself)" } else { "" };
    let until = limit.due.map_or_else(|| "without delay".to_owned(), |due| limit.zone.in_words(due));
    writeln!(f, "  {said}: {}{rehearsed}", limit.title)?;
    writeln!(f, "    {until}; {}; {} letters; {}", limit.cite, limit.letters, limit.clock)
}

/// `+2 h 5 min`, after the start.
fn offset(length: Duration) -> String {
    let minutes = length.num_minutes();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    if days == 0 { format!("+{hours}:{minutes:02}") } else { format!("+{days}d {hours}:{minutes:02}") }
}
