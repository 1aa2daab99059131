//! How sources prove themselves: the sub-tables of `[[source]]`, read and checked.
//!
//! Several ways may stand side by side, as while one replaces another; then any one will do. A house
//! that wants two at once, such as a signature and a certificate, names both in `require`.

use super::raw::{RawSource, RawTls};
use super::raw_credentials::{RawCertificate, RawEncoding, RawHash, RawHeader, RawHmac, RawJwt, RawSecretEncoding, RawUrl};
use super::{Reader, Source, there_are};
use crate::domain::hex::unhex;
use crate::domain::ingest::TokenDigest;
use crate::domain::ingest::credential::{
    BasicLogin, CertificateDigest, ClientCertificate, Credential, Encoding, HashKind, HmacProfile, HmacScheme, JwtIssuer,
    NamedHeader, SignedText, UrlKey, WebhookSecrets,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use secrecy::SecretSlice;
use std::path::PathBuf;

/// The shortest secret of a signature, in bytes.
const SECRET_LEAST: usize = 16;

/// One way in which a source may prove itself, and where its secrets were read.
#[derive(Debug)]
pub struct Way {
    /// What is expected.
    pub credential: Credential,
    /// The files that hold its secrets themselves, if any do.
    pub files: Vec<PathBuf>,
}

impl Source {
    /// The bearer tokens it may use.
    pub fn tokens(&self) -> &[TokenDigest] {
        let bearer =
            self.ways.iter().find_map(|way| if let Credential::Bearer(tokens) = &way.credential { Some(tokens) } else { None });
        bearer.map_or(&[], Vec::as_slice)
    }

    /// Why it proves less than it should, if it does.
    pub fn weaknesses(&self) -> Vec<String> {
        let counted: Vec<&Way> = self.ways.iter().filter(|way| self.counts(way)).collect();
        let strong_too = !self.require.is_empty() && counted.iter().any(|way| way.credential.weakness().is_none());
        let ways = counted.iter().filter(|_| !strong_too).filter_map(|way| way.credential.weakness()).map(str::to_owned);
        let open = self.addresses.iter().find(|network| network.prefix_len() == 0);
        ways.chain(open.map(|network| format!("`{network}` is every address there is"))).collect()
    }

    /// Whether a way counts: all do, or those that are required.
    pub fn counts(&self, way: &Way) -> bool {
        self.require.is_empty() || self.require.contains(way.credential.name())
    }
}

impl Reader<'_> {
    /// Every way of a source. None at all is a fault.
    pub(super) fn ways(&mut self, source: &RawSource, tls: Option<&RawTls>) -> Vec<Way> {
        let before = self.faults.len();
        let mut ways = Vec::new();
        let mut tokens = self.digests(&source.token_sha256);
        tokens.extend(source.token_files.iter().filter_map(|file| self.token(file)));
        if !tokens.is_empty() {
            ways.push(Way { credential: Credential::Bearer(tokens), files: self.secret_paths(&source.token_files) });
        }
        let secrets: Vec<_> = source.webhook_secret_files.iter().filter_map(|file| self.webhook_secret(file)).collect();
        if !secrets.is_empty() {
            let tolerance_s = u64::try_from(source.webhook_tolerance.0.num_seconds()).unwrap_or_default();
            let credential = Credential::Webhook(WebhookSecrets { secrets, tolerance_s });
            ways.push(Way { credential, files: self.secret_paths(&source.webhook_secret_files) });
        }
        ways.extend(source.header.as_ref().map(|header| self.header(header)));
        ways.extend(source.basic.as_ref().and_then(|basic| {
            let passwords: Vec<String> = basic.password_files.iter().filter_map(|file| self.secret_plain(file)).collect();
            let login = BasicLogin::new(&basic.user, passwords.iter().map(String::as_str));
            if login.is_none() {
                self.fault(
                    &basic.user,
                    format!("the user `{}` has a colon in it", basic.user),
                    "Basic cannot carry it; choose another name",
                );
            }
            Some(Way { credential: Credential::Basic(login?), files: self.secret_paths(&basic.password_files) })
        }));
        ways.extend(source.hmac.as_ref().and_then(|hmac| self.hmac(&source.name, hmac)));
        ways.extend(source.mtls.as_ref().map(|mtls| self.certificate(&source.name, mtls, tls)));
        ways.extend(source.jwt.as_ref().map(|jwt| self.jwt(jwt)));
        ways.extend(source.url.as_ref().map(|url| self.url(source, url)));
        if ways.is_empty() && self.faults.len() == before {
            self.fault(
                &source.name,
                format!("source `{}` has no credential", source.name),
                "set `token_sha256`, `token_files`, `webhook_secret_files`, or one of [source.hmac], [source.header], [source.basic], [source.mtls], [source.jwt]; `watchbell token` makes a token",
            );
        }
        let known: Vec<&str> = ways.iter().map(|way| way.credential.name()).collect();
        for name in source.require.iter().filter(|name| !known.contains(&name.as_str())) {
            self.fault(
                name,
                format!("source `{}` requires `{name}` and does not configure it", source.name),
                there_are(&known, name),
            );
        }
        ways
    }

    fn secret_paths(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        files.iter().map(|file| self.secret_path(file)).collect()
    }

    fn header(&mut self, raw: &RawHeader) -> Way {
        let mut accepted = self.digests(&raw.value_sha256);
        accepted.extend(raw.value_files.iter().filter_map(|file| self.token(file)));
        if accepted.is_empty() || !is_header_name(&raw.name) {
            let text = format!("the header `{}` is no name, or no value of it is accepted", raw.name);
            self.fault(&raw.name, text, "set `name` and `value_files` under [source.header]; `watchbell token` makes a value");
        }
        Way { credential: Credential::Header(NamedHeader::new(&raw.name, accepted)), files: self.secret_paths(&raw.value_files) }
    }

    fn hmac(&mut self, source: &str, raw: &RawHmac) -> Option<Way> {
        let profile = match raw.profile.as_deref() {
            Some(name) => match HmacProfile::named(name) {
                Some(profile) => Some(profile),
                None => {
                    let known: Vec<&str> = HmacProfile::ALL.iter().map(|profile| profile.name).collect();
                    self.fault(name, format!("there is no profile `{name}`"), there_are(&known, name));
                    return None;
                }
            },
            None => None,
        };
        let header = raw.header.clone().or_else(|| profile.map(|profile| profile.header.to_owned()));
        let Some(header) = header.filter(|name| is_header_name(name)) else {
            let text = format!("source `{source}` does not say which header holds the signature");
            self.fault(source, text, "set `header` or `profile` under [source.hmac]");
            return None;
        };
        let signed = raw.signed.clone().or_else(|| profile.map(|profile| profile.signed.to_owned()));
        let mut signed = signed.unwrap_or_else(|| "{body}".to_owned());
        let timestamp_header =
            raw.timestamp_header.clone().or_else(|| profile.and_then(|profile| profile.timestamp_header).map(str::to_owned));
        // A header renamed in the product is renamed in what it signs.
        if let (None, Some(ours), Some(theirs)) = (&raw.signed, &raw.timestamp_header, profile.and_then(|p| p.timestamp_header)) {
            signed = signed.replace(theirs, ours);
        }
        let signed = match SignedText::parse(&signed) {
            Ok(text) => text,
            Err(fault) => {
                self.fault_hinted(&signed, &fault.to_string());
                return None;
            }
        };
        if let Some(name) = timestamp_header.as_ref().filter(|name| !signed.signs_header(name)) {
            let text = format!("the time in `{name}` is not signed, so anybody could renew it");
            self.fault(name, text, format!("put {{header:{name}}} into `signed`, as the sender does"));
        }
        let secrets: Vec<_> = raw.secret_files.iter().filter_map(|file| self.hmac_secret(file, raw.secret_encoding)).collect();
        if secrets.is_empty() && raw.secret_files.is_empty() {
            self.fault(
                source,
                format!("source `{source}` has no secret for its signatures"),
                "set `secret_files` under [source.hmac]",
            );
        }
        let scheme = HmacScheme {
            header,
            prefix: raw.prefix.clone().or_else(|| profile.map(|profile| profile.prefix.to_owned())).unwrap_or_default(),
            encoding: match raw.encoding {
                RawEncoding::Hex => Encoding::Hex,
                RawEncoding::Base64 => Encoding::Base64,
            },
            hash: match raw.hash {
                RawHash::Sha256 => HashKind::Sha256,
                RawHash::Sha512 => HashKind::Sha512,
            },
            signed,
            timestamp_header,
            tolerance_s: u64::try_from(raw.tolerance.0.num_seconds()).unwrap_or_default(),
            secrets,
        };
        Some(Way { credential: Credential::Hmac(scheme), files: self.secret_paths(&raw.secret_files) })
    }

    fn hmac_secret(&mut self, file: &std::path::Path, encoding: RawSecretEncoding) -> Option<SecretSlice<u8>> {
        let text = self.secret_plain(file)?;
        let bytes = match encoding {
            RawSecretEncoding::Text => Some(text.into_bytes()),
            RawSecretEncoding::Hex => unhex(&text),
            RawSecretEncoding::Base64 => STANDARD.decode(text).ok(),
        };
        if bytes.as_ref().is_none_or(|bytes| bytes.len() < SECRET_LEAST) {
            let text = format!(
                "the secret in `{}` is shorter than {SECRET_LEAST} bytes, or not in its `secret_encoding`",
                file.display()
            );
            self.fault(&file.to_string_lossy(), text, "`watchbell token` makes one; give the same to the sender");
        }
        bytes.map(SecretSlice::from)
    }

    fn certificate(&mut self, source: &str, raw: &RawCertificate, tls: Option<&RawTls>) -> Way {
        if tls.is_none_or(|tls| tls.client_ca.is_none()) {
            let text = format!("source `{source}` shows a client certificate, and nothing says whose count");
            self.fault(source, text, "set `client_ca` under [server.tls]; a proxy's word about certificates is not taken");
        }
        let mut certificate = ClientCertificate::default();
        for subject in &raw.subjects {
            match ServerName::try_from(subject.as_str()) {
                Ok(_) => certificate.subjects.push(subject.clone()),
                Err(_) => self.fault(
                    subject,
                    format!("`{subject}` is no DNS name"),
                    "write a subject alternative name of the certificate, or use `fingerprints`",
                ),
            }
        }
        for fingerprint in &raw.fingerprints {
            match CertificateDigest::parse(fingerprint) {
                Some(digest) => certificate.fingerprints.push(digest),
                None => self.fault(
                    fingerprint,
                    "`fingerprints` takes SHA-256 in 64 hex digits",
                    "`openssl x509 -in FILE -noout -fingerprint -sha256` prints it",
                ),
            }
        }
        if raw.subjects.is_empty() && raw.fingerprints.is_empty() {
            self.fault(
                source,
                format!("source `{source}` takes no certificate in particular"),
                "list `subjects` or `fingerprints` under [source.mtls]",
            );
        }
        Way { credential: Credential::Certificate(certificate), files: Vec::new() }
    }

    fn jwt(&mut self, raw: &RawJwt) -> Way {
        for url in [Some(&raw.issuer), raw.jwks_url.as_ref()].into_iter().flatten() {
            let parsed = reqwest::Url::parse(url).ok().filter(|url| url.host_str().is_some());
            let encrypted = parsed.as_ref().is_some_and(|url| url.scheme() == "https");
            let private = raw.allow_private && parsed.as_ref().is_some_and(|url| url.scheme() == "http");
            if !encrypted && !private {
                self.fault(
                    url,
                    format!("`{url}` is no https address"),
                    "keys fetched in the clear prove nothing; `allow_private = true` allows http on your own network",
                );
            }
        }
        if raw.audience.is_empty() {
            self.fault(&raw.issuer, "`audience` is empty", "without it a token for somebody else would do");
        }
        let issuer = JwtIssuer {
            issuer: raw.issuer.clone(),
            audience: raw.audience.clone(),
            subject: raw.subject.clone(),
            jwks_url: raw.jwks_url.clone(),
            allow_private: raw.allow_private,
        };
        Way { credential: Credential::Jwt(issuer), files: Vec::new() }
    }

    fn url(&mut self, source: &RawSource, raw: &RawUrl) -> Way {
        let accepted = self.digests(&raw.key_sha256);
        if accepted.is_empty() {
            self.fault(
                &source.name,
                format!("source `{}` has no key for its address", source.name),
                "`watchbell token` makes one; put its SHA-256 into `key_sha256`",
            );
        }
        if source.addresses.is_empty() {
            let text = format!(
                "source `{}` proves itself by its address, and anybody who has seen it could post from anywhere",
                source.name
            );
            self.fault(&source.name, text, "list the networks it posts from in `addresses` of the [[source]]");
        }
        Way { credential: Credential::Url(UrlKey { accepted }), files: Vec::new() }
    }

    /// A fault whose text carries its hint.
    fn fault_hinted(&mut self, word: &str, text: &str) {
        let (text, hint) = text.split_once("\nhint: ").unwrap_or((text, "see config.example.toml"));
        self.fault(word, text, hint);
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
