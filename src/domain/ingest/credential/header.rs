//! A secret in a header of its own, such as an API key of EventBridge or a token of GitLab.

use super::bearer::is_one_of;
use super::{CredentialFault, Offer, TokenDigest};

/// A header and the values accepted in it.
#[derive(Debug)]
pub struct NamedHeader {
    name: String,
    accepted: Vec<TokenDigest>,
}

impl NamedHeader {
    /// The header of this name, in any case.
    pub fn new(name: &str, accepted: Vec<TokenDigest>) -> Self {
        Self { name: name.to_ascii_lowercase(), accepted }
    }

    /// Its name in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let value = offer.field(&self.name).ok_or_else(|| CredentialFault::NoHeader {
            header: self.name.clone(),
            hint: "let the sender add it with the source's secret",
        })?;
        if is_one_of(value.trim().as_bytes(), &self.accepted) {
            Ok(())
        } else {
            Err(CredentialFault::Wrong { what: "secret in the header" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_counts_whole_and_the_names_case_does_not() {
        let header = NamedHeader::new("X-Api-Key", vec![TokenDigest::of("one"), TokenDigest::of("two")]);
        let check = |name, value| header.check(&Offer { fields: [(name, value)].into(), ..Offer::default() });
        assert_eq!(check("x-api-key", "two"), Ok(()));
        assert_eq!(check("x-api-key", " one "), Ok(()));
        for wrong in ["", "tw", "twoo", "Two"] {
            assert!(check("x-api-key", wrong).is_err_and(|fault| !fault.is_missing()), "{wrong}");
        }
        assert!(check("x-api-keys", "two").is_err_and(|fault| fault.is_missing()));
    }
}
