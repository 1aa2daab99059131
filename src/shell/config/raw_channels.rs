//! Channels as written: a name and one of the kinds.

use super::raw::{Length, RawAddress};
use crate::domain::instant::Duration;
use crate::shell::delivery::SmtpTls;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawChannel {
    pub id: String,
    pub fallback: Option<RawAddress>,
    #[serde(default)]
    pub tracks: bool,
    pub email: Option<RawEmail>,
    pub webhook: Option<RawWebhook>,
    pub slack: Option<RawSlack>,
    pub teams: Option<RawTeams>,
    pub pagerduty: Option<RawPagerDuty>,
    pub ntfy: Option<RawNtfy>,
    pub command: Option<RawCommand>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEmail {
    pub host: String,
    #[serde(default = "submission_port")]
    pub port: u16,
    #[serde(default = "starttls")]
    pub tls: SmtpTls,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    pub from: String,
    pub hello_name: Option<String>,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWebhook {
    pub url: Option<String>,
    pub url_file: Option<PathBuf>,
    pub secret_files: Vec<PathBuf>,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSlack {
    pub url_file: Option<PathBuf>,
    pub bot_token_file: Option<PathBuf>,
    pub api_url: Option<String>,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTeams {
    pub url_file: PathBuf,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPagerDuty {
    pub routing_key_file: PathBuf,
    pub url: Option<String>,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNtfy {
    pub url: String,
    pub token_file: Option<PathBuf>,
    #[serde(default)]
    pub allow_private: bool,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCommand {
    pub argv: Vec<String>,
    #[serde(default = "channel_timeout")]
    pub timeout: Length,
}

fn submission_port() -> u16 {
    587
}

fn starttls() -> SmtpTls {
    SmtpTls::Starttls
}

fn channel_timeout() -> Length {
    Length(Duration::seconds(20))
}
