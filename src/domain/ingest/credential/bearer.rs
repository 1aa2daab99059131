//! Bearer tokens. A configuration holds the SHA-256 of a token, never the token.

use super::CredentialFault;
use crate::domain::hex::{hex, unhex};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

const WHAT: &str = "bearer token";
const HINT: &str = "send `Authorization: Bearer <token>`";

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
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        unhex(hex)?.try_into().ok().map(Self)
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

/// Checks an `Authorization` header against the tokens of a source; several are held while one is
/// being replaced. The time taken depends on the number of tokens, not on which one matched.
pub fn check_bearer(authorization: Option<&str>, accepted: &[TokenDigest]) -> Result<(), CredentialFault> {
    let missing = CredentialFault::Missing { what: WHAT, hint: HINT };
    let token = token_of(authorization).ok_or(missing)?;
    if is_one_of(token.as_bytes(), accepted) { Ok(()) } else { Err(CredentialFault::Wrong { what: WHAT }) }
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn token_of(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whether a secret is one of those accepted. Digests are compared, so that neither the length of a
/// secret nor how much of it fits shows in the time taken; every one is compared.
pub(super) fn is_one_of(given: &[u8], accepted: &[TokenDigest]) -> bool {
    let given: [u8; 32] = Sha256::digest(given).into();
    accepted.iter().fold(Choice::from(0), |matched, one| matched | one.0.ct_eq(&given)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_token_of_the_source_opens_and_no_other() {
        let accepted = [TokenDigest::of("old"), TokenDigest::of("new")];
        assert_eq!(check_bearer(Some("Bearer old"), &accepted), Ok(()));
        assert_eq!(check_bearer(Some("bearer  new "), &accepted), Ok(()));
        assert_eq!(check_bearer(Some("Bearer newer"), &accepted), Err(CredentialFault::Wrong { what: WHAT }));
        assert_eq!(check_bearer(Some("Bearer old"), &[]), Err(CredentialFault::Wrong { what: WHAT }));
        for header in [None, Some(""), Some("Bearer"), Some("Bearer  "), Some("Basic b2xk")] {
            assert_eq!(check_bearer(header, &accepted), Err(CredentialFault::Missing { what: WHAT, hint: HINT }), "{header:?}");
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
