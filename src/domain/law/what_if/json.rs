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
        self.comma();
        self.out.push(b'"');
        escape(self.out, text);
        self.out.push(b'"');
    }

    /// What something shows, as text.
    pub(super) fn shown(&mut self, shown: impl fmt::Display) {
        self.comma();
        self.out.push(b'"');
        // A buffer in memory takes everything.
        let _ = write!(Escaped(self.out), "{shown}");
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

struct Escaped<'o>(&'o mut Vec<u8>);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Nearly every text is plain and copied as a whole.
fn escape(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    // Without a way out of the loop it is done many bytes at a time.
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
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
        assert_eq!(read, serde_json::json!([text, text, { "yes": true, "nothing": null }, []]));
    }
}
