//! Words out of payloads, made safe to show and to compare.

use crate::domain::hex::hex;
use sha2::{Digest, Sha256};

const TITLE_MAX_CHARS: usize = 300;
const HINT_MAX_CHARS: usize = 200;
const ID_MAX_BYTES: usize = 512;

/// One line without control characters, and without the marks that turn the direction of writing
/// (they can make a title read as another).
pub(super) fn title(raw: &str) -> String {
    one_line(raw, TITLE_MAX_CHARS)
}

/// One line for a hint.
pub(super) fn hint(raw: &str) -> String {
    one_line(raw, HINT_MAX_CHARS)
}

/// An id as given, unless it is too long or not printable: then its digest stands for it.
pub(super) fn id(raw: &str) -> String {
    let trimmed = raw.trim();
    if trimmed.len() <= ID_MAX_BYTES && !trimmed.chars().any(is_unprintable) {
        trimmed.to_owned()
    } else {
        digest(trimmed.as_bytes())
    }
}

/// SHA-256 in hex, marked as such.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn one_line(raw: &str, max_chars: usize) -> String {
    if is_one_word(raw, max_chars) {
        return raw.to_owned();
    }
    let mut line = String::new();
    let mut length_chars = 0;
    for word in raw.split(|c: char| c.is_whitespace() || is_unprintable(c)).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
            length_chars += 1;
        }
        line.extend(word.chars().take(max_chars + 1));
        length_chars += word.chars().take(max_chars + 1).count();
        if length_chars > max_chars {
            return line.chars().take(max_chars - 1).chain(['…']).collect();
        }
    }
    line
}

/// Most words are plain already.
fn is_one_word(raw: &str, max_chars: usize) -> bool {
    raw.len() <= max_chars && raw.bytes().all(|b| b.is_ascii_graphic())
}

fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_without_control_or_direction_marks() {
        assert_eq!(title("  Exfil\r\nBcc: x\u{202e}gpj.exe \t end\n"), "Exfil Bcc: x gpj.exe end");
        assert_eq!(title("\u{0}\n"), "");
    }

    #[test]
    fn a_long_title_is_cut_to_its_limit_with_a_mark() {
        let long = "ab ".repeat(400);
        let cut = title(&long);
        assert_eq!(cut.chars().count(), TITLE_MAX_CHARS);
        assert!(cut.ends_with('…'), "{cut}");
        assert_eq!(title(&"x".repeat(TITLE_MAX_CHARS)), "x".repeat(TITLE_MAX_CHARS));
    }

    #[test]
    fn two_long_ids_that_differ_at_the_end_stay_different() {
        let (a, b) = ("x".repeat(600) + "a", "x".repeat(600) + "b");
        assert_ne!(id(&a), id(&b));
        assert!(id(&a).starts_with("sha256:"));
        assert_eq!(id(" plain-id "), "plain-id");
    }

    #[test]
    fn the_digest_is_sha_256_in_hex() {
        assert_eq!(digest(b"abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
