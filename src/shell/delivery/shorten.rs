//! Texts cut to what a product takes, never in the middle of a character or of an escape.

/// The mark of a cut.
const CUT: char = '…';

/// At most `max_chars` characters; a cut is marked.
pub(super) fn shortened(text: &str, max_chars: usize) -> String {
    escaped_within(text, max_chars, |_| None)
}

/// At most `max_bytes` bytes; a cut is marked.
pub(super) fn shortened_bytes(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.len() + c.len_utf8() + CUT.len_utf8() > max_bytes {
            break;
        }
        kept.push(c);
    }
    kept.push(CUT);
    kept
}

/// The text with some characters written as others, at most `max_chars` characters of the result; a cut is marked.
pub(super) fn escaped_within(text: &str, max_chars: usize, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let length = |c: char| escape(c).map_or(1, str::len);
    let whole: usize = text.chars().map(length).sum();
    let room = if whole <= max_chars { max_chars } else { max_chars.saturating_sub(1) };
    let mut kept = String::with_capacity(text.len());
    let mut used = 0;
    for c in text.chars() {
        used += length(c);
        if used > room {
            break;
        }
        match escape(c) {
            Some(escaped) => kept.push_str(escaped),
            None => kept.push(c),
        }
    }
    if whole > max_chars {
        kept.push(CUT);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_left_alone_and_another_says_that_it_was_cut() {
        assert_eq!((shortened("für", 3), shortened("über", 3)), ("für".into(), "üb…".into()));
        assert_eq!((shortened_bytes("für", 4), shortened_bytes("überall", 6)), ("für".into(), "üb…".into()));
    }

    #[test]
    fn an_escape_is_never_cut_in_two() {
        let escape = |c| (c == '&').then_some("&amp;");
        assert_eq!(escaped_within("a&b", 7, escape), "a&amp;b");
        for max in 1..7 {
            let cut = escaped_within("a&b", max, escape);
            assert!(cut.chars().count() <= max && (cut == "a…" || cut == "…" || cut == "a&amp;…"), "{max}: {cut}");
        }
    }
}
