//! Tables in the manner of amtool: a heading, columns, no lines.
//!
//! A row is one line where nobody watches. On a terminal long cells are wrapped to its width, but names and
//! times left never are, since people copy them; where that leaves too little room, each row becomes a
//! record of a line per cell.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use std::fmt::Write;
use std::io::{IsTerminal, stdout};

/// Columns that are never broken.
const WHOLE: [&str; 6] = ["LEFT", "NEXT LIMIT", "CLOCK", "INCIDENT", "FACT", "MESSAGE"];
/// What any other column needs to be readable.
const NARROWEST: usize = 16;
const GAP: u16 = 2;

/// A table as text, for whatever standard output is.
pub fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    indented(0, heading, rows)
}

/// The same, moved in by some columns.
pub fn indented(columns: usize, heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let text = laid_out(terminal_width().map(|width| width.saturating_sub(columns)), heading, &rows);
    let margin = " ".repeat(columns);
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{margin}{line}\n") }).collect()
}

fn terminal_width() -> Option<usize> {
    let columns = || rustix::termios::tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col));
    stdout().is_terminal().then(columns).flatten().filter(|columns| *columns > 0)
}

fn laid_out(width: Option<usize>, heading: &[&str], rows: &[Vec<String>]) -> String {
    if width.is_some_and(|width| least_width(heading, rows) > width) {
        return records(heading, rows);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(heading);
    rows.iter().for_each(|row| _ = table.add_row(row));
    match width.and_then(|width| u16::try_from(width).ok()) {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for (column, name) in table.column_iter_mut().zip(heading) {
        column.set_padding((0, GAP));
        if WHOLE.contains(name) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The least width at which no column that must stay whole is broken.
fn least_width(heading: &[&str], rows: &[Vec<String>]) -> usize {
    let natural = |nth: usize| {
        let cells = rows.iter().filter_map(|row| row.get(nth)).map(|cell| cell.chars().count());
        cells.chain([heading[nth].chars().count()]).max().unwrap_or(0)
    };
    let column = |nth: usize| if WHOLE.contains(&heading[nth]) { natural(nth) } else { natural(nth).min(NARROWEST) };
    (0..heading.len()).map(|nth| column(nth) + usize::from(GAP)).sum()
}

/// A line per cell that holds something, and an empty line between rows.
fn records(heading: &[&str], rows: &[Vec<String>]) -> String {
    let names = heading.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (nth, row) in rows.iter().enumerate() {
        if nth > 0 {
            text.push('\n');
        }
        for (name, cell) in heading.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let _ = writeln!(text, "{name:<names$}  {cell}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: [&str; 3] = ["LEFT", "WHAT", "CLOCK"];

    fn rows() -> Vec<Vec<String>> {
        let row = ["9 h 12 min left", "Notify each person affected by it", "inc-1~us.hipaa.individuals~mercy"];
        vec![row.map(str::to_owned).to_vec()]
    }

    #[test]
    fn a_row_is_a_line_where_nobody_watches() {
        let expected = "LEFT             WHAT                               CLOCK\n\
                        9 h 12 min left  Notify each person affected by it  inc-1~us.hipaa.individuals~mercy\n";
        assert_eq!(laid_out(None, &HEADING, &rows()), expected);
    }

    #[test]
    fn on_a_terminal_words_are_wrapped_and_names_are_not() {
        let text = laid_out(Some(72), &HEADING, &rows());
        assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
        assert!(text.contains("inc-1~us.hipaa.individuals~mercy"), "{text}");
        assert!(text.lines().count() > 2, "{text}");
    }

    #[test]
    fn where_a_name_would_be_broken_each_cell_has_its_line() {
        let expected =
            "LEFT   9 h 12 min left\nWHAT   Notify each person affected by it\nCLOCK  inc-1~us.hipaa.individuals~mercy\n";
        assert_eq!(laid_out(Some(60), &HEADING, &rows()), expected);
    }
}
