//! Who may post: the bearer token of a source.
//!
//! A configuration holds the SHA-256 of a token, never the token. Signed deliveries are checked
//! elsewhere; they need the raw body and the clock.

use crate::domain::hex::hex;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// The SHA-256 of a bearer token of at least 128 random bits.
///
/// A plain hash is enough for a random token; it would not be for a password.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads 64 hexadecimal digits, with or without `sha256:` before them.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        if hex.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            *byte = digit(pair[0])? * 16 + digit(pair[1])?;
        }
        Some(Self(digest))
    }

    /// The digest as a configuration writes it.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

/// A digest is no secret, but it has no place in a log either.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// Why a bearer token was not accepted. Neither says anything about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// No `Authorization: Bearer` header.
    #[error("no bearer token\nhint: send `Authorization: Bearer <token>`")]
    Missing,
    /// The token is none of the source's.
    #[error("the bearer token is not one of this source")]
    Wrong,
}

/// Checks an `Authorization` header against the tokens of a source; several are held while one is
/// being replaced. The time taken depends on the number of tokens, not on which one matched.
pub fn check_bearer(authorization: Option<&str>, accepted: &[TokenDigest]) -> Result<(), CredentialFault> {
    let (scheme, token) = authorization.and_then(|header| header.trim().split_once(' ')).ok_or(CredentialFault::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(CredentialFault::Missing);
    }
    let given = TokenDigest::of(token.trim());
    let matched = accepted.iter().fold(Choice::from(0), |matched, one| matched | one.0.ct_eq(&given.0));
    if bool::from(matched) { Ok(()) } else { Err(CredentialFault::Wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_token_of_the_source_opens_and_no_other() {
        let accepted = [TokenDigest::of("old"), TokenDigest::of("new")];
        assert_eq!(check_bearer(Some("Bearer old"), &accepted), Ok(()));
        assert_eq!(check_bearer(Some("bearer  new "), &accepted), Ok(()));
        assert_eq!(check_bearer(Some("Bearer newer"), &accepted), Err(CredentialFault::Wrong));
        assert_eq!(check_bearer(Some("Bearer old"), &[]), Err(CredentialFault::Wrong));
        for header in [None, Some(""), Some("Bearer"), Some("Bearer  "), Some("Basic b2xk")] {
            assert_eq!(check_bearer(header, &accepted), Err(CredentialFault::Missing), "{header:?}");
        }
    }

    #[test]
    fn a_digest_is_read_back_from_its_hex() {
        let digest = TokenDigest::of("abc");
        assert_eq!(digest.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(TokenDigest::parse(&digest.to_hex()), Some(digest.clone()));
        assert_eq!(TokenDigest::parse(&format!("sha256:{}", digest.to_hex().to_uppercase())), Some(digest));
        for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(TokenDigest::parse(wrong), None, "{wrong}");
        }
    }
}
