//! HMAC signatures as products invent them: a header, a prefix, hex or base64, and a text that is signed.

use super::{CredentialFault, Offer};
use crate::domain::hex::{hex, unhex};
use crate::domain::standard_webhooks::read_timestamp;
use ::hmac::{Hmac, KeyInit, Mac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Sha256, Sha512};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// How many signatures of one header are looked at. Senders that change secrets send two.
const SIGNATURES_MAX: usize = 8;

/// How a product signs, and with what.
#[derive(Debug)]
pub struct HmacScheme {
    /// The header with the signature, or with several, separated by commas or spaces.
    pub header: String,
    /// What stands before each signature, such as `sha256=`. Entries without it are passed over.
    pub prefix: String,
    /// How the bytes are written.
    pub encoding: Encoding,
    /// The hash function.
    pub hash: HashKind,
    /// What is signed.
    pub signed: SignedText,
    /// The header with the sender's time in whole seconds since 1970, if it sends one.
    pub timestamp_header: Option<String>,
    /// How far that time may lie from now, to both sides, in seconds.
    pub tolerance_s: u64,
    /// The secrets; two while one replaces the other.
    pub secrets: Vec<SecretSlice<u8>>,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Two hexadecimal digits a byte, in either case.
    #[default]
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// The hash function of an HMAC. SHA-1 is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// What is signed: fixed text, headers, and the raw body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText(Vec<Piece>);

/// A part of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Fixed(String),
    /// The value of a header, its name in lower case.
    Header(String),
    /// The raw body.
    Body,
}

/// Why a text is no description of what is signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedTextFault {
    /// A placeholder that is none.
    #[error("`{{{0}}}` is no placeholder\nhint: there are {{body}} and {{header:NAME}}")]
    Placeholder(String),
    /// A brace without its partner.
    #[error("a brace is not closed\nhint: write {{body}} or {{header:NAME}}")]
    Brace,
    /// The body is not in it, so that anybody could change it.
    #[error("{{body}} is not signed, so the signature would prove nothing about it\nhint: put {{body}} into it")]
    NoBody,
}

impl SignedText {
    /// Reads `{body}`, `{header:NAME}` and text between them.
    ///
    /// # Errors
    /// A [`SignedTextFault`] that names the first thing wrong.
    pub fn parse(text: &str) -> Result<Self, SignedTextFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((fixed, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(SignedTextFault::Brace)?;
            if !fixed.is_empty() {
                pieces.push(Piece::Fixed(fixed.to_owned()));
            }
            pieces.push(match name.strip_prefix("header:") {
                Some(header) if !header.trim().is_empty() => Piece::Header(header.trim().to_ascii_lowercase()),
                None if name == "body" => Piece::Body,
                _ => return Err(SignedTextFault::Placeholder(name.to_owned())),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Fixed(rest.to_owned()));
        }
        if pieces.contains(&Piece::Body) { Ok(Self(pieces)) } else { Err(SignedTextFault::NoBody) }
    }

    /// Its parts in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Whether a header is part of it.
    pub fn signs_header(&self, name: &str) -> bool {
        self.headers().any(|header| header.eq_ignore_ascii_case(name))
    }

    /// The headers that are part of it.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| if let Piece::Header(name) = piece { Some(name.as_str()) } else { None })
    }
}

impl fmt::Display for SignedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Fixed(text) => f.write_str(text),
            Piece::Header(name) => write!(f, "{{header:{name}}}"),
            Piece::Body => f.write_str("{body}"),
        })
    }
}

impl HmacScheme {
    /// The value of the header for a message; `offer` holds the other headers and the body.
    ///
    /// `None` when a header that is to be signed is not there.
    pub fn sign(&self, secret: &[u8], offer: &Offer<'_>) -> Option<String> {
        let mac = self.mac(secret, offer)?;
        let text = match self.encoding {
            Encoding::Hex => hex(&mac),
            Encoding::Base64 => STANDARD.encode(mac),
        };
        Some(format!("{}{text}", self.prefix))
    }

    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let value = self.field(offer, &self.header, "let the sender sign with the source's secret")?;
        if let Some(header) = &self.timestamp_header {
            let at = self.field(offer, header, "let the sender send the time it signs")?;
            let at_s = read_timestamp(at).ok_or_else(|| CredentialFault::Timestamp { header: header.clone() })?;
            if offer.now_s.abs_diff(at_s) > self.tolerance_s {
                return Err(CredentialFault::Stale { header: header.clone() });
            }
        }
        let offered: Vec<Vec<u8>> = value
            .split([',', ' '])
            .filter_map(|entry| self.decode(entry.trim().strip_prefix(self.prefix.as_str())?))
            .take(SIGNATURES_MAX)
            .collect();
        if offered.is_empty() {
            return Err(CredentialFault::Unreadable { header: self.header.clone(), example: self.example() });
        }
        // Every pair is compared, so that the time taken does not tell which one matched.
        let mut matched = Choice::from(0);
        for secret in &self.secrets {
            let Some(expected) = self.mac(secret.expose_secret(), offer) else {
                let header = self.signed.headers().find(|name| offer.field(name).is_none()).unwrap_or_default().to_owned();
                return Err(CredentialFault::NoHeader { header, hint: "it is part of what is signed" });
            };
            for signature in &offered {
                matched |= expected.as_slice().ct_eq(signature);
            }
        }
        let no_match = || CredentialFault::NoMatch { header: self.header.clone(), signed: self.signed.to_string() };
        if bool::from(matched) { Ok(()) } else { Err(no_match()) }
    }

    fn field<'o>(&self, offer: &Offer<'o>, header: &str, hint: &'static str) -> Result<&'o str, CredentialFault> {
        offer.field(header).ok_or_else(|| CredentialFault::NoHeader { header: header.to_owned(), hint })
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => unhex(text),
            Encoding::Base64 => STANDARD.decode(text).ok(),
        }
        .filter(|bytes| !bytes.is_empty())
    }

    fn example(&self) -> String {
        let digits = match self.encoding {
            Encoding::Hex => "hexadecimal digits",
            Encoding::Base64 => "base64",
        };
        format!("`{}` and {digits}", self.prefix)
    }

    fn mac(&self, secret: &[u8], offer: &Offer<'_>) -> Option<Vec<u8>> {
        let mut parts = Vec::with_capacity(self.signed.0.len());
        for piece in &self.signed.0 {
            parts.push(match piece {
                Piece::Fixed(text) => text.as_bytes(),
                Piece::Header(name) => offer.field(name)?.as_bytes(),
                Piece::Body => offer.body,
            });
        }
        Some(match self.hash {
            HashKind::Sha256 => finish(Hmac::<Sha256>::new_from_slice(secret), &parts),
            HashKind::Sha512 => finish(Hmac::<Sha512>::new_from_slice(secret), &parts),
        })
    }
}

fn finish<M: Mac, E: fmt::Debug>(mac: Result<M, E>, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = mac.expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// The scheme of a product, as its documentation describes it, without the secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HmacProfile {
    /// The name in a configuration.
    pub name: &'static str,
    /// The header.
    pub header: &'static str,
    /// What stands before the signature.
    pub prefix: &'static str,
    /// What is signed.
    pub signed: &'static str,
    /// The header with the sender's time.
    pub timestamp_header: Option<&'static str>,
}

impl HmacProfile {
    /// The profiles there are. All sign with SHA-256 and write hexadecimal digits.
    ///
    /// Sources: the products' own pages on webhook signatures. Grafana's names for its two headers are
    /// settings there; these are the first its default and the second what its documentation suggests.
    pub const ALL: [Self; 4] = [
        Self::over_the_body("github", "X-Hub-Signature-256", "sha256="),
        Self::over_the_body("jira", "X-Hub-Signature", "sha256="),
        Self::over_the_body("pagerduty", "X-PagerDuty-Signature", "v1="),
        Self {
            name: "grafana",
            header: "X-Grafana-Alerting-Signature",
            prefix: "",
            signed: "{header:X-Grafana-Alerting-Timestamp}:{body}",
            timestamp_header: Some("X-Grafana-Alerting-Timestamp"),
        },
    ];

    const fn over_the_body(name: &'static str, header: &'static str, prefix: &'static str) -> Self {
        Self { name, header, prefix, signed: "{body}", timestamp_header: None }
    }

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests;
