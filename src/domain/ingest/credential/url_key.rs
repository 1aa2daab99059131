//! A secret in the address, for senders that can do nothing else: `/v1/events/{source}/{key}`.

use super::bearer::is_one_of;
use super::{CredentialFault, Offer, TokenDigest};

/// The keys accepted in the address.
#[derive(Debug)]
pub struct UrlKey {
    /// Two while one replaces the other.
    pub accepted: Vec<TokenDigest>,
}

impl UrlKey {
    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let missing = CredentialFault::Missing {
            what: "key in the address",
            hint: "post to /v1/events/{source}/{key} with the key whose SHA-256 the configuration holds",
        };
        let key = offer.url_key.ok_or(missing)?;
        if is_one_of(key.as_bytes(), &self.accepted) {
            Ok(())
        } else {
            Err(CredentialFault::Wrong { what: "key in the address" })
        }
    }
}
