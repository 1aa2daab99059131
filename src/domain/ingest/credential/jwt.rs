//! A token signed by an OIDC issuer, `Authorization: Bearer <JWT>` (RFC 7519, RFC 8725): Pub/Sub push,
//! Entra ID, and whatever else runs with an identity of its own.
//!
//! The issuer's key decides which algorithm counts; `none` and the symmetric ones never do. Who issued
//! it, for whom and until when is checked after the signature.

use super::bearer::token_of;
use super::{CredentialFault, Offer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// The longest token looked at, in bytes.
const LONGEST: usize = 16 * 1024;
/// How far the issuer's clock may be off, in seconds.
const LEEWAY_S: i64 = 60;

/// Whose tokens a source may show.
#[derive(Clone, Debug)]
pub struct JwtIssuer {
    /// `iss`, exactly.
    pub issuer: String,
    /// One of `aud`, exactly. Without it a token for somebody else would do.
    pub audience: String,
    /// `sub` or `email`, exactly, if only one identity of the issuer may post.
    pub subject: Option<String>,
    /// Where the keys are, unless the issuer's own metadata says.
    pub jwks_url: Option<String>,
    /// Whether the issuer may be on this machine or a private network, and speak plain `http`.
    pub allow_private: bool,
}

/// Why a token was not accepted. The claims of others are not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtFault {
    /// Not three parts of base64url.
    #[error("the bearer token is no signed JWT\nhint: the source takes tokens of its issuer")]
    Shape,
    /// The issuer's keys could not be fetched.
    #[error("the keys of the issuer are not at hand\nhint: the log says why; send it again")]
    NoKeys,
    /// No key of the issuer made the signature.
    #[error("the token was not signed by a key of the issuer\nhint: compare `issuer` with the token's `iss`")]
    Signature,
    /// Another issuer's.
    #[error("the token is of another issuer\nhint: compare `issuer` with the token's `iss`, to the last slash")]
    Issuer,
    /// For somebody else.
    #[error("the token is meant for another audience\nhint: compare `audience` with the token's `aud`")]
    Audience,
    /// Somebody else's.
    #[error("the token is of another subject\nhint: compare `subject` with the token's `sub` or `email`")]
    Subject,
    /// Past its end, or without one.
    #[error("the token has expired, or has no end\nhint: fetch a fresh one; compare the clocks")]
    Expired,
    /// Before its beginning.
    #[error("the token is not valid yet\nhint: compare the issuer's clock with this machine's")]
    TooEarly,
}

struct Token<'t> {
    signed: &'t [u8],
    head: Head,
    claims: Claims,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515, 4.1.11). None is.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    aud: Value,
    // Numbers only: a time that cannot be read must not count as none.
    exp: Option<f64>,
    nbf: Option<f64>,
}

/// The id of the key that is to be fetched for what was offered; `Some(None)` for a token that names none,
/// `None` when there is no token to check.
pub fn key_id(offer: &Offer<'_>) -> Option<Option<String>> {
    Some(read(token_of(offer.field("authorization"))?)?.head.kid)
}

impl JwtIssuer {
    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let missing = CredentialFault::Missing { what: "token of the issuer", hint: "send `Authorization: Bearer <JWT>`" };
        let token = token_of(offer.field("authorization")).ok_or(missing)?;
        let token = read(token).ok_or(JwtFault::Shape)?;
        let keys = offer.keys.ok_or(JwtFault::NoKeys)?;
        if !keys.verifies(token.head.kid.as_deref(), &token.head.alg, token.signed, &token.signature) {
            return Err(JwtFault::Signature.into());
        }
        Ok(self.accept(&token.claims, offer.now_s)?)
    }

    fn accept(&self, claims: &Claims, now_s: i64) -> Result<(), JwtFault> {
        let is_for_us = match &claims.aud {
            Value::String(one) => *one == self.audience,
            Value::Array(several) => several.iter().any(|one| one.as_str() == Some(&self.audience)),
            _ => false,
        };
        // An e-mail address the issuer has not verified is whatever its owner typed.
        let is_subject = |wanted: &String| {
            claims.sub.as_ref() == Some(wanted) || (claims.email_verified && claims.email.as_ref() == Some(wanted))
        };
        let now = now_s as f64;
        if claims.iss.as_ref() != Some(&self.issuer) {
            return Err(JwtFault::Issuer);
        }
        if !is_for_us {
            return Err(JwtFault::Audience);
        }
        if self.subject.as_ref().is_some_and(|wanted| !is_subject(wanted)) {
            return Err(JwtFault::Subject);
        }
        if !claims.exp.is_some_and(|end| now < end + LEEWAY_S as f64) {
            return Err(JwtFault::Expired);
        }
        if claims.nbf.is_some_and(|start| now + (LEEWAY_S as f64) < start) {
            return Err(JwtFault::TooEarly);
        }
        Ok(())
    }
}

fn read(token: &str) -> Option<Token<'_>> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let head: Head = serde_json::from_slice(&bytes(head)?).ok()?;
    if head.crit.is_some() {
        return None;
    }
    let claims = serde_json::from_slice(&bytes(claims)?).ok()?;
    Some(Token { signed: signed.as_bytes(), head, claims, signature: bytes(signature)? })
}

#[cfg(test)]
mod tests;
