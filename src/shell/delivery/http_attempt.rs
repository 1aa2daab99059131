//! One HTTP request to a receiver, as every channel over HTTP makes it: a guarded address, no redirects, no
//! proxy, a bound on every step, and an answer that is read no further than it is needed.
//!
//! A URL may hold a token, so nothing here prints one.

use super::trouble::connection_trouble;
use super::{ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::{self, Instant, NaiveDateTime};
use crate::shell::address_guard::{AddressGuard, OutOfBounds};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// No answer that is read has more to say than this, in bytes; the rest is left.
const ANSWER_MAX: usize = 16 * 1024;
/// A connection takes no longer than this, whatever the whole attempt may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Where a channel over HTTP posts, and how far it may reach.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The receiver. `https` only, unless `allow_private`. Its path may hold a token.
    pub url: SecretString,
    /// Whether the receiver may live on this machine or a private network, and speak plain `http`.
    pub allow_private: bool,
    /// The bound on one attempt, from the name look-up to the end of what is read of the answer.
    pub timeout: Duration,
}

/// A receiver, ready to be posted to.
pub(super) struct Receiver {
    url: Url,
    guard: AddressGuard,
    timeout: Duration,
    client: Client,
}

/// What came back.
pub(super) struct Answered {
    status: StatusCode,
    retry_after: Option<instant::Duration>,
    /// As much of the body as was asked for.
    pub body: Vec<u8>,
}

/// Whether an answer's body matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// The status alone decides: the body can neither fill memory nor stall a success.
    Ignored,
    /// It says whether the alert was taken.
    Read,
}

impl Receiver {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that is none, holds credentials, is not `https`, or names an address out
    /// of bounds; for a timeout of zero; and when this machine has no certificate store.
    pub fn new(id: &ChannelId, settings: &HttpSettings) -> Result<Self, ChannelFault> {
        let fault = |problem: &str, hint| ChannelFault { channel: id.clone(), problem: problem.to_owned(), hint };
        let guard = AddressGuard { allow_private: settings.allow_private };
        let url = Url::parse(settings.url.expose_secret()).map_err(|_| fault("`url` is no URL", "write `https://host/path`"))?;
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
            return Err(fault(
                "`url` holds a user name or password",
                "a secret or token proves the sender; leave credentials out",
            ));
        }
        if let Some(Err(out_of_bounds)) = literal_address(&url).map(|address| guard.check(address)) {
            return Err(fault(
                &format!("`url` is refused: {out_of_bounds}"),
                "use a public address, or set `allow_private = true` for this channel",
            ));
        }
        super::check_timeout(id, settings.timeout)?;
        super::install_crypto_provider();
        let client = Client::builder()
            .user_agent(concat!("watchbell/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!settings.allow_private)
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout.min(CONNECT_MAX))
            // A kept connection may be dead when the next alert comes, and was judged when it was made.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(guard))
            .build()
            .map_err(|_| {
                fault("the HTTP client cannot start", "check that this machine has a certificate store (`ca-certificates`)")
            })?;
        Ok(Self { url, guard, timeout: settings.timeout, client })
    }

    /// The machine it is on; all of the URL that may be shown.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// A POST of these bytes, to be furnished with headers.
    pub fn post(&self, content_type: &str, body: Vec<u8>) -> RequestBuilder {
        self.client.post(self.url.clone()).header(CONTENT_TYPE, content_type).body(body)
    }

    /// Sends a request once. An answer of 2xx comes back; everything else is the failure to report.
    pub async fn send(&self, request: RequestBuilder, body: Body, now: Instant) -> Result<Answered, Outcome> {
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = asked.and_then(|text| retry_after(text, now));
        let status = response.status();
        let mut answered = Answered { status, retry_after, body: Vec::new() };
        if body == Body::Read {
            // Of a refusal the body only explains, so that a broken one changes nothing.
            match read_some(&mut response).await {
                Ok(bytes) => answered.body = bytes,
                Err(error) if status.is_success() => return Err(failed(&error)),
                Err(_) => {}
            }
        }
        if status.is_success() { Ok(answered) } else { Err(answered.refusal()) }
    }

    /// Resolves the name and opens a connection, no more: a receiver must not take a probe for an alert.
    pub async fn probe(&self) -> Outcome {
        tokio::time::timeout(self.timeout, self.connect()).await.unwrap_or_else(|_| timed_out())
    }

    async fn connect(&self) -> Outcome {
        let Some(port) = self.url.port_or_known_default() else {
            return Outcome::permanent(FailureReason::Unreachable, "the URL names no port");
        };
        let addresses = match literal_address(&self.url) {
            Some(address) => Ok(vec![(address, port).into()]),
            None => self.guard.resolve_name(self.host(), port).await,
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

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("host", &self.host()).finish_non_exhaustive()
    }
}

async fn read_some(response: &mut Response) -> reqwest::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_MAX
        && let Some(chunk) = response.chunk().await?
    {
        bytes.extend(chunk.iter().take(ANSWER_MAX - bytes.len()));
    }
    Ok(bytes)
}

impl Answered {
    /// The status as a receipt.
    pub fn receipt(&self) -> String {
        format!("HTTP {}", self.status.as_u16())
    }

    /// How long the receiver asked to be left alone.
    pub fn retry_after(&self) -> Option<instant::Duration> {
        self.retry_after
    }

    /// The failure when a 2xx does not say what this receiver says when it takes an alert: most likely
    /// somebody else answers at that address.
    pub fn strange(&self, who: &str) -> Outcome {
        let text = format!(
            "{}, but not in the way {who} answers; the alert may have arrived\nhint: check the URL, and what stands before the receiver",
            self.receipt()
        );
        Outcome::Failed { reason: FailureReason::ServerError, text, retry_after: self.retry_after, permanent: false }
    }

    fn refusal(&self) -> Outcome {
        use FailureReason::{AuthError, ClientError, RateLimited, RefusedByPolicy, ServerError, TimedOut};
        let code = self.status.as_u16();
        let (reason, permanent, text) = match code {
            300..=399 => (RefusedByPolicy, true, "redirects are not followed\nhint: configure the final URL"),
            401 | 403 | 407 => (AuthError, true, "the receiver refused us\nhint: compare the secret on both sides"),
            408 => (TimedOut, false, "the receiver gave up waiting"),
            410 => (
                ClientError,
                true,
                "the receiver is gone and wants no more alerts\nhint: configure another channel for these people",
            ),
            425 | 429 => (RateLimited, false, "the receiver asks for fewer alerts"),
            400..=499 => (ClientError, true, "the receiver refused the alert"),
            500..=599 => (ServerError, false, "the receiver has a problem of its own"),
            _ => (ServerError, false, "the receiver gave an answer that means nothing here"),
        };
        let said = code_word(&self.body).map(|word| format!(" ({word})")).unwrap_or_default();
        let text = format!("HTTP {code}{said}: {text}");
        Outcome::Failed { reason, text, retry_after: self.retry_after, permanent }
    }
}

/// A body that is one word of a protocol, such as `channel_is_archived`; anything longer is not quoted.
pub(super) fn code_word(body: &[u8]) -> Option<&str> {
    let word = std::str::from_utf8(body).ok()?.trim();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    ((2..=40).contains(&word.len()) && word.bytes().all(plain)).then_some(word)
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

    fn fault(url: &str, allow_private: bool) -> Option<String> {
        let settings = HttpSettings { url: url.into(), allow_private, timeout: Duration::from_secs(5) };
        Receiver::new(&ChannelId::new("soc"), &settings).err().map(|fault| fault.to_string())
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
            let problem = fault(&format!("https://{host}/hook"), false);
            assert!(problem.as_deref().is_some_and(|text| text.contains("`url` is refused")), "{host}: {problem:?}");
        }
        assert_eq!(fault("http://127.0.0.1:9/hook", true), None);
        assert!(fault("http://169.254.169.254/latest", true).is_some());
    }

    #[test]
    fn plain_http_and_credentials_are_refused_without_repeating_the_url() {
        for url in ["http://example.org/t0ken", "ftp://example.org/t0ken", "https://u:p@example.org/t0ken", "t0ken"] {
            let problem = fault(url, false);
            assert!(problem.as_deref().is_some_and(|text| !text.contains("t0ken")), "{url}: {problem:?}");
        }
        assert_eq!(fault("https://example.org/t0ken", false), None);
    }

    #[test]
    fn settings_and_receiver_never_print_the_path() {
        let url = "https://example.org/t0ken".into();
        let settings = HttpSettings { url, allow_private: false, timeout: Duration::from_secs(5) };
        let receiver = Receiver::new(&ChannelId::new("soc"), &settings).expect("good settings");
        let printed = format!("{settings:?} {receiver:?}");
        assert!(!printed.contains("t0ken"), "{printed}");
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

    #[test]
    fn only_a_protocols_own_word_is_quoted() {
        assert_eq!(code_word(b"channel_is_archived\n"), Some("channel_is_archived"));
        for body in [&b""[..], b"<html>", b"no such user bob@example.org", b"UPPER", &[b'a'; 41], b"\xff"] {
            assert_eq!(code_word(body), None, "{body:?}");
        }
    }
}
