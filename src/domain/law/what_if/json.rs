//! JSON written straight into a buffer: nothing is kept, nothing is copied twice.

use std::fmt::{self, Write};

/// A writer of one JSON value. Who uses it opens and closes what it writes; commas are set here.
pub(super) struct Json<'o> {
    out: &'o mut Vec<u8>,
    /// Whether what comes next stands behind something in the same object or list.
    behind: bool,
}

impl<'o> Json<'o> {
    pub(super) fn to(out: &'o mut Vec<u8>) -> Self {
        Self { out, behind: false }
    }

    /// An object and the members `write` puts into it.
    pub(super) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.within(b'{', b'}', write);
    }

    /// A list and the values `write` puts into it.
    pub(super) fn list(&mut self, write: impl FnOnce(&mut Self)) {
        self.within(b'[', b']', write);
    }

    /// The name of a member; its value comes next. Names are plain.
    pub(super) fn name(&mut self, name: &'static str) -> &mut Self {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.behind = false;
        self
    }

    pub(super) fn text(&mut self, text: &str) {
        self.shown_by(|out| out.extend_from_slice(text.as_bytes()));
    }

    /// What something shows, as text.
    pub(super) fn shown(&mut self, shown: impl fmt::Display) {
        // A buffer in memory takes everything.
        self.shown_by(|out| {
            let _ = write!(Plain(out), "{shown}");
        });
    }

    /// Text as `write` appends it; what must be escaped is so afterwards, for it is rare.
    fn shown_by(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.comma();
        self.out.push(b'"');
        let start = self.out.len();
        write(self.out);
        if !is_plain(&self.out[start..]) {
            escape(self.out, start);
        }
        self.out.push(b'"');
    }

    pub(super) fn truth(&mut self, truth: bool) {
        self.comma();
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
    }

    pub(super) fn null(&mut self) {
        self.comma();
        self.out.extend_from_slice(b"null");
    }

    fn within(&mut self, opening: u8, closing: u8, write: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push(opening);
        self.behind = false;
        write(self);
        self.out.push(closing);
        self.behind = true;
    }

    fn comma(&mut self) {
        if self.behind {
            self.out.push(b',');
        }
        self.behind = true;
    }
}

struct Plain<'o>(&'o mut Vec<u8>);

impl Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Whether no byte has to be escaped: no control character, quotation mark or backslash. Eight bytes are looked at together.
fn is_plain(text: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The high bit of a byte is set where the byte is below `than`, which is at most 128.
    let below = |bytes: u64, than: u8| bytes.wrapping_sub(ONES * u64::from(than)) & !bytes & HIGH;
    let (words, rest) = text.as_chunks::<8>();
    let special = words.iter().map(|word| u64::from_ne_bytes(*word)).fold(0, |special, word| {
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        special | below(word, b' ') | quote | backslash
    });
    special == 0 && rest.iter().all(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\')
}

/// Escapes what stands in the buffer from `start` on.
fn escape(out: &mut Vec<u8>, start: usize) {
    let text = out.split_off(start);
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..b' ' => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_reads_back_as_it_was() {
        let text: String = (0..0x250).filter_map(char::from_u32).chain("\u{2028}\u{1f514}".chars()).collect();
        let mut out = Vec::new();
        Json::to(&mut out).list(|list| {
            list.text(&text);
            list.shown(&text);
            list.object(|object| {
                object.name("yes").truth(true);
                object.name("nothing").null();
            });
            list.list(|_| {});
        });
        let read: serde_json::Value = serde_json::from_slice(&out).expect("what was written is JSON");
        for c in text.chars() {
            // Wherever it stands among plain ones.
            let padded = format!("0123456{c}89012345{c}");
            assert_eq!(is_plain(padded.as_bytes()), !(c < ' ' || c == '"' || c == '\\'), "{c:?}");
        }
        assert_eq!(read, serde_json::json!([text, text, { "yes": true, "nothing": null }, []]));
    }
}
