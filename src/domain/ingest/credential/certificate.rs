//! A client certificate (mutual TLS). Its chain was held against the configured authorities in the
//! handshake; here it is asked whose it is.

use super::{CredentialFault, Offer};
use crate::domain::hex::unhex;
use rustls::pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use std::fmt;
use webpki::EndEntityCert;

/// The SHA-256 of a certificate in DER, as `openssl x509 -fingerprint -sha256` prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateDigest([u8; 32]);

impl CertificateDigest {
    /// The digest of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// Reads 64 hexadecimal digits, with or without colons between the pairs.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(&text.replace(':', ""))?.try_into().ok().map(Self)
    }
}

impl fmt::Debug for CertificateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateDigest(…)")
    }
}

/// The certificates a source may show. Either list will do.
#[derive(Debug, Default)]
pub struct ClientCertificate {
    /// DNS names the certificate may be valid for (subject alternative names; the common name never counts).
    pub subjects: Vec<String>,
    /// Fingerprints of single certificates.
    pub fingerprints: Vec<CertificateDigest>,
}

impl ClientCertificate {
    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let der = offer.certificate.ok_or(CredentialFault::Missing {
            what: "client certificate",
            hint: "connect over TLS with a certificate of an authority in `client_ca`",
        })?;
        // What a certificate says is public, so nothing is gained by comparing it slowly.
        if self.fingerprints.contains(&CertificateDigest::of(der)) || self.subjects.iter().any(|name| is_valid_for(der, name)) {
            Ok(())
        } else {
            Err(CredentialFault::Wrong { what: "client certificate" })
        }
    }
}

fn is_valid_for(der: &[u8], name: &str) -> bool {
    let der = CertificateDer::from(der);
    let (Ok(certificate), Ok(name)) = (EndEntityCert::try_from(&der), ServerName::try_from(name)) else { return false };
    certificate.verify_is_valid_for_subject_name(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let pairs: Vec<&str> = (0..32).map(|nth| &hex[2 * nth..2 * nth + 2]).collect();
        assert_eq!(CertificateDigest::parse(hex), Some(CertificateDigest::of(b"abc")));
        assert_eq!(CertificateDigest::parse(&pairs.join(":").to_uppercase()), Some(CertificateDigest::of(b"abc")));
        for wrong in ["", "ab", &hex[1..], &hex.replace('b', "g"), &format!("{hex}00"), &"é".repeat(32)] {
            assert_eq!(CertificateDigest::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_are_nobodys() {
        let expected = ClientCertificate { subjects: vec!["siem.example.org".into()], fingerprints: Vec::new() };
        let check = |certificate| expected.check(&Offer { certificate, ..Offer::default() });
        assert!(check(None).is_err_and(|fault| fault.is_missing()));
        assert!(check(Some(b"nonsense")).is_err_and(|fault| !fault.is_missing()));
    }
}
