//! Tables in the manner of amtool: a heading, columns, no lines.

use comfy_table::{ContentArrangement, Table, presets};
use std::io::{IsTerminal, stdout};

/// A table as text. On a terminal cells are wrapped to its width; elsewhere a row is a line.
pub fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    indented(0, heading, rows)
}

/// The same, moved in by some columns.
pub fn indented(columns: u16, heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(heading);
    match terminal_width() {
        Some(width) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_sub(columns).max(40));
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let margin = " ".repeat(usize::from(columns));
    table.lines().map(|line| format!("{margin}{}\n", line.trim_end())).collect()
}

fn terminal_width() -> Option<u16> {
    stdout().is_terminal().then(|| rustix::termios::tcgetwinsize(stdout()).ok().map(|size| size.ws_col)).flatten()
}
