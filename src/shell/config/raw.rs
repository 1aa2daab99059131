//! The configuration as written.

use super::raw_channels::RawChannel;
use super::raw_credentials::{RawBasic, RawCertificate, RawHeader, RawHmac, RawJwt, RawUrl};
use crate::domain::escalation::{DayOff, Ladder, Rota, parse_length};
use crate::domain::facts::FactEntry;
use crate::domain::instant::{Duration, NaiveDate, Zone};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `watchbell.toml`. Every key is explained in `config.example.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    #[serde(default)]
    pub server: RawServer,
    pub store: RawStore,
    #[serde(default)]
    pub rules: RawRules,
    #[serde(default)]
    pub drafts: RawDrafts,
    #[serde(default)]
    pub log: RawLog,
    #[serde(default)]
    pub acknowledge: RawAcknowledge,
    #[serde(default)]
    pub escalation: RawEscalation,
    #[serde(default)]
    pub operator: RawOperator,
    #[serde(default)]
    pub payloads: RawPayloads,
    #[serde(default, rename = "join")]
    pub joins: Vec<RawJoin>,
    pub heartbeat: Option<RawHeartbeat>,
    #[serde(default, rename = "organisation")]
    pub organisations: Vec<RawOrganisation>,
    #[serde(default, rename = "counsel")]
    pub counsel: Vec<RawCounsel>,
    #[serde(default, rename = "source")]
    pub sources: Vec<RawSource>,
    #[serde(default, rename = "person")]
    pub people: Vec<RawPerson>,
    #[serde(default, rename = "channel")]
    pub channels: Vec<RawChannel>,
    #[serde(default, rename = "team")]
    pub teams: Vec<RawTeam>,
    #[serde(default, rename = "rota")]
    pub rotas: Vec<Rota>,
    #[serde(default, rename = "ladder")]
    pub ladders: Vec<Ladder>,
    #[serde(default, rename = "fact")]
    pub facts: Vec<FactEntry>,
}

/// A standing word of counsel about a place or a regime that no pack covers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCounsel {
    pub place: Option<String>,
    pub regime: Option<String>,
    pub organisation: Option<String>,
    pub says: String,
    pub by: String,
    pub on: NaiveDate,
    pub until: NaiveDate,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawServer {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub body_limit_kib: u32,
    pub request_timeout: Length,
    pub body_timeout: Length,
    pub bodies_mib: u32,
    pub connections_max: u32,
    pub trusted_proxies: Vec<Network>,
    pub forwarded_header: ForwardedHeader,
    pub tls: Option<RawTls>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHeartbeat {
    pub url: Option<String>,
    pub url_file: Option<PathBuf>,
    #[serde(default = "heartbeat_every")]
    pub every: Length,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "heartbeat_timeout")]
    pub timeout: Length,
}

fn heartbeat_every() -> Length {
    Length(Duration::minutes(1))
}
fn heartbeat_timeout() -> Length {
    Length(Duration::seconds(10))
}

/// In which header the proxies say whom they speak for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: Option<PathBuf>,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8740)),
            public_url: None,
            body_limit_kib: 1024,
            request_timeout: Length(Duration::seconds(30)),
            body_timeout: Length(Duration::seconds(10)),
            bodies_mib: 64,
            connections_max: 2048,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            tls: None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStore {
    pub path: PathBuf,
    #[serde(default = "segment_mib")]
    pub segment_mib: u32,
}

fn segment_mib() -> u32 {
    64
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRules {
    pub dir: Option<PathBuf>,
    pub with: Vec<String>,
    pub without: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDrafts {
    pub path: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLog {
    pub format: LogFormat,
    pub level: String,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAcknowledge {
    pub lease: Length,
    pub last_call: Length,
}

impl Default for RawAcknowledge {
    fn default() -> Self {
        Self { lease: Length(Duration::hours(4)), last_call: Length(Duration::hours(2)) }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawEscalation {
    pub ring_shadow: bool,
    pub per_recipient: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawOperator {
    pub team: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOrganisation {
    pub id: String,
    pub name: String,
    pub zone: Zone,
    #[serde(default)]
    pub facts: BTreeMap<String, toml::Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    pub name: String,
    pub mapping: String,
    pub organisations: Vec<String>,
    #[serde(default)]
    pub token_sha256: Vec<String>,
    #[serde(default)]
    pub token_files: Vec<PathBuf>,
    #[serde(default)]
    pub webhook_secret_files: Vec<PathBuf>,
    #[serde(default = "tolerance")]
    pub webhook_tolerance: Length,
    pub heartbeat: Option<Length>,
    pub header: Option<RawHeader>,
    pub basic: Option<RawBasic>,
    pub hmac: Option<RawHmac>,
    pub mtls: Option<RawCertificate>,
    pub jwt: Option<RawJwt>,
    pub url: Option<RawUrl>,
    #[serde(default)]
    pub require: Vec<String>,
    #[serde(default)]
    pub addresses: Vec<Network>,
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    #[serde(default)]
    pub sns_topics: Vec<String>,
    #[serde(default)]
    pub facts: BTreeMap<String, toml::Value>,
}

pub(super) fn tolerance() -> Length {
    Length(Duration::minutes(5))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPerson {
    pub name: String,
    #[serde(default)]
    pub token_sha256: Vec<String>,
    #[serde(default)]
    pub token_files: Vec<PathBuf>,
    #[serde(default)]
    pub calendar_token_sha256: Vec<String>,
    #[serde(default)]
    pub may: Vec<May>,
    #[serde(default)]
    pub reach: Vec<RawAddress>,
    pub zone: Option<Zone>,
    #[serde(default)]
    pub days_off: Vec<DayOff>,
}

/// What a person may do through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum May {
    /// See incidents, clocks and notices.
    Read,
    /// Answer questions, acknowledge, meet, determine.
    Act,
    /// Reload configuration and rules.
    Operate,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawJoin {
    pub sources: Vec<String>,
    pub same: Vec<String>,
    pub within: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTeam {
    pub name: String,
    pub members: Vec<RawMember>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMember {
    pub channel: Option<String>,
    #[serde(default)]
    pub to: String,
    pub person: Option<String>,
    pub rota: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAddress {
    pub channel: String,
    #[serde(default)]
    pub to: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawPayloads {
    pub keep: String,
    pub redact: Vec<String>,
    #[serde(rename = "rule")]
    pub rules: Vec<RawRedaction>,
}

impl Default for RawPayloads {
    fn default() -> Self {
        Self { keep: "90d".into(), redact: ["secrets", "cards", "us-ssn"].map(str::to_owned).into(), rules: Vec::new() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRedaction {
    pub name: String,
    pub field: Option<String>,
    pub pointer: Option<String>,
    pub pattern: Option<String>,
}

/// A length of time, written `30s`, `5m`, `4h` or `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        parse_length(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no length of time; write `30s`, `5m`, `4h`, `2d` or `1d6h`"))
        })
    }
}

/// A network, `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let network = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is no network; write `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`"))
        })
    }
}
