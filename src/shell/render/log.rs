//! A timeline as one standalone page: no scripts, no outside files, made to be printed and put into a file.

use super::html::escaped;
use crate::domain::board::ClockLine;
use crate::domain::incident::Standing;
use crate::domain::instant::{Instant, parse_rfc3339, rfc3339};
use crate::domain::timeline::{Entry, Kind, Timeline};
use std::fmt::Write;

const CSS: &str = include_str!("log.css");

/// By what a page can be held against the record.
pub struct Sealed<'a> {
    /// When it was made.
    pub made_at: Instant,
    /// SHA-256 of the last envelope of the incident's chain, in hex.
    pub head_sha256: &'a str,
}

/// The whole timeline as a complete page.
pub fn log_html(timeline: &Timeline, sealed: &Sealed<'_>) -> String {
    let mut body = String::new();
    head(timeline, sealed, &mut body);
    body.push_str("<main>\n");
    clocks(timeline, &mut body);
    filings(timeline, &mut body);
    not_owed(timeline, &mut body);
    facts(timeline, &mut body);
    entries(timeline, &mut body);
    body.push_str("</main>\n");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}: {}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(timeline.incident.as_str()),
        escaped(&timeline.title),
    )
}

fn head(timeline: &Timeline, sealed: &Sealed<'_>, out: &mut String) {
    let zone = timeline.zone;
    let concerns: Vec<String> = timeline.organisations.iter().map(|(id, name)| format!("{name} ({id})")).collect();
    let _ = writeln!(out, "<header>\n<p class=\"aside\">Record of an incident</p>\n<h1>{}</h1>", escaped(&timeline.title));
    let particulars = [
        ("Incident", timeline.incident.to_string()),
        ("Opened", format!("{}, by a report of {}", zone.in_words(timeline.opened_at), timeline.source)),
        ("Severity", format!("{}, in the sender's word", timeline.severity)),
        ("Concerns", concerns.join(", ")),
        ("On record", format!("{} decisions, the last {}", timeline.decisions, zone.in_words(timeline.last_at))),
        ("Chain ends", sealed.head_sha256.to_owned()),
        ("Printed", rfc3339(sealed.made_at)),
    ];
    out.push_str("<dl>\n");
    for (label, value) in particulars {
        let _ = writeln!(out, "<div><dt>{label}</dt><dd>{}</dd></div>", escaped(&value));
    }
    let _ = writeln!(
        out,
        "</dl>\n<p class=\"aside\">Times are those of {}, each with its offset. The record is chained: <code>watchbell journal verify \
         -o json</code> on a copy of the store gives the same end of chain for this incident. Messages are not printed; their \
         SHA-256 are. This page is no legal advice.</p>\n</header>",
        escaped(zone.name())
    );
}

fn clocks(timeline: &Timeline, out: &mut String) {
    out.push_str("<h2>Where the clocks stand</h2>\n");
    let rows = timeline.clocks.iter().map(|clock| {
        let open = clock.standing.is_open();
        let cells = [what(clock), due(clock), standing(clock).to_owned()];
        (
            if clock.standing == Standing::Missed {
                "late"
            } else if open {
                "open"
            } else {
                ""
            },
            cells.to_vec(),
        )
    });
    table(&["What", "Limit", "Standing"], rows, "No clock was ever set.", out);
}

fn filings(timeline: &Timeline, out: &mut String) {
    out.push_str("<h2>What was filed</h2>\n");
    let rows = timeline.filings.iter().map(|filing| {
        let evidence = &filing.evidence;
        let reference = evidence.reference.clone().unwrap_or_else(|| "none on record".into());
        let by = if evidence.by.is_empty() { "the facts themselves".to_owned() } else { evidence.by.clone() };
        ("", vec![filing.duty.clone(), evidence.what.clone(), timeline.zone.in_words(evidence.filed_at), reference, by])
    });
    table(&["Duty", "What", "Filed", "Reference", "Recorded by"], rows, "Nothing is on record as filed.", out);
}

fn not_owed(timeline: &Timeline, out: &mut String) {
    out.push_str("<h2>What is not owed, and on which ground</h2>\n");
    let rows = timeline.not_owed.iter().map(|found| {
        let by = if found.by.is_empty() { "nobody by name".to_owned() } else { found.by.join(", ") };
        let duty = format!("{} by {}", found.duty, found.organisation);
        ("", vec![duty, format!("{} ({})", found.ground, found.cite), by, timeline.zone.in_words(found.at)])
    });
    table(&["Duty", "Ground", "Said by", "Recorded"], rows, "No duty was found not to be owed.", out);
}

fn facts(timeline: &Timeline, out: &mut String) {
    out.push_str("<h2>What stands of the facts</h2>\n");
    let rows = timeline.facts.iter().map(|fact| {
        let disputed = fact.standing == "disputed";
        let moment = fact.value.as_ref().and_then(|value| value.as_str()).and_then(parse_rfc3339);
        let words = match moment {
            _ if disputed => format!("DISPUTED: {}", fact.words),
            Some(at) => timeline.zone.in_words(at),
            None => fact.words.clone(),
        };
        let at = fact.at.map(|at| timeline.zone.in_words(at)).unwrap_or_default();
        (if disputed { "open" } else { "" }, vec![fact.key.clone(), words, fact.by.clone().unwrap_or_default(), at])
    });
    table(&["Fact", "Value", "Said by", "Said"], rows, "Nobody has said a fact.", out);
}

fn table<'a>(heading: &[&str], rows: impl Iterator<Item = (&'a str, Vec<String>)>, none: &str, out: &mut String) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        let _ = writeln!(out, "<p>{none}</p>");
        return;
    }
    out.push_str("<table>\n<thead><tr>");
    heading.iter().for_each(|cell| _ = write!(out, "<th scope=\"col\">{cell}</th>"));
    out.push_str("</tr></thead>\n<tbody>\n");
    for (class, cells) in rows {
        let _ = write!(out, "<tr{}>", if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") });
        cells.iter().for_each(|cell| _ = write!(out, "<td>{}</td>", escaped(cell)));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

/// The entries, day by day.
fn entries(timeline: &Timeline, out: &mut String) {
    let zone = timeline.zone;
    out.push_str("<h2 class=\"log\">What happened, in order</h2>\n");
    let mut day = String::new();
    for entry in &timeline.entries {
        let today = zone.day_in_words(entry.at);
        if today != day {
            let _ = writeln!(out, "<h3>{}</h3>", escaped(&today));
            day = today;
        }
        self::entry(entry, &zone.time_in_words(entry.at), out);
    }
}

fn entry(entry: &Entry, time: &str, out: &mut String) {
    let class = match entry.kind {
        Kind::Late => " late",
        Kind::Filed => " filed",
        Kind::Said | Kind::NotOwed | Kind::Hold => " said",
        Kind::Drafted | Kind::Rang | Kind::Told | Kind::Owned => " minor",
        _ => "",
    };
    let number = if entry.decision > 0 { format!("#{}", entry.decision) } else { String::new() };
    let _ = writeln!(
        out,
        "<section class=\"entry{class}\">\n<p class=\"when\">{} <span>{number}</span></p>\n<div>\n<p class=\"what\"><b>{}</b> {}</p>",
        escaped(time),
        entry.kind.word(),
        escaped(&entry.sentence())
    );
    let lines = entry.lines(false);
    if !lines.is_empty() {
        out.push_str("<ul>\n");
        for line in lines {
            let class = if line.starts_with("ground: ") { " class=\"ground\"" } else { "" };
            let _ = writeln!(out, "<li{class}>{}</li>", escaped(&line));
        }
        out.push_str("</ul>\n");
    }
    if !entry.reasons.is_empty() {
        out.push_str("<details><summary>how the law was read</summary>\n<ul>\n");
        entry.reasons.iter().for_each(|reason| _ = writeln!(out, "<li>{}</li>", escaped(reason)));
        out.push_str("</ul>\n</details>\n");
    }
    out.push_str("</div>\n</section>\n");
}

fn what(clock: &ClockLine) -> String {
    let towards = clock.towards.as_ref().map(|towards| format!(", {towards}")).unwrap_or_default();
    format!("{}{towards} ({}), by {}", clock.title, clock.cite, clock.organisation)
}

fn due(clock: &ClockLine) -> String {
    match (clock.due, clock.target) {
        (Some(due), _) => clock.zone.in_words(due),
        (None, Some(target)) => format!("without delay; house target {}", clock.zone.in_words(target)),
        (None, None) => "without delay".to_owned(),
    }
}

fn standing(clock: &ClockLine) -> &'static str {
    match clock.standing {
        Standing::Provisional => "provisional: facts are missing",
        Standing::Running => "owed",
        Standing::Missed => "THE LIMIT PASSED",
        Standing::Met => "met",
        Standing::Void => "nothing owed",
    }
}
