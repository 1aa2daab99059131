//! The rules in the binary: what secrets are called, and what they look like.
//!
//! Shapes of keys and tokens are those their makers document; card numbers after ISO/IEC 7812 with its
//! check digit; social security numbers without areas, groups and serials that are never assigned.

/// A built-in group of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Passwords, tokens, keys and cookies: by the names of their fields and by their shapes.
    Secrets,
    /// Numbers of payment cards.
    Cards,
    /// US social security numbers.
    UsSsn,
    /// E-mail addresses.
    Email,
}

/// The rule that goes by what secrets are called.
pub const SECRET_NAME: &str = "secret-name";

/// A name, a pattern, and what else must hold of a match.
pub type Shape = (&'static str, &'static str, fn(&str) -> bool);

impl Group {
    /// The groups that are used unless the configuration says otherwise.
    pub const USUAL: [Self; 3] = [Self::Secrets, Self::Cards, Self::UsSsn];

    /// Every group by its name in the configuration.
    pub const NAMES: [(&'static str, Self); 4] =
        [("secrets", Self::Secrets), ("cards", Self::Cards), ("us-ssn", Self::UsSsn), ("email", Self::Email)];

    /// The group of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, group)| *group)
    }

    /// Its patterns.
    pub(super) fn patterns(self) -> &'static [Shape] {
        match self {
            Self::Secrets => SECRETS,
            Self::Cards => CARDS,
            Self::UsSsn => SSN,
            Self::Email => EMAIL,
        }
    }
}

fn always(_: &str) -> bool {
    true
}

const SECRETS: &[Shape] = &[
    ("private-key", r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)", always),
    ("jwt", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", always),
    ("bearer", r"(?i)(?-u:\b)bearer\s+(?P<secret>[A-Za-z0-9._~+/=-]{20,})", always),
    ("basic", r"(?i)(?-u:\b)authorization:\s*basic\s+(?P<secret>[A-Za-z0-9+/=]{6,})", always),
    ("aws-key", r"(?-u:\b)(?:AKIA|ASIA)[0-9A-Z]{16}(?-u:\b)", always),
    (
        "token",
        r"(?-u:\b)(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|[rs]k_live_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|whsec_[A-Za-z0-9+/=]{24,})",
        always,
    ),
    ("url-password", r"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:(?P<secret>[^/\s@]+)@", always),
    (
        "password",
        r#"(?i)(?:password|passwd|pwd|passphrase|secret|api[_-]?key|(?:access|auth|refresh)[_-]?token)(?:\s?=\s?|["']\s?:\s?)["']?(?P<secret>[^\s"'&;,]+)"#,
        |secret| !secret.starts_with("[redacted"),
    ),
];

const CARDS: &[Shape] = &[("card", r"(?-u:\b)[2-6][0-9](?:[ -]?[0-9]){11,17}(?-u:\b)", is_card)];

const SSN: &[Shape] = &[("us-ssn", r"(?-u:\b)[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}(?-u:\b)", is_ssn)];

const EMAIL: &[Shape] =
    &[("email", r"(?-u:\b)[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?-u:\b)", always)];

/// What the folded name of a field that holds a secret ends with.
const ENDINGS: [&str; 17] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "cookie",
    "cookies",
    "privatekey",
    "accesskey",
    "secretkey",
    "credential",
    "credentials",
    "sessionid",
    "otp",
];

/// Whether a field of this folded name holds a secret.
pub(super) fn is_secret(folded: &str) -> bool {
    ENDINGS.iter().any(|ending| folded.ends_with(ending))
}

/// Whether digits are a card's: an issuer's first digits, the length that goes with them, and the check digit.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let begins = |places: usize| digits.iter().take(places).fold(0, |number, digit| number * 10 + digit);
    let lengths: &[usize] = match (begins(1), begins(2), begins(4)) {
        (4, ..) => &[13, 16, 19],
        (_, 51..=55, _) | (_, _, 2221..=2720) => &[16],
        (_, 34 | 37, _) => &[15],
        (_, 30 | 36 | 38 | 39, _) => &[14],
        (_, 35 | 60 | 62 | 64 | 65, _) => &[16, 17, 18, 19],
        _ => &[],
    };
    let weigh = |(place, digit): (usize, &u32)| match place % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    lengths.contains(&digits.len()) && digits.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

fn is_ssn(text: &str) -> bool {
    let mut parts = text.split('-');
    let (area, group, serial) = (parts.next(), parts.next(), parts.next());
    !matches!(area, Some("000" | "666")) && group != Some("00") && serial != Some("0000")
}
