//! Reads a received message back into what a person would see. The only user of mail-parser.

use mail_parser::MessageParser;

/// A message, decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// The subject, its encoded words decoded.
    pub subject: String,
    /// The headers in order, unfolded, values as they came otherwise.
    pub headers: Vec<(String, String)>,
    /// The plain text part, transfer encoding and character set undone.
    pub text: Option<String>,
    /// The HTML part, likewise.
    pub html: Option<String>,
}

impl Mail {
    /// The first header of that name; case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads a message as it went over the wire; `None` when it has no headers at all.
pub fn read_mail(raw: &[u8]) -> Option<Mail> {
    let message = MessageParser::default().parse(raw)?;
    let part = |index: Option<&u32>| {
        let part = message.parts.get(usize::try_from(*index?).ok()?)?;
        part.text_contents().map(|text| text.replace("\r\n", "\n"))
    };
    Some(Mail {
        subject: message.subject().unwrap_or_default().to_owned(),
        headers: message.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value))).collect(),
        text: part(message.text_body.first()),
        html: part(message.html_body.first()),
    })
}

fn unfolded(value: &str) -> String {
    value.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_subjects_folded_headers_and_both_parts_are_read() {
        let raw = b"Subject: =?utf-8?b?Rm9ydHkgbWludXRlcyDigJMgbGVmdA==?=\r\nList-Id: Watchbell alerts\r\n <a.example>\r\n\
            MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nD=C3=BCe\r\nsoon\r\n\
            --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+RMO8ZTwvYj4=\r\n--b--\r\n";
        let mail = read_mail(raw).expect("a message");
        assert_eq!(mail.subject, "Forty minutes \u{2013} left");
        assert_eq!(mail.header("list-id"), Some("Watchbell alerts <a.example>"));
        assert_eq!(mail.text.as_deref().map(str::trim_end), Some("D\u{fc}e\nsoon"));
        assert_eq!(mail.html.as_deref(), Some("<b>D\u{fc}e</b>"));
    }
}
