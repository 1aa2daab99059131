//! Cases side by side, as a page: what was found and what the engine says, and what a set of cases leaves open.

use super::play::Replayed;
use super::scenario::{Mark, Scenario};
use super::verdict::{Agreement, Ours, Verdict};
use crate::domain::instant::{Zone, length_in_words};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Cases and what came of them.
#[derive(Debug)]
pub struct Table<'a> {
    /// Each case with its outcome.
    pub cases: Vec<(&'a Scenario, Replayed)>,
}

/// Which limits in whole days a set of cases cannot tell from the one in law, of all duties of one pack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// The longest that was in time, and in which case.
    pub at_least: Option<(i64, String)>,
    /// The shortest that was late, less a day, and in which case.
    pub at_most: Option<(i64, String)>,
    /// The limits that follow where an authority counted the days of delay itself.
    pub exact: Vec<(i64, String)>,
}

impl Table<'_> {
    /// How many findings agree, differ, and have no number to be held against.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |fits: fn(&Agreement) -> bool| self.verdicts().filter(|(_, verdict)| fits(&verdict.agreement)).count();
        (
            count(|agreement| *agreement == Agreement::Agrees),
            count(|agreement| matches!(agreement, Agreement::Differs(_))),
            count(|agreement| *agreement == Agreement::NoNumber),
        )
    }

    /// Which limits the set leaves open, by pack. Only findings count, never a day that was reckoned from the law.
    pub fn bounds(&self) -> BTreeMap<String, Bounds> {
        let mut all: BTreeMap<String, Bounds> = BTreeMap::new();
        for (scenario, replayed) in self.cases.iter().filter(|(scenario, _)| scenario.is_decided()) {
            for (expect, verdict) in scenario.expect.iter().zip(&replayed.verdicts) {
                let (Some(pack), Some(_), Some(days)) = (&verdict.pack, verdict.limit, expect.days_after()) else { continue };
                let bounds = all.entry(pack.clone()).or_default();
                let case = || replayed.id.clone();
                match (expect.outcome.as_str(), expect.days_late) {
                    ("late", Some(late)) => bounds.exact.push((days - late, case())),
                    ("late", None) if bounds.at_most.as_ref().is_none_or(|(most, _)| days - 1 < *most) => {
                        bounds.at_most = Some((days - 1, case()));
                    }
                    ("on-time", _) if bounds.at_least.as_ref().is_none_or(|(least, _)| days > *least) => {
                        bounds.at_least = Some((days, case()));
                    }
                    _ => {}
                }
            }
        }
        all
    }

    fn verdicts(&self) -> impl Iterator<Item = (&Replayed, &Verdict)> {
        self.cases.iter().flat_map(|(_, replayed)| replayed.verdicts.iter().map(move |verdict| (replayed, verdict)))
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (_, replayed) in &self.cases {
            let _ = writeln!(text, "{}: {} ({}; found: {})", replayed.id, replayed.title, replayed.regulator, replayed.finding);
            for verdict in &replayed.verdicts {
                let _ = writeln!(text, "  {}: found {}, here {}", verdict.duty, verdict.found, ours(verdict));
                let _ = writeln!(text, "    {}; first letter {}", agreement(&verdict.agreement), first_letter(verdict));
            }
            for scene in &replayed.refused {
                let _ = writeln!(text, "  {}: {}", scene.what, scene.outcome);
            }
        }
        let _ = write!(text, "\n{}", self.summary());
        for line in self.bounds_in_words() {
            let _ = write!(text, "\n{line}");
        }
        text
    }

    /// As a page for the documentation.
    pub fn markdown(&self) -> String {
        let mut page = String::from(PREFACE);
        let _ = writeln!(page, "{}\n", self.summary());
        page.push_str("| case | duty | found | here | days after the start | days late: theirs / ours | agreement | first letter about it |\n");
        page.push_str("|---|---|---|---|---|---|---|---|\n");
        for (replayed, verdict) in self.verdicts() {
            let number = |days: Option<i64>| days.map_or_else(|| "–".to_owned(), |days| days.to_string());
            let _ = writeln!(
                page,
                "| {} | `{}` | {} | {} | {} | {} / {} | {} | {} |",
                replayed.id,
                verdict.duty,
                cell(&verdict.found),
                ours(verdict),
                number(verdict.days_after_start),
                number(verdict.days_late_found),
                number(verdict.days_late),
                cell(&agreement(&verdict.agreement)),
                first_letter(verdict),
            );
        }
        page.push_str("\n## What this set cannot tell apart\n\n");
        for line in self.bounds_in_words() {
            let _ = writeln!(page, "- {line}");
        }
        page.push_str("\n## The cases\n");
        for (scenario, replayed) in &self.cases {
            case(&mut page, scenario, replayed);
        }
        page
    }

    fn summary(&self) -> String {
        let (agree, differ, no_number) = self.counts();
        let undecided = self.verdicts().filter(|(_, verdict)| verdict.agreement == Agreement::NoFinding).count();
        let compared = agree + differ + no_number;
        let mut words = format!("The engine agrees with {agree} of {compared} findings in {} cases.", self.cases.len());
        match (differ, no_number) {
            (0, 0) => {}
            (differ, 0) => _ = write!(words, " In {differ} it differs."),
            (0, no_number) => {
                _ = write!(words, " In {no_number} the law gives no number, so it says how long it took and no more.")
            }
            (differ, no_number) => {
                _ = write!(
                    words,
                    " In {differ} it differs; in {no_number} the law gives no number, so it says how long it took and no more."
                );
            }
        }
        if undecided > 0 {
            let _ = write!(words, " Of {undecided} further duties nothing has been found yet.");
        }
        let refused: usize = self.cases.iter().map(|(_, replayed)| replayed.refused.len()).sum();
        if refused > 0 {
            let _ = write!(words, " Steps that were refused: {refused}.");
        }
        words
    }

    /// A line for each pack.
    fn bounds_in_words(&self) -> Vec<String> {
        let line = |(pack, bounds): (String, Bounds)| {
            let of = |bound: &Option<(i64, String)>| bound.as_ref().map(|(days, case)| (*days, case.clone()));
            let mut words = match (of(&bounds.at_least), of(&bounds.at_most)) {
                (Some((least, in_time)), Some((most, late))) => format!(
                    "{pack}: by the outcomes alone any limit of {least} to {most} days would agree (in time: {in_time}; late: {late})"
                ),
                (None, Some((most, late))) => {
                    format!(
                        "{pack}: by the outcomes alone any limit of up to {most} days would agree (late: {late}); nothing here was in time"
                    )
                }
                (Some((least, in_time)), None) => {
                    format!(
                        "{pack}: by the outcomes alone any limit of {least} days or more would agree (in time: {in_time}); nothing here was late"
                    )
                }
                (None, None) => format!("{pack}: the outcomes alone say nothing of the limit"),
            };
            for (days, case) in &bounds.exact {
                let _ = write!(words, "; in {case} the authority counted the days itself, which leaves {days} days and no other");
            }
            format!("{words}.")
        };
        self.bounds().into_iter().map(line).collect()
    }
}

const PREFACE: &str = "# What regulators called late

Published cases, played again on a clock of their own with the built-in law: `watchbell replay tests/fixtures/replay --markdown` writes this
page, and a test keeps it true. A case is one file in `tests/fixtures/replay`: the organisation, what happened and when, what was found. A
date is *found* (a source states it), *assumed* (it follows from what a source states by an assumption) or *notional* (a source states the
month, and a day was picked). Only the day is known of most; noon stands for the hour. Days late are days of the calendar after the last day in
time; theirs are as the finding states them, or counted from the last day that it, or the law it applied, gives.

";

fn case(page: &mut String, scenario: &Scenario, replayed: &Replayed) {
    let _ = writeln!(page, "\n### {}\n", scenario.title);
    let decided = if scenario.decided.is_empty() { "not decided" } else { &scenario.decided };
    let _ = writeln!(page, "`{}`, {}, {decided}. {}\n", scenario.id, scenario.regulator, scenario.words);
    for step in &scenario.timeline {
        let shown = match step.mark() {
            Mark::Found if step.precision.contains("hour") => scenario.organisation.zone.in_words(step.at),
            Mark::Found | Mark::Assumed | Mark::Notional => scenario.organisation.zone.date_of(step.at).to_string(),
        };
        let _ = writeln!(page, "- {shown} ({}): {}", step.mark().word(), step.what);
    }
    for verdict in &replayed.verdicts {
        match &verdict.agreement {
            Agreement::Differs(in_what) => _ = writeln!(page, "- **Differs** in `{}`: {}", verdict.duty, in_what.join("; ")),
            Agreement::NoNumber => {
                let days = |days: Option<i64>| days.unwrap_or(0);
                let past = match verdict.days_past_target {
                    Some(past) => format!(", {past} past the house's own target"),
                    None => String::new(),
                };
                let after = days(verdict.days_after_start);
                _ = writeln!(page, "- **No number** for `{}`: told {after} days after the start{past}", verdict.duty);
            }
            Agreement::Agrees | Agreement::NoFinding => {}
        }
        if !verdict.not_compared.is_empty() {
            let _ = writeln!(page, "- Not compared in `{}`: {}", verdict.duty, verdict.not_compared.join(", "));
        }
    }
    for scene in &replayed.refused {
        let _ = writeln!(page, "- **Not played**: {}: {}", scene.what, scene.outcome);
    }
    let sources = scenario.sources.iter().map(|source| match source.read.as_str() {
        "" => source.url.clone(),
        read => format!("{} ({read})", source.url),
    });
    let _ = writeln!(page, "\nSources: {}.", sources.collect::<Vec<_>>().join("; "));
    if !scenario.note.is_empty() {
        let _ = writeln!(page, "\n{}", scenario.note);
    }
}

fn ours(verdict: &Verdict) -> String {
    let mut words = verdict.ours.words().to_owned();
    if let (Ours::Met, Some(days)) = (verdict.ours, verdict.days_after_start) {
        let _ = write!(words, ", {days} days after the start");
        let _ = verdict.days_past_target.map(|past| write!(words, ", {past} past the house's own target"));
    }
    if let Some(days) = verdict.days_late {
        let _ = write!(words, ", {days} day{}", if days == 1 { "" } else { "s" });
    }
    words
}

fn agreement(agreement: &Agreement) -> String {
    match agreement {
        Agreement::Agrees => "agrees".into(),
        Agreement::Differs(in_what) => format!("differs: {}", in_what.join("; ")),
        Agreement::NoNumber => "no number in law".into(),
        Agreement::NoFinding => "no finding yet".into(),
    }
}

/// When the first letter would have gone out, and how long before the limit.
fn first_letter(verdict: &Verdict) -> String {
    let Some(at) = verdict.first_letter_at else { return "none".into() };
    let when = Zone::UTC.date_of(at).to_string();
    match verdict.limit_at.map(|limit| limit - at) {
        Some(left) if left >= crate::domain::instant::Duration::zero() => {
            format!("{when}, {} before the limit", length_in_words(left))
        }
        Some(over) => format!("{when}, {} past the limit", length_in_words(-over)),
        None => when,
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
