//! An answer for people: what is owed, until when, how that was found, what is still asked, and why.

use crate::domain::ids::FactKey;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::Owed;
use crate::domain::law::assess::{Assessment, Reckoned, Reckoning};
use crate::domain::law::what_if::{Answer, Judged, ZONE_ASSUMED};
use crate::shell::cli::words;
use std::fmt::Write;

/// The answer to one question, with a line below each duty for each thing to know.
pub fn answer(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}, judged {}", answer.id.unwrap_or("incident"), answer.zone.in_words(answer.at));
    if answer.zone_assumed {
        let _ = writeln!(text, "  {ZONE_ASSUMED}");
    }
    for change in answer.changes.iter().flatten() {
        let _ = writeln!(text, "  {change}");
    }
    if answer.duties.is_empty() {
        let _ = writeln!(text, "  no duty of the packs in use arises on these facts ({})", answer.asked_of.join(", "));
    }
    for judged in &answer.duties {
        duty(judged, answer.at, &mut text);
    }
    uncovered(answer, &mut text);
    text
}

/// What the facts name and no pack in use declares, each with what is known of it.
fn uncovered(answer: &Answer<'_>, text: &mut String) {
    if answer.uncovered.is_empty() {
        return;
    }
    text.push_str("\n  not covered by any pack in use; what is owed there is for counsel to say\n");
    for uncovered in &answer.uncovered {
        let open = if uncovered.is_open() { "NOT COVERED" } else { "answered:" };
        let named_by: Vec<&str> = uncovered.named_by.iter().map(String::as_str).collect();
        let _ = writeln!(text, "    {open} {}, named by {}", uncovered.in_words(), named_by.join(", "));
        match &uncovered.known {
            Some(known) => {
                let mark = words::verification(known.verification);
                let _ = writeln!(text, "      known of it: {} ({}; {mark})", known.says, known.cite);
            }
            None => text.push_str("      known of it: nothing\n"),
        }
        uncovered.word.iter().for_each(|word| _ = writeln!(text, "      {word}"));
    }
}

fn duty(judged: &Judged<'_>, now: Instant, text: &mut String) {
    let assessment = &judged.assessment;
    let law = &assessment.duty.text;
    let towards = if judged.towards.is_empty() { String::new() } else { format!(", for {}", judged.towards.join(", ")) };
    let _ = writeln!(text, "\n  {} {}{towards}", word(assessment), law.id);
    let _ = writeln!(text, "    {} ({}; {})", law.title, law.cite, law.verification.words_of(assessment.edition));
    if let Some((says, cite)) = assessment.ground() {
        let _ = writeln!(text, "    ground: {says} ({cite})");
    }
    if let Some(reckoning) = &assessment.deadlines {
        if let Some(mode) = words::mode_explained(assessment.mode) {
            let _ = writeln!(text, "    {mode}");
        }
        started(assessment, reckoning.operational.zone, text);
        deadlines(reckoning, now, text);
    }
    for remark in &assessment.remarks {
        let _ = writeln!(text, "    note: {remark}");
    }
    let needed = assessment.missing.difference(&assessment.lifting);
    keys("still asked", needed, text);
    keys("could lift it, and it stands meanwhile", &assessment.lifting, text);
    text.push_str("    because\n");
    assessment.each_reason(&mut |line| {
        let _ = writeln!(text, "      {line}");
    });
}

fn keys<'k>(label: &str, keys: impl IntoIterator<Item = &'k &'k FactKey>, text: &mut String) {
    let keys: Vec<&str> = keys.into_iter().map(|key| key.as_str()).collect();
    if !keys.is_empty() {
        let _ = writeln!(text, "    {label}: {}", keys.join(", "));
    }
}

fn word(assessment: &Assessment<'_>) -> &'static str {
    match assessment.owed {
        Owed::Owed => "OWED",
        Owed::Open => "OPEN",
        Owed::NotOwed => "not owed:",
        Owed::NotBound => "does not bind:",
    }
}

fn started(assessment: &Assessment<'_>, zone: Zone, text: &mut String) {
    let start = &assessment.start;
    let from = match (start.from, start.settled) {
        (Some(key), true) => format!("{key}: {}", start.event),
        (Some(key), false) => format!("{key}, while nobody has said when {}", start.event),
        (None, _) => format!("this assessment, while nobody has said when {}", start.event),
    };
    let _ = writeln!(text, "    counted from {} ({from})", zone.in_words(start.at));
}

fn deadlines(reckoning: &Reckoning<'_>, now: Instant, text: &mut String) {
    line("due", &reckoning.operational, now, text);
    for step in reckoning.operational.derivation().to_string().lines() {
        let _ = writeln!(text, "      {step}");
    }
    reckoning.outer.iter().for_each(|outer| line("at the latest arguably", outer, now, text));
    reckoning.advisory.iter().for_each(|reading| line("contested", reading, now, text));
    reckoning.target.iter().for_each(|target| line("house target", target, now, text));
}

/// One deadline in a line: when, on what reading, with which source.
fn line(label: &str, reckoned: &Reckoned<'_>, now: Instant, text: &mut String) {
    let at = reckoned.at.map_or_else(|| "without delay".to_owned(), |at| words::moment(at, reckoned.zone, now));
    let _ = writeln!(text, "    {label}: {at}: {} ({})", reckoned.says, reckoned.cite);
}
