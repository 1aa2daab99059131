//! The report for people to read and to file.

use super::noted_channel::Told;
use super::report::{Limit, Outcome, Report};
use crate::domain::instant::{Duration, Instant, Zone, length_in_words};
use crate::domain::law::Mode;
use std::collections::BTreeMap;
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
        self.write_told(f)?;
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
            0 => write!(f, "\nNo limit would have been missed")?,
            1 => write!(f, "\n1 limit would have been missed")?,
            missed => write!(f, "\n{missed} limits would have been missed")?,
        }
        match self.refused().count() {
            0 => writeln!(f, "."),
            1 => writeln!(f, "; 1 step was refused, so the exercise did not go as it was written."),
            refused => writeln!(f, "; {refused} steps were refused, so the exercise did not go as it was written."),
        }
    }
}

impl Report {
    /// Every letter, of the repeats past a limit only the first to each and how many more there were.
    fn write_told(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repeat_of = |told: &Told| {
            let (rung, _) = told.rung.split_once(" #")?;
            Some((told.to.clone(), told.channel.clone(), rung.to_owned(), told.clocks.first()?.clone()))
        };
        let mut repeats: BTreeMap<_, Vec<Instant>> = BTreeMap::new();
        for told in &self.told {
            let known = repeat_of(told).map(|repeat| repeats.entry(repeat).or_default());
            let is_first = known.as_ref().is_none_or(|known| known.is_empty());
            known.into_iter().for_each(|known| known.push(told.at));
            if is_first {
                writeln!(f, "  {:>9}  {} over {}: {}", offset(told.at - self.start), told.to, told.channel, told.subject)?;
            }
        }
        for ((to, channel, rung, clock), at) in &repeats {
            if let [_, .., last] = at[..] {
                let more = at.len() - 1;
                writeln!(f, "  until {}  {to} over {channel}: {more} more, {rung}, about {clock}", offset(last - self.start))?;
            }
        }
        if self.told.is_empty() {
            writeln!(f, "  nobody")?;
        }
        Ok(())
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
