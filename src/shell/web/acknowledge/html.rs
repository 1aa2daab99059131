//! The page's words and markup: plain, without scripts, without anything loaded from elsewhere.

use super::Opened;
use crate::domain::incident::{Clock, ClockKey, Incident, Standing, WouldBe, subject};
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::Mode;
use crate::shell::courier::{
    OPENING_CLOCK, disputed_in_words, held_in_words, left_in_words, stake_in_words, towards_in_words, upper_first,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");

/// What a browser lets the page do: show this very style, and send its form back to where it came from.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
});

/// A page, whole.
pub(super) struct Page {
    /// The document.
    pub html: String,
}

/// The clocks of a link, how they stand, and the form while one is open. `fault` says why the last try did nothing.
pub(super) fn clocks(opened: &Opened, fault: Option<&str>, now: Instant) -> Page {
    let Opened { incident, alert, until, person, stake } = opened;
    let about = alert.about.iter().filter_map(|about| incident.clocks.get_key_value(&about.clock));
    let mut known: Vec<(&ClockKey, &Clock)> = about.collect();
    // Those that ask for something first, the most urgent before the others.
    known.sort_by_key(|(key, clock)| (!clock.standing.is_open(), clock.law.mode == Mode::Shadow, clock.law.due(), *key));
    let open = known.iter().filter(|(_, clock)| clock.standing.is_open()).count();
    let held = known.iter().filter(|(_, clock)| clock.standing.is_open() && clock.owner().is_some()).count();
    let title = match (open, held) {
        (0, _) if known.len() == 1 => "This clock is closed",
        (0, _) => "These clocks are closed",
        (1, 0) => "A clock is running",
        (1, _) => "Somebody has this clock",
        (_, held) if held == open => "Somebody has these clocks",
        _ => "Clocks are running",
    };
    let mut body = String::new();
    if let Some(fault) = fault {
        let _ = write!(body, "<section role=\"alert\"><p class=\"fault\">{}</p></section>", escaped(fault));
    }
    // Of a list the first that is open speaks for all.
    let mut lists: BTreeMap<ClockKey, Vec<(&ClockKey, &Clock)>> = BTreeMap::new();
    for (key, clock) in &known {
        lists.entry(subject(key, clock)).or_default().push((key, clock));
    }
    let subjects = known.iter().map(|(key, clock)| subject(key, clock));
    for list in subjects.filter_map(|subject| lists.remove(&subject)).collect::<Vec<_>>() {
        let open: Vec<_> = list.iter().filter(|(_, clock)| clock.standing.is_open()).collect();
        let first = open.iter().min_by_key(|(key, clock)| (clock.law.due(), *key)).copied().or(list.first());
        if let Some((key, clock)) = first {
            let stake = stake.as_ref().filter(|_| key.duty.as_str() == OPENING_CLOCK);
            one_clock(&mut body, incident, (key, clock, open.len().max(1) - 1), stake, now);
        }
    }
    if opened.asks() {
        question(&mut body, person.as_deref());
    }
    if open > 0 {
        form(&mut body, open, held, person.as_deref());
    } else {
        body.push_str("<section><p>Nothing is asked of you any more.</p></section>");
    }
    let _ = write!(
        body,
        "<p class=\"note\">Incident {}. This link was sent to {} and works until {}. It can acknowledge and answer whether this may be a \
         breach, and nothing else.</p>",
        escaped(incident.id.as_str()),
        escaped(&alert.queued.to),
        escaped(&Zone::UTC.in_words(*until)),
    );
    page(title, &body)
}

fn one_clock(
    body: &mut String,
    incident: &Incident,
    (key, clock, more): (&ClockKey, &Clock, usize),
    stake: Option<&WouldBe>,
    now: Instant,
) {
    let law = &clock.law;
    let zone = law.deadlines.operational.zone;
    let organisation = incident.opened.organisations.get(&key.organisation).map_or(key.organisation.as_str(), |o| &o.name);
    let title = format!("{}{}", law.title, towards_in_words(key, clock, more));
    body.push_str("<section>");
    if clock.standing.is_open() {
        let left = law.limit().map_or_else(|| "Without delay".to_owned(), |limit| upper_first(&left_in_words(limit, now)));
        let _ = write!(body, "<p class=\"left\">{}</p>", escaped(&left));
    }
    let _ = write!(body, "<h2>{}</h2>", escaped(&title));
    if clock.standing.is_open() {
        let _ = write!(body, "<p class=\"asked\">{}</p>", escaped(&law.asks));
    }
    body.push_str("<dl>");
    let mut line = |label: &str, value: &str| {
        let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(value));
    };
    if let Some(limit) = law.limit() {
        line("Until", &zone.in_words(limit));
    }
    if let Some(stake) = stake {
        line("If it is a breach", &stake_in_words(stake, zone, now));
    }
    line("Owed by", organisation);
    line("Owed to", &law.addressee);
    line("Law", &law.cite);
    if clock.standing.is_open() {
        held_in_words(clock, now).into_iter().for_each(|held| line("Delayed", &held));
        disputed_in_words(incident, clock).into_iter().for_each(|disputed| line("Disputed", &disputed));
    }
    match (clock.owner(), clock.standing) {
        (Some(lease), _) => line("Held by", &format!("{} until {}", lease.by, zone.in_words(clock.shown_until(lease)))),
        (None, standing) if standing.is_open() => line("Held by", "nobody"),
        (None, Standing::Met) => line("Closed", "the duty was met"),
        (None, _) => line("Closed", "nothing is owed"),
    }
    body.push_str("</dl></section>");
}

/// The name of whoever fills in a form.
fn who(person: Option<&str>, id: &str) -> String {
    person.map_or_else(
        || {
            format!(
                "<label for=\"{id}\">Your name, for the record</label>\
                 <input id=\"{id}\" name=\"name\" required maxlength=\"80\" autocomplete=\"name\">"
            )
        },
        |person| format!("<p>On record it is {}, whose address this link was sent to.</p>", escaped(person)),
    )
}

/// The opening question, for whoever knows the answer.
fn question(body: &mut String, person: Option<&str>) {
    let answers = [
        ("yes", "Yes, it may be a breach", "the clocks of the law are set at once"),
        ("no", "No, it is none", "everybody else who was rung is told, and it can be taken back"),
        ("unknown", "Nobody can say yet", "the clock keeps running"),
    ];
    let choices: String = answers
        .iter()
        .map(|(value, words, what)| {
            format!(
                "<label class=\"choice\"><input type=\"radio\" name=\"answer\" value=\"{value}\" required> {words} \
                 <span class=\"note\">({what})</span></label>"
            )
        })
        .collect();
    let _ = write!(
        body,
        "<form method=\"post\"><h2>May this be a breach of personal data?</h2><fieldset><legend class=\"note\">Seen, read, copied, \
         changed, lost or locked, by accident or not</legend>{choices}</fieldset>\
         <label for=\"ground\">On what ground</label>\
         <textarea id=\"ground\" name=\"ground\" required maxlength=\"1000\" rows=\"3\"></textarea>{}\
         <button type=\"submit\">Put it on record</button></form>",
        who(person, "name-of-answer"),
    );
}

fn form(body: &mut String, open: usize, held: usize, person: Option<&str>) {
    let (what, button) = match (open, held) {
        (1, 0) => ("Take it", "I take it"),
        (1, _) => ("Take it over", "I take it over"),
        (_, 0) => ("Take them", "I take them"),
        _ => ("Take them over", "I take them over"),
    };
    let lengths = [("", "the usual time"), ("1h", "1 hour"), ("2h", "2 hours"), ("4h", "4 hours"), ("8h", "8 hours")];
    let options: String = lengths.iter().map(|(value, words)| format!("<option value=\"{value}\">{words}</option>")).collect();
    let who = who(person, "name");
    let _ = write!(
        body,
        "<form method=\"post\"><h2>{what}</h2>{who}\
         <label for=\"lease\">The bell is quiet for</label><select id=\"lease\" name=\"lease\">{options}</select>\
         <button type=\"submit\">{button}</button>\
         <p class=\"note\">Taking it says that you own it. The clock keeps running, and the bell comes back when the time you chose \
         is over, and in any case before the limit.</p></form>",
    );
}

/// After the button, for a browser that follows no redirect.
pub(super) fn taken() -> Page {
    page("It is yours", "<section><p>It is on record. The clock keeps running.</p></section>")
}

/// A link that was good once.
pub(super) fn ended() -> Page {
    page(
        "This link has ended",
        "<section><p>The clock may still be running. Open the newest alert about this incident: its link works. Or, where you have \
         access:</p><p><code>watchbell board</code></p></section>",
    )
}

/// A link that is none of ours.
pub(super) fn unknown() -> Page {
    page(
        "This link opens nothing",
        "<section><p>It may have been cut when it was copied, or be older than this installation. Open it from the alert itself. \
         If it came from there, the clock is still running: tell the privacy team now, or, where you have access:</p>\
         <p><code>watchbell board</code></p></section>",
    )
}

/// Too much at once.
pub(super) fn too_many() -> Page {
    page("Too many at once", "<section><p>Wait a minute and open the link again. Nothing was changed.</p></section>")
}

/// The record does not take it.
pub(super) fn not_recorded() -> Page {
    page(
        "It could not be recorded",
        "<section><p class=\"fault\">You do not hold the clock yet: the bell goes on ringing.</p><p>Try again in a minute, and tell \
         whoever runs Watchbell.</p></section>",
    )
}

fn page(title: &str, body: &str) -> Page {
    let title = escaped(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>{body}</main></body></html>\n"
    );
    Page { html }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}
