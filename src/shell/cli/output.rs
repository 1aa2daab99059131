//! Standard output: data and nothing else, as text for people or JSON for scripts.

use clap::ValueEnum;
use serde::Serialize;
use std::io::{self, Write};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For scripts: one JSON document.
    Json,
}

/// Writes text. What a terminal would obey rather than show is replaced: titles come from strangers.
pub fn print_text(text: &str) -> io::Result<()> {
    let mut safe = harmless_text(text);
    if !safe.is_empty() && !safe.ends_with('\n') {
        safe.push('\n');
    }
    print_bytes(safe.as_bytes())
}

/// Writes a value as JSON.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print_bytes(text.as_bytes())
}

/// Writes bytes as they are.
pub fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // A reader such as `head` that has seen enough is no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// The text without what a terminal would obey rather than show.
pub fn harmless_text(text: &str) -> String {
    text.replace("\r\n", "\n").chars().map(harmless).collect()
}

/// Control characters and those that turn the direction of writing around become a visible mark.
fn harmless(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if (c.is_control() && !matches!(c, '\n' | '\t')) || turns { char::REPLACEMENT_CHARACTER } else { c }
}

/// The text in one line, for titles and cells.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1 clock`, `2 clocks`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_mark() {
        let shown: String = "a\u{1b}[2Jb\rc\u{202e}d\ne".chars().map(harmless).collect();
        assert_eq!(shown, "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\ne");
    }
}
