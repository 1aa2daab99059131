//! What the demo prints: calm lines of at most 92 columns, colour only where a person looks.

use indicatif::ProgressBar;
use std::io::{self, IsTerminal, Write};
use std::time::Duration as StdDuration;

/// The widest line.
pub const COLUMNS: usize = 92;
const MARGIN: &str = "   ";

/// How a word looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// As it is.
    Plain,
    /// What the eye should land on.
    Strong,
    /// What may be skipped.
    Faint,
    /// As it should be.
    Good,
    /// Open, or soon.
    Warning,
    /// Missing, or wrong.
    Bad,
}

/// Standard output, with or without colour.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    colour: bool,
    /// Whether a person is looking.
    pub live: bool,
}

impl Screen {
    /// Standard output; colour only on a terminal, and not where `NO_COLOR` is set.
    pub fn of_stdout() -> Self {
        let live = io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { colour: live && wanted && able, live }
    }

    /// A word in its ink.
    pub fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            _ if !self.colour => return text.to_owned(),
            Ink::Plain => return text.to_owned(),
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Good => "32",
            Ink::Warning => "33",
            Ink::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A line as it is.
    pub fn line(&self, text: &str) {
        // A reader who went away, such as `head`, does not stop the story.
        let _ = writeln!(io::stdout(), "{}", text.trim_end());
    }

    /// The beginning of a scene.
    pub fn scene(&self, number: usize, title: &str) {
        self.line("");
        self.line(&self.ink(Ink::Strong, &format!("{number:>2} {title}")));
    }

    /// A paragraph.
    pub fn say(&self, text: &str) {
        for line in wrapped(text, COLUMNS - MARGIN.len()) {
            self.line(&format!("{MARGIN}{line}"));
        }
    }

    /// A label of at most twelve letters and its value, which hangs when it is long.
    pub fn pair(&self, label: &str, value: &str, ink: Ink) {
        let mut lead = format!("{label:<12}");
        for line in wrapped(value, COLUMNS - MARGIN.len() - 12) {
            self.line(&format!("{MARGIN}{}{}", self.ink(Ink::Faint, &lead), self.ink(ink, &line)));
            lead = " ".repeat(12);
        }
    }

    /// Lines that somebody else wrote, behind a bar.
    pub fn quote<'a>(&self, lines: impl IntoIterator<Item = &'a str>) {
        let bar = self.ink(Ink::Faint, "│");
        for line in lines {
            self.line(&format!("{MARGIN}{bar} {line}"));
        }
    }

    /// A step that was seen.
    pub fn seen(&self, what: &str) {
        self.tick("✓", Ink::Good, what);
    }

    /// A step that was not, and why.
    pub fn missed(&self, why: &str) {
        self.tick("✗", Ink::Bad, why);
    }

    fn tick(&self, mark: &str, ink: Ink, text: &str) {
        let mut lead = self.ink(ink, mark);
        for line in wrapped(text, COLUMNS - MARGIN.len() - 2) {
            self.line(&format!("{MARGIN}{lead} {line}"));
            lead = " ".to_owned();
        }
    }

    /// Something that turns while one waits; it goes when dropped, and is not there where nobody looks.
    pub fn waiting(&self, what: &str) -> Waiting {
        let bar = if self.live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(StdDuration::from_millis(80));
        Waiting(bar)
    }
}

/// See [`Screen::waiting`].
pub struct Waiting(ProgressBar);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The text in lines of at most `width` characters where its words allow; never none.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The text on one line of at most `width` characters, its end marked where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_whole_and_counted_in_characters() {
        assert_eq!(wrapped("über alle Maße lang", 9), ["über alle", "Maße lang"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("über alle Maße", 14), "über alle Maße");
        assert_eq!(cut("über alle Maße", 10), "über alle…");
    }

    #[test]
    fn there_is_no_colour_where_nobody_looks() {
        let screen = Screen { colour: false, live: false };
        assert_eq!(screen.ink(Ink::Bad, "missing"), "missing");
        assert_eq!(Screen { colour: true, live: true }.ink(Ink::Good, "seen"), "\x1b[32mseen\x1b[0m");
    }
}
