//! Alerts by webhook: a thin JSON body, signed after Standard Webhooks, posted once per attempt.
//!
//! Same id and same bytes on every attempt; only the timestamp and so the signature differ. The status
//! alone decides; the answer's body is never read, so it can neither fill memory nor stall a success.

use super::letter::{Letter, wire_id};
use super::trouble::connection_trouble;
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::{self, Instant, NaiveDateTime, rfc3339};
use crate::domain::standard_webhooks::{self, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::shell::address_guard::{AddressGuard, OutOfBounds};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value, json};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Old and new, while one replaces the other.
const MOST_SECRETS: usize = 2;

/// Where alerts are posted, and how they prove themselves.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The receiver. `https` only, unless `allow_private`. Its path may hold a token, so it is never printed.
    pub url: String,
    /// One or two secrets, from [`standard_webhooks::read_secret`]; every attempt is signed with each.
    pub secrets: Vec<SecretSlice<u8>>,
    /// Whether the receiver may live on this machine or a private network, and speak plain `http`.
    pub allow_private: bool,
    /// The bound on one attempt, from the name look-up to the status line.
    pub timeout: Duration,
}

/// The webhook channel.
pub struct WebhookChannel {
    id: ChannelId,
    url: Url,
    secrets: Vec<SecretSlice<u8>>,
    guard: AddressGuard,
    timeout: Duration,
    client: Client,
}

impl WebhookChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that is none, holds credentials, is not `https`, or names an address out
    /// of bounds; for no secret or more than two; and when this machine has no certificate store.
    pub fn new(id: ChannelId, settings: WebhookSettings) -> Result<Self, ChannelFault> {
        let fault = |problem: &str, hint| ChannelFault { channel: id.clone(), problem: problem.to_owned(), hint };
        let guard = AddressGuard { allow_private: settings.allow_private };
        let url = Url::parse(&settings.url).map_err(|_| fault("`url` is no URL", "write `https://host/path`"))?;
        match url.scheme() {
            "https" => {}
            "http" if settings.allow_private => {}
            "http" => {
                return Err(fault(
                    "`url` is not encrypted",
                    "use `https`, or set `allow_private = true` for a receiver on your own network",
                ));
            }
            _ => return Err(fault("`url` is neither `https` nor `http`", "write `https://host/path`")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault("`url` holds a user name or password", "the signature proves the sender; leave credentials out"));
        }
        if let Some(Err(out_of_bounds)) = literal_address(&url).map(|address| guard.check(address)) {
            return Err(fault(
                &format!("`url` is refused: {out_of_bounds}"),
                "use a public address, or set `allow_private = true` for this channel",
            ));
        }
        if settings.secrets.is_empty() || settings.secrets.len() > MOST_SECRETS {
            return Err(fault("one or two secrets are needed", "`openssl rand -base64 32` makes one; put `whsec_` before it"));
        }
        super::check_timeout(&id, settings.timeout)?;
        super::install_crypto_provider();
        let client = Client::builder()
            .user_agent(concat!("watchbell/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!settings.allow_private)
            .timeout(settings.timeout)
            // A kept connection may be dead when the next alert comes, and was judged when it was made.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(guard))
            .build()
            .map_err(|_| {
                fault("the HTTP client cannot start", "check that this machine has a certificate store (`ca-certificates`)")
            })?;
        Ok(Self { id, url, secrets: settings.secrets, guard, timeout: settings.timeout, client })
    }

    async fn attempt(&self, letter: &Letter, now: Instant) -> Outcome {
        let body = body(letter);
        let message_id = wire_id(&letter.id);
        let timestamp_s = now.timestamp();
        let signatures: Vec<String> = self
            .secrets
            .iter()
            .map(|secret| standard_webhooks::sign(secret.expose_secret(), &message_id, timestamp_s, &body))
            .collect();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ID_HEADER, message_id)
            .header(TIMESTAMP_HEADER, timestamp_s)
            .header(SIGNATURE_HEADER, signatures.join(" "))
            .body(body);
        match request.send().await {
            Ok(response) => {
                let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                answered(response.status(), asked.and_then(|text| retry_after(text, now)))
            }
            Err(error) => failed(&error),
        }
    }

    /// Resolves the name and opens a connection, no more: a receiver must not take a probe for an alert.
    async fn connect(&self) -> Outcome {
        let Some(port) = self.url.port_or_known_default() else {
            return Outcome::permanent(FailureReason::Unreachable, "the URL names no port");
        };
        let addresses = match (literal_address(&self.url), self.url.host_str()) {
            (Some(address), _) => Ok(vec![(address, port).into()]),
            (None, name) => self.guard.resolve_name(name.unwrap_or_default(), port).await,
        };
        match addresses {
            Ok(addresses) => match tokio::net::TcpStream::connect(addresses.as_slice()).await {
                Ok(_) => Outcome::delivered("the receiver takes connections"),
                Err(error) => unreachable_receiver(&error),
            },
            Err(error) => out_of_bounds(error.as_ref()).unwrap_or_else(|| unreachable_receiver(error.as_ref())),
        }
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.secrets.len();
        let (allow_private, timeout) = (&self.allow_private, &self.timeout);
        f.debug_struct("WebhookSettings")
            .field("secrets", &secrets)
            .field("allow_private", allow_private)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookChannel").field("id", &self.id).field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Channel for WebhookChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, _to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, now))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { tokio::time::timeout(self.timeout, self.connect()).await.unwrap_or_else(|_| timed_out()) })
    }
}

/// The bytes to post. Nothing in them changes between attempts. What the letter says of itself wins over `facts`:
/// a drill must not pass for an alarm.
fn body(letter: &Letter) -> Vec<u8> {
    let mut data = match &letter.facts {
        Value::Object(facts) => facts.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("facts".to_owned(), other.clone())]),
    };
    let own = [
        ("alert", json!(letter.id)),
        ("incident", json!(letter.incident)),
        ("drill", json!(letter.drill)),
        ("urgency", json!(letter.urgency)),
        ("late_by_s", json!(letter.late_by_s)),
    ];
    data.extend(own.map(|(key, value)| (key.to_owned(), value)));
    json!({ "type": "watchbell.alert", "timestamp": rfc3339(letter.rung_at), "data": data }).to_string().into_bytes()
}

fn answered(status: StatusCode, retry_after: Option<instant::Duration>) -> Outcome {
    use FailureReason::{AuthError, ClientError, RateLimited, RefusedByPolicy, ServerError, TimedOut};
    let code = status.as_u16();
    let (reason, permanent, text) = match code {
        200..=299 => return Outcome::delivered(format!("HTTP {code}")),
        300..=399 => (RefusedByPolicy, true, "redirects are not followed\nhint: configure the final URL"),
        401 | 403 | 407 => (AuthError, true, "the receiver refused us\nhint: compare the secret on both sides"),
        408 => (TimedOut, false, "the receiver gave up waiting"),
        410 => {
            (ClientError, true, "the receiver is gone and wants no more alerts\nhint: configure another channel for these people")
        }
        425 | 429 => (RateLimited, false, "the receiver asks for fewer alerts"),
        400..=499 => (ClientError, true, "the receiver refused the alert"),
        500..=599 => (ServerError, false, "the receiver has a problem of its own"),
        _ => (ServerError, false, "the receiver gave an answer that means nothing here"),
    };
    Outcome::Failed { reason, text: format!("HTTP {code}: {text}"), retry_after, permanent }
}

fn failed(error: &reqwest::Error) -> Outcome {
    if let Some(outcome) = out_of_bounds(error) {
        return outcome;
    }
    if error.is_timeout() {
        return timed_out();
    }
    if error.is_connect() || error.is_dns() {
        return unreachable_receiver(error);
    }
    Outcome::transient(
        FailureReason::Unreachable,
        "the connection broke before the receiver answered; the alert may have arrived",
    )
}

fn unreachable_receiver(error: &(dyn std::error::Error + 'static)) -> Outcome {
    let cause = connection_trouble(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let text = format!("the receiver cannot be reached{cause}\nhint: check the URL's name, port and certificate");
    Outcome::transient(FailureReason::Unreachable, text)
}

fn timed_out() -> Outcome {
    Outcome::transient(FailureReason::TimedOut, "no answer from the receiver in time")
}

fn out_of_bounds(error: &(dyn std::error::Error + 'static)) -> Option<Outcome> {
    let mut causes = std::iter::successors(Some(error), |cause| cause.source());
    let found = causes.find_map(|cause| cause.downcast_ref::<OutOfBounds>())?;
    let text = format!("the URL is refused: {found}\nhint: set `allow_private = true` for this channel if that is meant");
    Some(Outcome::permanent(FailureReason::RefusedByPolicy, text))
}

/// The address in the URL itself. The URL parser has already read `2130706433`, `0x7f.1` and the like for what they are.
fn literal_address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110, 10.2.3); a date in the past is no wait.
fn retry_after(text: &str, now: Instant) -> Option<instant::Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(instant::Duration::seconds(seconds.into()));
    }
    let at = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?.and_utc();
    Some((at - now).max(instant::Duration::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    fn fault(url: &str, allow_private: bool, secrets: usize) -> Option<String> {
        let secrets = vec![SecretSlice::from(vec![7; 32]); secrets];
        let settings = WebhookSettings { url: url.into(), secrets, allow_private, timeout: Duration::from_secs(5) };
        WebhookChannel::new(ChannelId::new("soc"), settings).err().map(|fault| fault.to_string())
    }

    #[test]
    fn addresses_of_our_own_networks_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "169.254.169.254",
            "2130706433",
            "0x7f.1",
            "017700000001",
            "10.1",
            "100.64.0.1",
            "[fd00::1]",
        ] {
            let problem = fault(&format!("https://{host}/hook"), false, 1);
            assert!(problem.as_deref().is_some_and(|text| text.contains("`url` is refused")), "{host}: {problem:?}");
        }
        assert_eq!(fault("http://127.0.0.1:9/hook", true, 1), None);
        assert!(fault("http://169.254.169.254/latest", true, 1).is_some());
    }

    #[test]
    fn plain_http_credentials_and_missing_secrets_are_refused_without_repeating_the_url() {
        for (url, secrets) in [
            ("http://example.org/t0ken", 1),
            ("ftp://example.org/t0ken", 1),
            ("https://u:p@example.org/t0ken", 1),
            ("t0ken", 1),
            ("https://example.org/t0ken", 0),
            ("https://example.org/t0ken", 3),
        ] {
            let problem = fault(url, false, secrets);
            assert!(problem.as_deref().is_some_and(|text| !text.contains("t0ken")), "{url}: {problem:?}");
        }
        assert_eq!(fault("https://example.org/t0ken", false, 2), None);
    }

    #[test]
    fn settings_and_channel_never_print_the_path_or_a_secret() {
        let secrets = vec![SecretSlice::from(b"not so secret, but long enough".to_vec())];
        let settings = WebhookSettings {
            url: "https://example.org/t0ken".into(),
            secrets,
            allow_private: false,
            timeout: Duration::from_secs(5),
        };
        let channel = WebhookChannel::new(ChannelId::new("soc"), settings.clone()).expect("good settings");
        let printed = format!("{settings:?} {channel:?}");
        assert!(!printed.contains("t0ken") && !printed.contains("secret,") && !printed.contains("110, 111"), "{printed}");
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = parse_rfc3339("2026-11-20T12:00:00Z").expect("an instant");
        let seconds = |text| retry_after(text, now).map(|wait| wait.num_seconds());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Fri, 20 Nov 2026 12:05:00 GMT"), Some(300));
        assert_eq!(seconds("Fri, 20 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!((seconds("-5"), seconds("soon"), seconds("")), (None, None, None));
    }
}
