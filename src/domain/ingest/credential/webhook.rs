//! Standard Webhooks signatures, under the scheme's own header names or those of Svix.

use super::{CredentialFault, Offer};
use crate::domain::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use secrecy::{ExposeSecret, SecretSlice};

/// The secrets a source may sign with.
#[derive(Debug)]
pub struct WebhookSecrets {
    /// Two while one replaces the other.
    pub secrets: Vec<SecretSlice<u8>>,
    /// How far a timestamp may lie from now, to both sides, in seconds.
    pub tolerance_s: u64,
}

const STANDARD: [&str; 3] = [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER];
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// Id, timestamp and signatures, all from the same set of names: a mixture could be put together by a stranger.
pub(super) fn fields<'o>(offer: &Offer<'o>) -> Option<[&'o str; 3]> {
    let names = [STANDARD, SVIX].into_iter().find(|names| offer.field(names[2]).is_some())?;
    Some(names.map(|name| offer.field(name).unwrap_or_default()))
}

impl WebhookSecrets {
    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let [id, timestamp, signatures] = fields(offer).ok_or(CredentialFault::Missing {
            what: "webhook signature",
            hint: "sign as Standard Webhooks 1.0.0 says: webhook-id, webhook-timestamp, webhook-signature",
        })?;
        let secrets: Vec<&[u8]> = self.secrets.iter().map(ExposeSecret::expose_secret).collect();
        Ok(verify(&secrets, id, timestamp, offer.body, signatures, offer.now_s, self.tolerance_s)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::standard_webhooks::sign;

    #[test]
    fn the_names_of_svix_will_do_and_a_mixture_of_names_will_not() {
        let webhook = WebhookSecrets { secrets: vec![SecretSlice::from(vec![7; 24])], tolerance_s: 300 };
        let signature = sign(&[7; 24], "m1", 1_000, b"{}");
        let check = |names: [&'static str; 3]| {
            let fields = names.into_iter().zip(["m1", "1000", signature.as_str()]).collect();
            webhook.check(&Offer { fields, body: b"{}", now_s: 1_100, ..Offer::default() })
        };
        assert_eq!(check(STANDARD), Ok(()));
        assert_eq!(check(SVIX), Ok(()));
        assert!(check(["svix-id", "svix-timestamp", "webhook-signature"]).is_err());
        assert!(check(["webhook-id", "webhook-timestamp", "other"]).is_err_and(|fault| fault.is_missing()));
    }
}
