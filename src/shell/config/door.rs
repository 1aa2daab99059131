//! `[server]`: what the daemon lets in at a time, how long it waits, whom it believes, and its TLS.

use super::Reader;
use super::raw::{ForwardedHeader, RawServer, RawTls};
use crate::domain::instant::Duration;
use ipnet::IpNet;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;

/// What the daemon lets in at a time, and how.
#[derive(Clone, Debug)]
pub struct Door {
    /// How long one request may take as a whole.
    pub request_timeout: Duration,
    /// How long its body may take to come in.
    pub body_timeout: Duration,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// How much memory the bodies being taken may use together, in bytes.
    pub bodies_bytes: usize,
    /// How many connections are served at once.
    pub connections_max: usize,
    /// The proxies whose word about the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// In which header they say it.
    pub forwarded_header: ForwardedHeader,
    /// TLS of its own; without it the daemon speaks plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Reader<'_> {
    pub(super) fn door(&mut self, raw: &RawServer) -> Door {
        let bodies_kib = u64::from(raw.bodies_mib) * 1024;
        if bodies_kib < u64::from(raw.body_limit_kib) {
            let text = format!("`bodies_mib` is {}, and one body may have {} KiB", raw.bodies_mib, raw.body_limit_kib);
            self.fault(
                "bodies_mib",
                text,
                "raise it, or lower `body_limit_kib`; ten bodies of the largest size are little enough",
            );
        }
        Door {
            request_timeout: raw.request_timeout.0,
            body_timeout: raw.body_timeout.0,
            body_limit: usize::try_from(raw.body_limit_kib).unwrap_or(usize::MAX).saturating_mul(1024),
            bodies_bytes: usize::try_from(bodies_kib).unwrap_or(usize::MAX).saturating_mul(1024),
            connections_max: usize::try_from(raw.connections_max).unwrap_or(usize::MAX).max(1),
            trusted_proxies: raw.trusted_proxies.iter().map(|network| network.0).collect(),
            forwarded_header: raw.forwarded_header,
            tls: raw.tls.as_ref().and_then(|tls| self.tls(tls)),
        }
    }

    fn tls(&mut self, raw: &RawTls) -> Option<Arc<ServerConfig>> {
        let chain = self.certificates(&raw.certificate);
        let key = self.key(&raw.key);
        let client_authorities = raw.client_ca.as_ref().map(|file| self.certificates(file));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = match client_authorities {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(authorities?);
                // Only sources with [source.mtls] need a certificate; everybody else may come without one.
                let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
                match builder.allow_unauthenticated().build() {
                    Ok(verifier) => verifier,
                    Err(error) => {
                        let text = format!("the authorities of clients cannot be used: {error}");
                        self.fault("client_ca", text, "it takes the certificates of authorities, not of clients");
                        return None;
                    }
                }
            }
        };
        let versions = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = versions.expect("ring has suites for both versions").with_client_cert_verifier(verifier);
        match builder.with_single_cert(chain?, key?) {
            Ok(mut config) => {
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                Some(Arc::new(config))
            }
            Err(error) => {
                let text = format!("certificate and key cannot be used together: {error}");
                self.fault(&raw.certificate.to_string_lossy(), text, "the first certificate in the file must be the key's own");
                None
            }
        }
    }

    fn key(&mut self, file: &Path) -> Option<PrivateKeyDer<'static>> {
        let path = self.secret_path(file);
        match PrivateKeyDer::from_pem_file(&path) {
            Ok(key) => {
                self.secret_files.push(path);
                Some(key)
            }
            Err(error) => {
                let text = format!("cannot read a private key from `{}`: {}", path.display(), in_words(&error));
                self.fault(&file.to_string_lossy(), text, "it takes a PEM file with an unencrypted key (PKCS#8, PKCS#1 or SEC1)");
                None
            }
        }
    }

    fn certificates(&mut self, file: &Path) -> Option<Vec<CertificateDer<'static>>> {
        let path = self.secret_path(file);
        let read = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let problem = match read {
            Ok(chain) if !chain.is_empty() => return Some(chain),
            Ok(_) => "there is none in it".to_owned(),
            Err(error) => in_words(&error),
        };
        let text = format!("cannot read a certificate from `{}`: {problem}", path.display());
        self.fault(&file.to_string_lossy(), text, "it takes a PEM file, the server's own certificate first");
        None
    }
}

fn in_words(error: &rustls::pki_types::pem::Error) -> String {
    use rustls::pki_types::pem::Error;
    match error {
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => "there is none in it".into(),
        _ => "the PEM is damaged".into(),
    }
}
