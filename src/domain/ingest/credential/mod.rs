//! How a source proves that it is the source: one file for each way.
//!
//! A [`Credential`] holds what is expected and judges an [`Offer`], which is what came with a
//! request. Secrets are compared in constant time, as digests or MACs of one length; no fault tells
//! anything about a secret, expected or sent. Keys that have to be fetched are handed in.

mod basic;
mod bearer;
mod certificate;
mod header;
mod hmac;
mod jwk;
mod jwt;
mod offer;
mod url_key;
mod webhook;

pub use basic::BasicLogin;
pub use bearer::{TokenDigest, check_bearer};
pub use certificate::{CertificateDigest, ClientCertificate};
pub use header::NamedHeader;
pub use hmac::{Encoding, HashKind, HmacProfile, HmacScheme, Piece, SignedText, SignedTextFault};
pub use jwk::{JwkSet, JwkSetFault};
pub use jwt::{JwtFault, JwtIssuer, key_id};
pub use offer::Offer;
pub use url_key::UrlKey;
pub use webhook::WebhookSecrets;

use crate::domain::standard_webhooks::SignatureFault;

/// One way in which a source may prove itself.
#[derive(Debug)]
pub enum Credential {
    /// `Authorization: Bearer`, one of these tokens.
    Bearer(Vec<TokenDigest>),
    /// A secret in a header of its own.
    Header(NamedHeader),
    /// `Authorization: Basic`.
    Basic(BasicLogin),
    /// A Standard Webhooks signature.
    Webhook(WebhookSecrets),
    /// A signature of another shape.
    Hmac(HmacScheme),
    /// A client certificate.
    Certificate(ClientCertificate),
    /// A token signed by an OIDC issuer.
    Jwt(JwtIssuer),
    /// A secret in the address.
    Url(UrlKey),
}

impl Credential {
    /// The name a configuration gives it, such as `hmac`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bearer(_) => "token",
            Self::Header(_) => "header",
            Self::Basic(_) => "basic",
            Self::Webhook(_) => "webhook",
            Self::Hmac(_) => "hmac",
            Self::Certificate(_) => "mtls",
            Self::Jwt(_) => "jwt",
            Self::Url(_) => "url",
        }
    }

    /// What a sender is to send, in a few words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Bearer(_) => "a bearer token".into(),
            Self::Header(header) => format!("a secret in the header `{}`", header.name()),
            Self::Basic(login) => format!("the password of the user `{}` (Basic)", login.user()),
            Self::Webhook(_) => "a Standard Webhooks signature".into(),
            Self::Hmac(scheme) => format!("a signature in the header `{}`", scheme.header),
            Self::Certificate(_) => "a client certificate".into(),
            Self::Jwt(issuer) => format!("a token of the issuer {}", issuer.issuer),
            Self::Url(_) => "a key in the address".into(),
        }
    }

    /// Why it is a weak proof, if it is one.
    pub fn weakness(&self) -> Option<&'static str> {
        match self {
            Self::Url(_) => {
                Some("a key in the address shows up in the logs of proxies and senders, and nothing binds it to a body")
            }
            _ => None,
        }
    }

    /// Whether it is a proof over the body, which has to be read first.
    pub fn needs_body(&self) -> bool {
        matches!(self, Self::Webhook(_) | Self::Hmac(_))
    }

    /// Whether the sender tried it at all.
    pub fn is_offered(&self, offer: &Offer<'_>) -> bool {
        match self {
            Self::Bearer(_) | Self::Jwt(_) => bearer::token_of(offer.field("authorization")).is_some(),
            Self::Header(header) => offer.field(header.name()).is_some(),
            Self::Basic(_) => basic::is_basic(offer.field("authorization")),
            Self::Webhook(_) => webhook::fields(offer).is_some(),
            Self::Hmac(scheme) => offer.field(&scheme.header).is_some(),
            Self::Certificate(_) => offer.certificate.is_some(),
            Self::Url(_) => offer.url_key.is_some(),
        }
    }

    /// Whether a header, by its name in lower case, carries this credential: such a header is nobody else's to read.
    pub fn is_carried_in(&self, name: &str) -> bool {
        match self {
            Self::Bearer(_) | Self::Jwt(_) | Self::Basic(_) => name == "authorization",
            Self::Header(header) => header.name() == name,
            Self::Hmac(scheme) => scheme.header.eq_ignore_ascii_case(name),
            Self::Webhook(_) | Self::Certificate(_) | Self::Url(_) => false,
        }
    }

    /// Judges what came.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever runs the sender.
    pub fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        match self {
            Self::Bearer(tokens) => check_bearer(offer.field("authorization"), tokens),
            Self::Header(header) => header.check(offer),
            Self::Basic(login) => login.check(offer),
            Self::Webhook(secrets) => secrets.check(offer),
            Self::Hmac(scheme) => scheme.check(offer),
            Self::Certificate(certificate) => certificate.check(offer),
            Self::Jwt(issuer) => issuer.check(offer),
            Self::Url(key) => key.check(offer),
        }
    }
}

/// Why a credential was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// It was not sent, or not in a readable form.
    #[error("no {what}\nhint: {hint}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// How to send it.
        hint: &'static str,
    },
    /// The header in which it is expected is missing.
    #[error("no header `{header}`, or it came twice\nhint: {hint}")]
    NoHeader {
        /// The header.
        header: String,
        /// How to send it.
        hint: &'static str,
    },
    /// It is not one of the source's.
    #[error("the {what} is not one of this source\nhint: compare it with the [[source]] of the configuration")]
    Wrong {
        /// What is wrong.
        what: &'static str,
    },
    /// A Standard Webhooks signature that is none.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// A signature of another shape that cannot be read.
    #[error("the header `{header}` holds no readable signature\nhint: it looks like {example}")]
    Unreadable {
        /// The header.
        header: String,
        /// Its form.
        example: String,
    },
    /// A signature of another shape that fits none of the secrets.
    #[error(
        "the signature in `{header}` does not match\nhint: check the secret and what is signed ({signed}), and that no proxy rewrites the body"
    )]
    NoMatch {
        /// The header.
        header: String,
        /// What is signed.
        signed: String,
    },
    /// The sender's timestamp cannot be read.
    #[error(
        "the header `{header}` is not a whole number of seconds since 1970\nhint: compare `timestamp_header` with what the sender sends"
    )]
    Timestamp {
        /// The header.
        header: String,
    },
    /// The sender's timestamp is too far from now: a replay, or a clock that is off.
    #[error("the time in `{header}` is too far from now\nhint: compare the sender's clock with this machine's")]
    Stale {
        /// The header.
        header: String,
    },
    /// A token of an issuer that is not accepted.
    #[error(transparent)]
    Jwt(#[from] JwtFault),
}

impl CredentialFault {
    /// Whether the sender did not even try.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NoHeader { .. })
    }
}
