//! A draft as one standalone page: no scripts, no outside files, made to be printed.

use super::sheet;
use crate::domain::notices::{AnswerState, Block, Draft, Gap, Inline, Style, Words, blank_mark};
use std::collections::BTreeSet;
use std::fmt::Write;

const CSS: &str = include_str!("notice.css");

/// The working sheet and the notice, as a complete page.
pub fn html(draft: &Draft) -> String {
    let mut body = String::new();
    let mut banner = format!("<strong>{}</strong>", escaped(sheet::BANNER));
    if let Some(rehearsal) = sheet::rehearsal(draft) {
        let _ = write!(banner, " <span class=\"rehearsal\">{}</span>", escaped(&rehearsal));
    }
    let _ = writeln!(body, "<p class=\"banner\" role=\"note\">{banner}</p>");
    body.push_str(&working_sheet(draft));
    let _ = writeln!(body, "<main class=\"notice\" id=\"notice\">\n{}</main>", Setter::new(2).blocks(&draft.blocks));
    page(draft, &format!("DRAFT: {}", draft.meta.title), sheet::BANNER, &body)
}

/// The notice alone, as a complete page; the caller has seen that it was approved. A rehearsal stays marked as one.
pub fn html_letter(draft: &Draft) -> String {
    let banner =
        sheet::rehearsal(draft).map(|rehearsal| format!("<p class=\"banner\" role=\"note\">{}</p>\n", escaped(&rehearsal)));
    let notice = Setter::new(1).blocks(&draft.blocks);
    let head = if banner.is_some() { "Rehearsal" } else { "" };
    page(draft, &draft.meta.title, head, &format!("{}<main class=\"notice\">\n{notice}</main>\n", banner.unwrap_or_default()))
}

/// `head` is printed at the top of each sheet of paper; it is a constant, never data: it stands in the style sheet.
fn page(draft: &Draft, title: &str, head: &'static str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{CSS}@page {{ @top-right {{ content: \"{head}\"; color: #7a1f12; font: 700 9pt Arial, sans-serif; }} }}\n</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(&draft.meta.lang),
        escaped(title),
    )
}

fn working_sheet(draft: &Draft) -> String {
    let mut out = String::from("<header class=\"sheet\">\n");
    let _ = writeln!(out, "<p class=\"aside\">{}</p>", escaped(sheet::NOT_THE_NOTICE));
    let _ = writeln!(out, "<h1>{}</h1>\n<dl class=\"particulars\">", escaped(&draft.meta.title));
    for (label, value) in sheet::particulars(draft) {
        let _ = writeln!(out, "<div><dt>{label}</dt><dd>{}</dd></div>", escaped(value));
    }
    out.push_str("</dl>\n");
    out.push_str(&missing(draft));
    if draft.estimates().next().is_some() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>", escaped(sheet::ESTIMATES_TITLE));
        for (_, gap) in draft.estimates() {
            let _ = writeln!(out, "<li>{}</li>", gap_line(gap, None));
        }
        out.push_str("</ul>\n");
    }
    out.push_str(&elements(draft));
    if !draft.meta.derivation.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ol>", escaped(sheet::DERIVATION_TITLE));
        for step in &draft.meta.derivation {
            let _ = writeln!(out, "<li>{}</li>", escaped(step));
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</header>\n");
    out
}

fn missing(draft: &Draft) -> String {
    let mut out = format!("<h2>{}</h2>\n", escaped(sheet::MISSING_TITLE));
    if draft.is_complete() {
        let _ = writeln!(out, "<p>{}</p>", escaped(sheet::NOTHING_MISSING));
        return out;
    }
    out.push_str("<ol class=\"missing\">\n");
    for (number, gap) in draft.holes() {
        let _ = writeln!(out, "<li value=\"{number}\">{}</li>", gap_line(gap, Some(number)));
    }
    let _ = writeln!(out, "</ol>\n<p class=\"aside\">{}</p>", escaped(sheet::MISSING_ADVICE));
    out
}

fn gap_line(gap: &Gap, number: Option<usize>) -> String {
    let says = escaped(&gap.says);
    let linked = number.map_or(says.clone(), |number| format!("<a href=\"#gap-{number}\">{says}</a>"));
    let how: String = gap.how.iter().map(|how| format!("<br><code>{}</code>", escaped(how))).collect();
    format!("{linked} <span class=\"note\">({})</span>{how}", escaped(&sheet::gap_note(gap)))
}

fn elements(draft: &Draft) -> String {
    if draft.elements.is_empty() {
        return String::new();
    }
    let mut out = format!("<h2>{}</h2>\n<table>\n<thead><tr>", escaped(sheet::ELEMENTS_TITLE));
    for head in ["Element", "Source", "Need", "State"] {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for element in &draft.elements {
        let class = if element.state == AnswerState::Hole { " class=\"open\"" } else { "" };
        let cells = [element.says.as_str(), &element.cite, element.need.in_words(), sheet::state(element.state)];
        let _ = write!(out, "<tr{class}>");
        for cell in cells {
            let _ = write!(out, "<td>{}</td>", escaped(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    out
}

/// Sets blocks; remembers which gaps have their anchor and how deep the headings are.
struct Setter {
    top_level: u8,
    last_level: u8,
    anchored: BTreeSet<usize>,
}

impl Setter {
    fn new(top_level: u8) -> Self {
        Self { top_level, last_level: top_level - 1, anchored: BTreeSet::new() }
    }

    fn blocks(&mut self, blocks: &[Block]) -> String {
        let mut out = String::new();
        for (at, block) in blocks.iter().enumerate() {
            match block {
                Block::Heading { level, words } => {
                    // A level is never skipped on the way down, whatever the template did.
                    let level = (level + self.top_level - 1).min(self.last_level + 1).min(6);
                    self.last_level = level;
                    let _ = writeln!(out, "<h{level}>{}</h{level}>", self.words(words));
                }
                Block::Paragraph(words) => {
                    let _ = writeln!(out, "<p>{}</p>", self.words(words));
                }
                Block::List { ordered, items } => {
                    let tag = if *ordered { "ol" } else { "ul" };
                    let _ = writeln!(out, "<{tag}>");
                    for item in items {
                        let _ = writeln!(out, "<li>{}</li>", self.item(item));
                    }
                    let _ = writeln!(out, "</{tag}>");
                }
                Block::Table { head, rows } => out.push_str(&self.table(head, rows)),
                Block::Field { label, value } => {
                    let is_field = |at: usize| matches!(blocks.get(at), Some(Block::Field { .. }));
                    if at == 0 || !is_field(at - 1) {
                        out.push_str("<dl>\n");
                    }
                    let _ = writeln!(out, "<dt>{}</dt>\n<dd>{}</dd>", self.words(label), self.words(value));
                    if !is_field(at + 1) {
                        out.push_str("</dl>\n");
                    }
                }
                Block::Rule => out.push_str("<hr>\n"),
            }
        }
        out
    }

    /// An item of one paragraph is set tight.
    fn item(&mut self, item: &[Block]) -> String {
        match item.split_first() {
            Some((Block::Paragraph(words), rest)) => format!("{}{}", self.words(words), self.blocks(rest)),
            _ => self.blocks(item),
        }
    }

    fn table(&mut self, head: &[Words], rows: &[Vec<Words>]) -> String {
        let mut out = String::from("<table>\n<thead><tr>");
        for cell in head {
            let _ = write!(out, "<th scope=\"col\">{}</th>", self.words(cell));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            out.push_str("<tr>");
            for cell in row {
                let _ = write!(out, "<td>{}</td>", self.words(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        out
    }

    fn words(&mut self, words: &[Inline]) -> String {
        words.iter().map(|inline| self.inline(inline)).collect()
    }

    fn inline(&mut self, inline: &Inline) -> String {
        match inline {
            Inline::Run { words, style: Style::Plain, .. } => escaped(words),
            Inline::Run { words, style: Style::Strong, .. } => format!("<strong>{}</strong>", escaped(words)),
            Inline::Run { words, style: Style::Emphasis, .. } => format!("<em>{}</em>", escaped(words)),
            Inline::Break => "<br>".into(),
            Inline::Gap { number, mark } => {
                let anchor = if self.anchored.insert(*number) { format!(" id=\"gap-{number}\"") } else { String::new() };
                format!("<mark class=\"gap\"{anchor}>{}</mark>", escaped(mark))
            }
            Inline::Blank(words) => format!("<span class=\"blank\">{}</span>", escaped(&blank_mark(words))),
        }
    }
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
