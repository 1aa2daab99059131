//! A draft as plain text of 78 columns, for terminals and mail.

use super::sheet;
use crate::domain::notices::{AnswerState, Block, Draft, Inline, Words, blank_mark};

const COLUMNS: usize = 78;
/// A table column is never narrower than this.
const CELL_MIN_COLUMNS: usize = 8;

/// The working sheet and the notice.
pub fn text(draft: &Draft) -> String {
    let mut page = Page::default();
    page.line(&"=".repeat(COLUMNS));
    page.line(sheet::BANNER);
    if let Some(rehearsal) = sheet::rehearsal(draft) {
        page.paragraph(&rehearsal, "", "");
    }
    page.line(&"=".repeat(COLUMNS));
    page.paragraph(sheet::NOT_THE_NOTICE, "", "");
    page.gap();
    page.heading(1, &draft.meta.title);
    for (label, value) in sheet::particulars(draft) {
        page.paragraph(value, &format!("{label:<10}"), &" ".repeat(10));
    }
    working_lists(draft, &mut page);
    page.gap();
    page.line(&"=".repeat(COLUMNS));
    page.gap();
    page.blocks(&draft.blocks, 0);
    page.finish()
}

/// The notice alone, without the working sheet; the caller has seen that it was approved.
/// A rehearsal stays marked as one.
pub fn text_letter(draft: &Draft) -> String {
    let mut page = Page::default();
    if let Some(rehearsal) = sheet::rehearsal(draft) {
        page.paragraph(&rehearsal, "", "");
        page.gap();
    }
    page.blocks(&draft.blocks, 0);
    page.finish()
}

fn working_lists(draft: &Draft, page: &mut Page) {
    page.heading(2, sheet::MISSING_TITLE);
    if draft.is_complete() {
        page.paragraph(sheet::NOTHING_MISSING, "", "");
    } else {
        for (number, gap) in draft.holes() {
            page.paragraph(&format!("{} ({})", gap.says, sheet::gap_note(gap)), &format!("{number:>3}. "), "     ");
            // A command is one line, to be copied whole.
            gap.how.iter().for_each(|how| page.line(&format!("     {how}")));
        }
        page.gap();
        page.paragraph(sheet::MISSING_ADVICE, "", "");
    }
    if draft.estimates().next().is_some() {
        page.heading(2, sheet::ESTIMATES_TITLE);
        for (number, gap) in draft.estimates() {
            page.paragraph(&format!("{} ({})", gap.says, sheet::gap_note(gap)), &format!("{number:>3}. "), "     ");
            // A command is one line, to be copied whole.
            gap.how.iter().for_each(|how| page.line(&format!("     {how}")));
        }
    }
    page.heading(2, sheet::ELEMENTS_TITLE);
    for element in &draft.elements {
        let words = format!("{} ({}): {}", element.says, element.cite, sheet::state(element.state));
        page.paragraph(&words, if element.state == AnswerState::Hole { "[ ] " } else { "[x] " }, "    ");
    }
    if !draft.meta.derivation.is_empty() {
        page.heading(2, sheet::DERIVATION_TITLE);
        for (at, step) in draft.meta.derivation.iter().enumerate() {
            page.paragraph(step, &format!("{:>3}. ", at + 1), "     ");
        }
    }
}

/// Lines being laid out.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.lines.push(line.trim_end().to_owned());
    }

    /// One empty line, never two.
    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// Words wrapped, with a lead before the first line and one before the others.
    fn paragraph(&mut self, words: &str, first: &str, rest: &str) {
        for line in wrapped(words, first, rest, COLUMNS) {
            self.line(&line);
        }
    }

    fn heading(&mut self, level: u8, words: &str) {
        self.gap();
        let from = self.lines.len();
        self.paragraph(words, "", "");
        let width = self.lines[from..].iter().map(|line| line.chars().count()).max().unwrap_or(0);
        match level {
            1 => self.line(&"=".repeat(width)),
            2 => self.line(&"-".repeat(width)),
            _ => {}
        }
        self.gap();
    }

    fn blocks(&mut self, blocks: &[Block], indent: usize) {
        for (at, block) in blocks.iter().enumerate() {
            let pad = " ".repeat(indent);
            match block {
                Block::Heading { level, words } => self.heading(*level, &flat(words)),
                Block::Paragraph(words) => {
                    self.paragraph(&flat(words), &pad, &pad);
                    self.gap();
                }
                Block::List { ordered, items } => {
                    self.list(*ordered, items, indent);
                    self.gap();
                }
                Block::Table { head, rows } => {
                    self.table(head, rows);
                    self.gap();
                }
                Block::Field { label, value } => {
                    self.paragraph(&format!("{}:", flat(label)), &pad, &pad);
                    let pad = " ".repeat(indent + 4);
                    self.paragraph(&flat(value), &pad, &pad);
                    if !matches!(blocks.get(at + 1), Some(Block::Field { .. })) {
                        self.gap();
                    }
                }
                Block::Rule => {
                    self.gap();
                    self.line(&"-".repeat(COLUMNS));
                    self.gap();
                }
            }
        }
    }

    fn list(&mut self, ordered: bool, items: &[Vec<Block>], indent: usize) {
        let pad = " ".repeat(indent);
        for (at, item) in items.iter().enumerate() {
            let lead = if ordered { format!("{pad}{:>2}. ", at + 1) } else { format!("{pad}  - ") };
            let deeper = lead.chars().count();
            let rest = match item.split_first() {
                Some((Block::Paragraph(words), rest)) => {
                    self.paragraph(&flat(words), &lead, &" ".repeat(deeper));
                    rest
                }
                _ => {
                    self.line(&lead);
                    item
                }
            };
            self.blocks(rest, deeper);
        }
    }

    fn table(&mut self, head: &[Words], rows: &[Vec<Words>]) {
        let cells: Vec<Vec<String>> = std::iter::once(head)
            .chain(rows.iter().map(Vec::as_slice))
            .map(|row| row.iter().map(|cell| flat(cell)).collect())
            .collect();
        let widths = column_widths(&cells);
        for (at, row) in cells.iter().enumerate() {
            let wrapped: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, width)| wrapped(cell, "", "", *width)).collect();
            for line in 0..wrapped.iter().map(Vec::len).max().unwrap_or(0) {
                let parts = wrapped.iter().zip(&widths).map(|(cell, width)| {
                    let words = cell.get(line).map_or("", String::as_str);
                    format!("{words:<width$}")
                });
                self.line(&parts.collect::<Vec<_>>().join("  "));
            }
            if at == 0 {
                let rules = widths.iter().map(|width| "-".repeat(*width));
                self.line(&rules.collect::<Vec<_>>().join("  "));
            }
        }
    }

    fn finish(mut self) -> String {
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

/// The widest cell of each column, the widest columns made narrower until the row fits.
fn column_widths(cells: &[Vec<String>]) -> Vec<usize> {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let widest_line = |cell: &String| cell.split('\n').map(|line| line.chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns)
        .map(|at| cells.iter().filter_map(|row| row.get(at)).map(widest_line).max().unwrap_or(0).max(CELL_MIN_COLUMNS))
        .collect();
    let room = COLUMNS.saturating_sub(2 * columns.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > CELL_MIN_COLUMNS) else { break };
        *widest -= 1;
    }
    widths
}

/// Words in one string; breaks are line ends.
fn flat(words: &[Inline]) -> String {
    let mut text = String::new();
    for inline in words {
        match inline {
            Inline::Run { words, .. } => text.push_str(words),
            Inline::Break => text.push('\n'),
            Inline::Gap { number, mark } => match mark.strip_suffix(']') {
                Some(open) => text.push_str(&format!("{open}, no. {number}]")),
                None => text.push_str(mark),
            },
            Inline::Blank(words) => text.push_str(&blank_mark(words)),
        }
    }
    text
}

/// Words broken at spaces to a width; a word longer than a line is left whole, so that an address can be copied.
fn wrapped(words: &str, first: &str, rest: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for part in words.split('\n') {
        let mut line = if lines.is_empty() { first.to_owned() } else { rest.to_owned() };
        let mut is_fresh = true;
        for word in part.split_whitespace() {
            if !is_fresh && line.chars().count() + 1 + word.chars().count() > columns {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
                is_fresh = true;
            }
            if !is_fresh {
                line.push(' ');
            }
            line.push_str(word);
            is_fresh = false;
        }
        lines.push(line);
    }
    lines
}
