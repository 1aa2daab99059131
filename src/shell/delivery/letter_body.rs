//! A letter as text and as HTML: the same words in the same order. The HTML has inline styles only
//! (mail programs drop the rest), loads nothing, and everything in it is escaped.

use super::letter::{Letter, Urgency, one_line};
use crate::domain::instant::{Duration, Zone, length_in_words};
use std::fmt::Write;

const WIDTH: usize = 76;
const DRILL: &str = "DRILL. This is an exercise. No real incident lies behind it.";
const NO_ADVICE: &str = "Watchbell counts and reminds. It gives no legal advice; have counsel confirm what is owed.";
const KEEPS_RUNNING: &str = "Acknowledging says that you own it. The clock keeps running.";

/// The letter as plain text, at most 76 columns where words allow, lines ending in `\n`.
pub fn text_body(letter: &Letter) -> String {
    let mut text = String::new();
    if letter.drill {
        paragraph(&mut text, DRILL);
    }
    paragraph(&mut text, &format!("{}: {}", tone(letter.urgency).word, one_line(&letter.heading)));
    paragraph(&mut text, &format!("What is asked of you: {}", one_line(&letter.asked)));
    // Never wrapped: a command broken over two lines cannot be copied, nor a link clicked.
    if let Some(link) = &letter.link {
        let _ = writeln!(text, "{}:\n  {}", letter.link_says(), one_line(link));
    }
    for (purpose, command) in &letter.commands {
        let _ = writeln!(text, "{}:\n  {}", one_line(purpose), one_line(command));
    }
    if !letter.commands.is_empty() || letter.link.is_some() {
        text.push('\n');
    }
    let label_width = letter.lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0).min(24);
    for (label, value) in &letter.lines {
        let label = one_line(label);
        let mut lead = format!("{label:<label_width$}  ");
        for line in wrapped(&one_line(value), WIDTH.saturating_sub(label_width + 2)) {
            let _ = writeln!(text, "{}", format!("{lead}{line}").trim_end());
            lead = " ".repeat(label_width + 2);
        }
    }
    text.push_str("\n-- \n");
    for line in colophon(letter) {
        for line in wrapped(&line, WIDTH) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// The letter as a complete HTML page for a mail program, readable on a telephone.
pub fn html_body(letter: &Letter) -> String {
    let tone = tone(letter.urgency);
    let colour = tone.colour;
    let mut html = String::with_capacity(6 * 1024);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{}</title></head>\n\
         <body style=\"margin:0;padding:0;background:#eef1f4;-webkit-text-size-adjust:100%\">\n\
         <div style=\"display:none;max-height:0;overflow:hidden\">{}</div>\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"background:#eef1f4\"><tr>\
         <td align=\"center\" style=\"padding:20px 10px\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"max-width:600px;background:#ffffff;\
         border:1px solid #d5dbe1;border-radius:8px;border-collapse:separate;overflow:hidden;{FONT}\">\n",
        escaped(&letter.subject),
        escaped(&letter.asked),
    );
    if letter.drill {
        let _ = writeln!(
            html,
            "<tr><td style=\"padding:12px 24px;background:#ede7f6;color:#4527a0;font-size:14px;line-height:20px;font-weight:600\">{DRILL}</td></tr>"
        );
    }
    let _ = write!(
        html,
        "<tr><td style=\"border-top:5px solid {colour};padding:22px 24px 6px\">\
         <p style=\"margin:0 0 8px;color:{colour};font-size:12px;line-height:16px;font-weight:700;letter-spacing:.08em;text-transform:uppercase\">{}</p>\
         <h1 style=\"margin:0;font-size:21px;line-height:29px;font-weight:650;color:#17212b\">{}</h1></td></tr>\n\
         <tr><td style=\"padding:14px 24px 6px\">\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td style=\"padding:14px 16px;background:{};border-left:3px solid {colour};border-radius:4px\">\
         <p style=\"margin:0 0 4px;font-size:13px;line-height:18px;font-weight:600;color:#4a5763\">What is asked of you</p>\
         <p style=\"margin:0;font-size:16px;line-height:24px;color:#17212b\">{}</p></td></tr></table>\n",
        tone.word,
        escaped(&letter.heading),
        tone.tint,
        escaped(&letter.asked),
    );
    if let Some(link) = letter.link.as_deref().filter(|link| is_web_link(link)) {
        let _ = write!(
            html,
            "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:16px 0 2px\"><tr><td style=\"background:{colour};border-radius:6px\">\
             <a href=\"{link}\" style=\"display:inline-block;padding:12px 22px;color:#ffffff;font-size:16px;line-height:20px;font-weight:600;text-decoration:none\">{says}</a></td></tr></table>\n\
             <p style=\"margin:6px 0 0;font-size:12px;line-height:18px;color:#5b6874\">It opens a page with a button. Opening it changes nothing.</p>",
            link = escaped(link),
            says = letter.link_says(),
        );
    }
    for (purpose, command) in &letter.commands {
        let _ = writeln!(
            html,
            "<p style=\"margin:14px 0 4px;font-size:13px;line-height:18px;font-weight:600;color:#4a5763\">{}</p>\
             <p style=\"margin:0;padding:8px 10px;background:#f3f5f7;border-radius:4px;font-size:13px;line-height:19px;color:#17212b;{MONO};word-break:break-word\">{}</p>",
            escaped(purpose),
            escaped(command),
        );
    }
    html.push_str(
        "</td></tr>\n<tr><td style=\"padding:14px 24px 8px\"><table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse\">\n",
    );
    for (label, value) in &letter.lines {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\" align=\"left\" valign=\"top\" style=\"width:30%;padding:9px 14px 9px 0;border-top:1px solid #e6eaee;font-size:13px;line-height:21px;font-weight:600;color:#4a5763\">{}</th>\
             <td valign=\"top\" style=\"padding:9px 0;border-top:1px solid #e6eaee;font-size:15px;line-height:21px;color:#17212b;word-break:break-word\">{}</td></tr>",
            escaped(label),
            escaped(value),
        );
    }
    html.push_str(
        "</table></td></tr>\n<tr><td style=\"padding:12px 24px 20px;border-top:1px solid #e6eaee;background:#f8f9fa\">",
    );
    for line in colophon(letter) {
        let _ = write!(html, "<p style=\"margin:4px 0;font-size:12px;line-height:18px;color:#5b6874\">{}</p>", escaped(&line));
    }
    html.push_str("</td></tr>\n</table></td></tr></table>\n</body></html>\n");
    html
}

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const MONO: &str = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace";

pub(super) struct Tone {
    pub word: &'static str,
    colour: &'static str,
    tint: &'static str,
}

/// White on each colour, and each colour on white, has a contrast above 4.5 to 1.
pub(super) fn tone(urgency: Urgency) -> Tone {
    let (word, colour, tint) = match urgency {
        Urgency::Info => ("For information", "#2f5d8a", "#f0f5fa"),
        Urgency::Warning => ("Needs you today", "#8a5a00", "#fdf6e7"),
        Urgency::Critical => ("Needs you now", "#b3261e", "#fdf1f0"),
        Urgency::Overdue => ("Overdue", "#6d1410", "#fbeeed"),
    };
    Tone { word, colour, tint }
}

pub(super) fn colophon(letter: &Letter) -> Vec<String> {
    let mut rung = format!("Rung by Watchbell on {}", Zone::UTC.in_words(letter.rung_at));
    if letter.late_by_s > 0 {
        let late = Duration::seconds(i64::try_from(letter.late_by_s).unwrap_or(i64::MAX / 1000));
        let _ = write!(rung, ", {} later than planned", length_in_words(late));
    }
    rung.push('.');
    vec![
        KEEPS_RUNNING.to_owned(),
        rung,
        format!(
            "Incident {}, alert {}. A second copy carries the same alert id.",
            one_line(letter.incident.as_str()),
            one_line(letter.id.as_str())
        ),
        NO_ADVICE.to_owned(),
    ]
}

fn paragraph(text: &mut String, words: &str) {
    for line in wrapped(words, WIDTH) {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
}

fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is always a last line");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

/// Anything else (`javascript:` above all) is shown as text in the plain part and not at all as a button.
pub(super) fn is_web_link(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::letter::Act;
    use super::*;
    use crate::domain::ids::{AlertId, IncidentId};
    use crate::domain::instant::parse_rfc3339;

    fn letter() -> Letter {
        Letter {
            id: AlertId::new("al-1"),
            drill: false,
            act: Act::Ring,
            clocks: vec![],
            incident: IncidentId::new("inc-1"),
            thread: "inc-1".into(),
            subject: "subject".into(),
            heading: "9 h 12 min left to tell the authority".into(),
            lines: vec![("Due".into(), "Fri 27 Mar 17:00 Europe/Dublin".into()), ("Duty".into(), "GDPR Art. 33(1) ".repeat(12))],
            asked: "Say that you own this clock.".into(),
            commands: vec![("To take it".into(), format!("watchbell clock ack {}", "long-".repeat(20)))],
            link: Some("https://watchbell.example/clocks/1?a=1&b=2".into()),
            facts: serde_json::Value::Null,
            urgency: Urgency::Critical,
            rung_at: parse_rfc3339("2026-03-27T07:48:00Z").expect("an instant"),
            late_by_s: 0,
        }
    }

    #[test]
    fn the_text_says_what_is_asked_before_the_details_and_fits_a_terminal() {
        let text = text_body(&letter());
        let place = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle} in:\n{text}"));
        assert!(place("9 h 12 min left") < place("Say that you own"));
        assert!(place("Say that you own") < place("https://watchbell.example/clocks/1?a=1&b=2"));
        assert!(place("https://") < place("Due   Fri 27 Mar 17:00 Europe/Dublin"));
        let command = format!("  watchbell clock ack {}", "long-".repeat(20));
        assert!(text.lines().any(|line| line == command), "whole, to be copied:\n{text}");
        assert!(text.lines().filter(|line| *line != command).all(|line| line.chars().count() <= 76), "{text}");
    }

    #[test]
    fn nothing_in_a_letter_can_become_markup() {
        let mut letter = letter();
        let nasty = "<script>alert(1)</script>\" onload='x' & co";
        for field in [&mut letter.subject, &mut letter.heading, &mut letter.asked] {
            *field = nasty.into();
        }
        letter.lines = vec![(nasty.into(), nasty.into())];
        letter.commands = vec![(nasty.into(), nasty.into())];
        letter.link = Some(format!("https://x/{nasty}"));
        letter.incident = IncidentId::new(nasty);
        let html = html_body(&letter);
        assert!(!html.contains("<script") && !html.contains("onload='") && !html.contains("\" onload"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 10);
    }

    #[test]
    fn only_web_links_become_buttons() {
        let mut letter = letter();
        assert!(html_body(&letter).contains("href=\"https://watchbell.example/clocks/1?a=1&amp;b=2\""));
        letter.link = Some("javascript:alert(1)".into());
        assert!(!html_body(&letter).contains("href"));
    }

    #[test]
    fn a_drill_says_so_first_and_only_a_drill_does() {
        let mut letter = letter();
        assert!(!text_body(&letter).contains("DRILL") && !html_body(&letter).contains("DRILL"));
        letter.drill = true;
        assert!(text_body(&letter).starts_with("DRILL."));
        let html = html_body(&letter);
        assert!(html.find("DRILL").is_some_and(|drill| drill < html.find("<h1").unwrap_or(0)), "{html}");
    }

    #[test]
    fn lateness_is_said_when_there_is_any() {
        let mut letter = letter();
        assert!(!text_body(&letter).contains("later than planned"));
        letter.late_by_s = 750;
        assert!(text_body(&letter).contains("12 min later than planned"));
        assert!(html_body(&letter).contains("12 min later than planned"));
    }
}
