//! How a source proves itself, as written: one sub-table of `[[source]]` for each way.

use super::raw::{Length, tolerance};
use serde::Deserialize;
use std::path::PathBuf;

/// `[source.header]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHeader {
    pub name: String,
    #[serde(default)]
    pub value_sha256: Vec<String>,
    #[serde(default)]
    pub value_files: Vec<PathBuf>,
}

/// `[source.basic]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBasic {
    pub user: String,
    pub password_files: Vec<PathBuf>,
}

/// `[source.hmac]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHmac {
    pub profile: Option<String>,
    pub header: Option<String>,
    pub prefix: Option<String>,
    #[serde(default)]
    pub encoding: RawEncoding,
    #[serde(default)]
    pub hash: RawHash,
    pub signed: Option<String>,
    pub timestamp_header: Option<String>,
    #[serde(default = "tolerance")]
    pub tolerance: Length,
    pub secret_files: Vec<PathBuf>,
    #[serde(default)]
    pub secret_encoding: RawSecretEncoding,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawEncoding {
    #[default]
    Hex,
    Base64,
}

/// What it is made with.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawHash {
    #[default]
    Sha256,
    Sha512,
}

/// How the secret stands in its file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawSecretEncoding {
    #[default]
    Text,
    Hex,
    Base64,
}

/// `[source.mtls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCertificate {
    #[serde(default)]
    pub subjects: Vec<String>,
    #[serde(default)]
    pub fingerprints: Vec<String>,
}

/// `[source.jwt]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawJwt {
    pub issuer: String,
    pub audience: String,
    pub subject: Option<String>,
    pub jwks_url: Option<String>,
    #[serde(default)]
    pub allow_private: bool,
}

/// `[source.url]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawUrl {
    pub key_sha256: Vec<String>,
}
