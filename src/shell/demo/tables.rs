//! How the demo shows clocks, questions and letters.

use super::screen::{COLUMNS, Ink, Screen, cut, wrapped};
use super::script::{place_of, zone_of};
use crate::domain::board::{Card, ClockLine, Question, SupposedLimit};
use crate::domain::incident::Standing;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::Mode;
use crate::shell::courier::left_in_words;
use crate::sim::read_mail::Mail;

/// Questions that are printed in full.
const QUESTIONS_SHOWN: usize = 4;

/// Every open clock: what is to be done, where the law says it, and until when.
pub fn duties(screen: &Screen, clocks: &[ClockLine], now: Instant) {
    for clock in clocks.iter().filter(|clock| clock.standing.is_open()) {
        let (word, ink) = standing(clock);
        let place = screen.ink(Ink::Faint, &place_of(&clock.duty));
        // Padded before it is inked: colour codes have no width.
        let shown = screen.ink(Ink::Strong, &format!("{:<68}", cut(&title(clock), 67)));
        screen.line(&format!("   {place}  {shown} {}", screen.ink(ink, &word)));
        screen.line(&format!("       {}", deadline(clock, now)));
        screen.line(&screen.ink(Ink::Faint, &format!("       {}", cut(&clock.cite, 84))));
    }
}

/// What is to be done, and towards whom where there are several.
pub fn title(clock: &ClockLine) -> String {
    clock.towards.iter().fold(clock.title.clone(), |title, towards| format!("{title} ({towards})"))
}

/// How a clock stands, in a word or two.
fn standing(clock: &ClockLine) -> (String, Ink) {
    match (clock.mode, clock.standing) {
        (Mode::Shadow, _) => ("rehearsal".into(), Ink::Faint),
        (_, Standing::Provisional) => {
            let plural = if clock.missing == 1 { "" } else { "s" };
            (format!("open: {} question{plural}", clock.missing), Ink::Warning)
        }
        (Mode::Straddle, _) => ("owed: ask counsel".into(), Ink::Plain),
        _ => ("owed".into(), Ink::Plain),
    }
}

/// The limit, or the house's own target where the law gives none, and what is left of it.
fn deadline(clock: &ClockLine, now: Instant) -> String {
    let twice = |at| format!("{}, {}", shown_in(clock, at).in_words(at), left_in_words(at, now));
    match (clock.due, clock.target) {
        (Some(due), _) => twice(due),
        (None, Some(target)) => format!("without delay; target {}", twice(target)),
        (None, None) => "without delay".to_owned(),
    }
}

/// Until when a limit would run that nobody has started yet.
pub fn supposed(limit: &SupposedLimit, now: Instant) -> String {
    let zone = zone_of(&limit.duty, Zone::UTC);
    limit.until.map_or_else(|| "without delay".to_owned(), |at| format!("{}, {}", zone.in_words(at), left_in_words(at, now)))
}

/// The zone of the place whose law it is; but the end of a day reads as one only where the days were counted.
fn shown_in(clock: &ClockLine, at: Instant) -> Zone {
    let ends_a_day = clock.zone.end_of(clock.zone.date_of(at)).0 == at;
    if ends_a_day { clock.zone } else { zone_of(&clock.duty, clock.zone) }
}

/// Until when, in one word or one instant.
pub fn short_until(clock: &ClockLine) -> String {
    match clock.due {
        _ if !clock.standing.is_open() => clock.standing.word().to_owned(),
        Some(due) => shown_in(clock, due).in_words(due),
        None => "without delay".to_owned(),
    }
}

/// What is still asked, the most urgent first.
pub fn questions(screen: &Screen, questions: &[Question]) {
    for question in questions.iter().take(QUESTIONS_SHOWN) {
        screen.say(&question.question);
        let settles = question.settles.len();
        let plural = if settles == 1 { "" } else { "s" };
        screen.line(&screen.ink(Ink::Faint, &format!("     {}, bears on {settles} clock{plural}", question.key)));
    }
    if let Some(more) = questions.len().checked_sub(QUESTIONS_SHOWN).filter(|more| *more > 0) {
        screen.line(&screen.ink(Ink::Faint, &format!("   and {more} more")));
    }
}

/// One letter as its recipient sees it: the headers that matter and the first lines.
pub fn letter(screen: &Screen, mail: &Mail, lines: usize) {
    let header = |name| mail.header(name).unwrap_or_default();
    let mut shown = vec![format!("From:    {}", header("From")), format!("To:      {}", header("To"))];
    let mut lead = "Subject: ";
    for line in wrapped(&mail.subject, COLUMNS - 5 - lead.len()) {
        shown.push(format!("{lead}{line}"));
        lead = "         ";
    }
    shown.push(String::new());
    let body = mail.text.as_deref().unwrap_or_default();
    // A link that acknowledges is long, and no line of it is of use on paper.
    shown.extend(body.lines().take(lines).map(|line| cut(line, COLUMNS - 5)));
    screen.quote(shown.iter().map(|line| line.trim_end()));
}

/// The clock that ends first among those that are law.
pub fn most_urgent(card: &Card) -> Option<&ClockLine> {
    card.clocks.iter().find(|clock| clock.standing.is_open() && clock.due.is_some() && clock.mode != Mode::Shadow)
}
