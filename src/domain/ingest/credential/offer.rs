//! What came with a request.

use super::JwkSet;
use std::collections::BTreeMap;

/// What came with a request that may prove who sent it.
#[derive(Clone, Debug, Default)]
pub struct Offer<'o> {
    /// The headers, names in lower case. One that came twice is left out: nobody could say which was meant.
    pub fields: BTreeMap<&'o str, &'o str>,
    /// The client's certificate in DER, already held against the authorities in use.
    pub certificate: Option<&'o [u8]>,
    /// What follows the source's name in the address.
    pub url_key: Option<&'o str>,
    /// The keys of the issuer, once fetched.
    pub keys: Option<&'o JwkSet>,
    /// The body as it came off the wire; empty until it has been read.
    pub body: &'o [u8],
    /// The moment of receipt, in whole seconds since 1970-01-01T00:00:00Z.
    pub now_s: i64,
}

impl<'o> Offer<'o> {
    /// The value of a header, by its name in any case.
    pub fn field(&self, name: &str) -> Option<&'o str> {
        self.fields.get(name).or_else(|| self.fields.get(name.to_ascii_lowercase().as_str())).copied()
    }
}
