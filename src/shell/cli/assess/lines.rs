//! Input cut into lines, one at a time, none of them without bound.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line taken, in bytes.
const LINE_MAX: usize = 4 << 20;

/// What comes next.
pub enum Line<'l> {
    /// A line, by its number from 1, without its end.
    Text(u64, &'l str),
    /// A line that is no text, or too long, and why.
    Unreadable(u64, &'static str),
    /// Nothing.
    End,
}

/// Lines of an input.
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    read_bytes: u64,
}

impl<R: Read> Lines<R> {
    pub fn of(input: BufReader<R>) -> Self {
        Self { input, line: Vec::new(), number: 0, read_bytes: 0 }
    }

    /// Whether the next line may have to be waited for.
    pub fn would_wait(&self) -> bool {
        !self.input.buffer().contains(&b'\n')
    }

    /// How many bytes were read so far.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The next line.
    pub fn next(&mut self) -> io::Result<Line<'_>> {
        self.line.clear();
        self.number += 1;
        let limit = LINE_MAX as u64 + 1;
        let got = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        self.read_bytes += got as u64;
        if got == 0 {
            return Ok(Line::End);
        }
        if self.line.len() > LINE_MAX && self.line.last() != Some(&b'\n') {
            self.skip_rest()?;
            return Ok(Line::Unreadable(self.number, "longer than 4 MiB; write one incident a line"));
        }
        match std::str::from_utf8(&self.line) {
            Ok(text) => Ok(Line::Text(self.number, text.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}'))),
            Err(_) => Ok(Line::Unreadable(self.number, "not UTF-8; save the file as UTF-8")),
        }
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(used);
            self.read_bytes += used as u64;
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<String> {
        let mut lines = Lines::of(BufReader::with_capacity(16, input));
        let mut all = Vec::new();
        loop {
            match lines.next().expect("memory does not fail") {
                Line::End => return all,
                Line::Text(number, text) => all.push(format!("{number} {text}")),
                Line::Unreadable(number, why) => all.push(format!("{number} ! {why}")),
            }
        }
    }

    #[test]
    fn lines_end_in_either_way_and_the_last_need_not() {
        assert_eq!(all("\u{feff}a\r\nb\n\nc".as_bytes()), ["1 a", "2 b", "3 ", "4 c"]);
    }

    #[test]
    fn a_line_that_is_no_text_or_too_long_does_not_spoil_the_next() {
        let mut input = b"\xff\xfe\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', LINE_MAX + 5));
        input.extend(b"\nafter\n");
        let told = all(&input);
        assert_eq!(told.len(), 3);
        assert!(told[0].starts_with("1 ! not UTF-8"), "{}", told[0]);
        assert!(told[1].starts_with("2 ! longer than 4 MiB"), "{}", told[1]);
        assert_eq!(told[2], "3 after");
    }
}
