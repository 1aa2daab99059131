//! A table a person keeps in a file: CSV with a line of column names.

use std::collections::BTreeMap;
use std::path::Path;

/// A line by the names of its columns, in small letters; empty cells are left out.
pub type Row = BTreeMap<String, String>;

/// Reads the lines that say something. A fault names the file and the line.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|fault| format!("`{shown}` cannot be read: {fault}"))?;
    // Spreadsheets put a mark of the encoding first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(names) if names.iter().any(|name| !name.is_empty()) => names.iter().map(str::to_lowercase).collect(),
        Ok(_) => return Err(format!("`{shown}` has no line of column names")),
        Err(fault) => return Err(format!("`{shown}`{}", in_words(&fault))),
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|fault| format!("`{shown}`{}", in_words(&fault)))?;
        let cells = columns.iter().cloned().zip(record.iter().map(str::to_owned));
        let row: Row = cells.filter(|(_, cell)| !cell.is_empty()).collect();
        if !row.is_empty() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// `, line 2: it has 1 of 2 cells`
fn in_words(fault: &csv::Error) -> String {
    let at = fault.position().map(|at| format!(", line {}", at.line())).unwrap_or_default();
    let what = match fault.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("it has {len} of {expected_len} cells"),
        _ => fault.to_string(),
    };
    format!("{at}: {what}")
}
