//! Alerts by e-mail over SMTP. The only user of lettre.
//!
//! A connection serves one letter. A pool would hand a connection whose send was cut short by our timeout
//! to the next letter, which would then read the answers meant for the first; a handshake per alert is a
//! small price for a reply that certainly belongs to the message it follows.

use super::letter::{Letter, Urgency, one_line, token, wire_id};
use super::letter_body::{html_body, text_body};
use super::trouble::connection_trouble;
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::time::Duration;

/// Where mail leaves the house.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The submission server's name or address.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with implicit TLS, 25 inside.
    pub port: u16,
    /// How the connection is secured.
    pub tls: SmtpTls,
    /// Who signs in; with `password`, or neither.
    pub username: Option<String>,
    /// The password. Refused without TLS unless the server is this machine.
    pub password: Option<SecretString>,
    /// The sender, `watchbell@example.org` or `Watchbell <watchbell@example.org>`.
    pub from: String,
    /// The name given in EHLO; this host's name when absent.
    pub hello_name: Option<String>,
    /// The bound on one attempt, from the name look-up to the last reply.
    pub timeout: Duration,
}

/// How an SMTP connection is secured. There is no "if available": that is none, to whoever sits between.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmtpTls {
    /// Not at all; for a relay on this machine.
    None,
    /// Plain at first, then STARTTLS or nothing.
    Starttls,
    /// TLS from the first byte.
    Implicit,
}

/// The e-mail channel.
#[derive(Debug)]
pub struct EmailChannel {
    id: ChannelId,
    settings: EmailSettings,
    from: Mailbox,
    hello: ClientId,
}

impl EmailChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a sender that is no address or has no ASCII domain, a host or EHLO name with odd
    /// characters, half a pair of credentials, a password that would travel in the clear, or a timeout of zero.
    pub fn new(id: ChannelId, settings: EmailSettings) -> Result<Self, ChannelFault> {
        let fault = |problem: String, hint| ChannelFault { channel: id.clone(), problem, hint };
        let from: Mailbox = settings.from.parse().map_err(|_| {
            fault(format!("`from` is `{}`, which is no mail address", settings.from), "write `Watchbell <watchbell@example.org>`")
        })?;
        if !from.email.domain().is_ascii() {
            return Err(fault("the domain of `from` has letters beyond ASCII".into(), "write it in its ASCII form, `xn--...`"));
        }
        if !is_host(&settings.host) {
            return Err(fault(
                format!("`host` is `{}`, which is no host name", settings.host),
                "write a name or an IP address, without port",
            ));
        }
        if let Some(name) = settings.hello_name.as_deref().filter(|name| !is_host(name)) {
            return Err(fault(
                format!("`hello_name` is `{name}`, which is no host name"),
                "write this machine's full name, or leave it out",
            ));
        }
        if settings.username.is_some() != settings.password.is_some() {
            return Err(fault("`username` and `password` go together, and one is missing".into(), "give both, or neither"));
        }
        if settings.password.is_some() && settings.tls == SmtpTls::None && !is_this_machine(&settings.host) {
            return Err(fault(
                "the password would travel in the clear".into(),
                "set `tls = \"starttls\"` or `tls = \"implicit\"`",
            ));
        }
        super::check_timeout(&id, settings.timeout)?;
        let hello = settings.hello_name.clone().map_or_else(ClientId::default, ClientId::Domain);
        Ok(Self { id, settings, from, hello })
    }

    /// The message as it goes over the wire, with every header.
    ///
    /// # Errors
    /// The failure to report when `to` is no mail address.
    fn message(&self, letter: &Letter, to: &str, now: Instant) -> Result<Message, Outcome> {
        let refused = |text| Outcome::permanent(FailureReason::ClientError, text);
        let to: Address = to
            .parse()
            .map_err(|_| refused("the recipient's address is not a mail address\nhint: correct it in the configuration"))?;
        let domain = self.from.email.domain();
        let thread = format!("<thread-{}@{domain}>", token(&letter.thread));
        let subject = if letter.drill { format!("[DRILL] {}", letter.subject) } else { letter.subject.clone() };
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&subject))
            .date(now.into())
            .message_id(Some(format!("<{}@{domain}>", wire_id(&letter.id))))
            .in_reply_to(thread.clone())
            .references(thread)
            .header(Extra::<AutoSubmitted>::new("auto-generated"))
            .header(Extra::<ListId>::new(format!("Watchbell alerts <alerts.watchbell.{domain}>")))
            .header(Extra::<AlertHeader>::new(wire_id(&letter.id)));
        let leads = letter.facts.get("clock").and_then(|clock| clock.as_str().or_else(|| clock.get("id")?.as_str()));
        if letter.clocks.len() > 1 {
            message = message.header(Extra::<ClockHeader>::new(letter.clocks.join(", ")));
        } else if let Some(clock) = leads {
            message = message.header(Extra::<ClockHeader>::new(clock));
        }
        if letter.urgency >= Urgency::Critical {
            message = message.header(Extra::<Importance>::new("high")).header(Extra::<Priority>::new("1"));
        }
        message
            .multipart(MultiPart::alternative_plain_html(text_body(letter), html_body(letter)))
            .map_err(|_| refused("the message could not be put together\nhint: check the sender's address in the configuration"))
    }

    /// Connects, secures and signs in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Outcome> {
        super::install_crypto_provider();
        let settings = &self.settings;
        let tls = || TlsParameters::new(settings.host.clone()).map_err(|error| failed(Stage::Secure, &error));
        let implicit = if settings.tls == SmtpTls::Implicit { Some(tls()?) } else { None };
        let server = (settings.host.as_str(), settings.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(settings.timeout), &self.hello, implicit, None)
            .await
            .map_err(|error| failed(Stage::Connect, &error))?;
        if settings.tls == SmtpTls::Starttls {
            connection.starttls(tls()?, &self.hello).await.map_err(|error| failed(Stage::Secure, &error))?;
        }
        if let (Some(username), Some(password)) = (&settings.username, &settings.password) {
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| failed(Stage::SignIn, &error))?;
        }
        Ok(connection)
    }

    async fn attempt(&self, message: Message) -> Outcome {
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            Err(outcome) => return outcome,
        };
        match connection.send(message.envelope(), &message.formatted()).await {
            // The message is theirs now. A server that dawdles over the goodbye changes nothing about that.
            Ok(response) => {
                let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
                Outcome::delivered(format!("{} from the mail server", response.code()))
            }
            Err(error) => failed(Stage::Send, &error),
        }
    }

    async fn within_timeout(&self, attempt: impl Future<Output = Outcome>) -> Outcome {
        match tokio::time::timeout(self.settings.timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::transient(
                FailureReason::TimedOut,
                format!(
                    "no answer from the mail server `{}` within {} s",
                    self.settings.host,
                    self.settings.timeout.as_secs_f32()
                ),
            ),
        }
    }
}

impl Channel for EmailChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "email"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match self.message(letter, to, now) {
                Ok(message) => self.within_timeout(self.attempt(message)).await,
                Err(outcome) => outcome,
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.within_timeout(async {
            match self.open().await {
                Ok(mut connection) => {
                    let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
                    Outcome::delivered("the mail server is ready")
                }
                Err(outcome) => outcome,
            }
        }))
    }
}

const GOODBYE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connect,
    Secure,
    SignIn,
    Send,
}

impl Stage {
    fn hint(self) -> &'static str {
        match self {
            Self::Connect => "\nhint: check `host`, `port` and `tls`",
            Self::Secure => "\nhint: check `tls` and the server's certificate",
            Self::SignIn | Self::Send => "",
        }
    }
}

/// Sorts an error. Only codes of a reply are quoted: its words may hold addresses.
fn failed(stage: Stage, error: &lettre::transport::smtp::Error) -> Outcome {
    use FailureReason::{AuthError, ClientError, ServerError, TimedOut, Unreachable};
    if let Some(code) = error.status() {
        let reply = error.source().map(ToString::to_string).unwrap_or_default();
        let said = enhanced_status(&reply).map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"));
        let permanent = error.is_permanent();
        return match stage {
            Stage::SignIn => refusal(AuthError, permanent, format!("the mail server refused the sign-in: {said}")),
            // 530, 534, 535 and 538 ask for a sign-in at a later command (RFC 4954).
            _ if matches!(u16::from(code), 530 | 534 | 535 | 538) => {
                refusal(AuthError, permanent, format!("the mail server wants a sign-in: {said}"))
            }
            _ if permanent => refusal(ClientError, true, format!("the mail server refused the message: {said}")),
            _ => refusal(ServerError, false, format!("the mail server put the message off: {said}")),
        };
    }
    if error.is_timeout() {
        return Outcome::transient(TimedOut, "the mail server did not take the connection in time");
    }
    let what = match stage {
        Stage::SignIn if error.is_client() => {
            return refusal(AuthError, true, "the mail server offers no way to sign in that is known here".into());
        }
        Stage::Send if error.is_client() => {
            return refusal(ClientError, true, "the mail server cannot take an address with letters beyond ASCII".into());
        }
        Stage::Secure if error.is_client() => "the mail server offers no STARTTLS",
        Stage::Connect => "the mail server cannot be reached",
        Stage::Secure => "the connection to the mail server could not be secured",
        Stage::SignIn => "the connection to the mail server broke during the sign-in",
        Stage::Send => "the connection broke before the mail server answered; the message may have arrived",
    };
    let cause = connection_trouble(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Outcome::transient(Unreachable, format!("{what}{cause}{}", stage.hint()))
}

fn refusal(reason: FailureReason, permanent: bool, text: String) -> Outcome {
    Outcome::Failed { reason, text, retry_after: None, permanent }
}

/// The status of RFC 3463, such as `5.1.1`, that a reply's text may begin with.
fn enhanced_status(reply: &str) -> Option<&str> {
    let word = reply.split_ascii_whitespace().next()?;
    let mut parts = word.split('.');
    let class = parts.next()?;
    let short_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let rest: Vec<&str> = parts.collect();
    (matches!(class, "4" | "5") && rest.len() == 2 && rest.iter().all(|part| short_number(part))).then_some(word)
}

fn is_host(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A header lettre does not know. The value is folded and encoded by lettre, so it cannot start another header.
trait ExtraName {
    const NAME: &'static str;
}
macro_rules! extra_headers {
    ($($marker:ident = $name:literal),*) => {
        $(#[derive(Clone)] struct $marker; impl ExtraName for $marker { const NAME: &'static str = $name; })*
    };
}
extra_headers!(
    AutoSubmitted = "Auto-Submitted",
    ListId = "List-Id",
    AlertHeader = "X-Watchbell-Alert",
    ClockHeader = "X-Watchbell-Clock",
    Importance = "Importance",
    Priority = "X-Priority"
);

#[derive(Clone)]
struct Extra<N> {
    value: String,
    name: std::marker::PhantomData<N>,
}

impl<N> Extra<N> {
    fn new(value: impl AsRef<str>) -> Self {
        Self { value: one_line(value.as_ref()), name: std::marker::PhantomData }
    }
}

impl<N: ExtraName + Clone> Header for Extra<N> {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(N::NAME)
    }
    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::new(text))
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> EmailSettings {
        EmailSettings {
            host: "mail.example.org".into(),
            port: 587,
            tls: SmtpTls::Starttls,
            username: Some("watchbell".into()),
            password: Some("not so secret".to_owned().into()),
            from: "Watchbell <watchbell@example.org>".into(),
            hello_name: None,
            timeout: Duration::from_secs(20),
        }
    }

    fn problem(change: impl FnOnce(&mut EmailSettings)) -> Option<String> {
        let mut settings = settings();
        change(&mut settings);
        EmailChannel::new(ChannelId::new("mail"), settings).err().map(|fault| fault.problem)
    }

    #[test]
    fn good_settings_pass() {
        assert_eq!(problem(|_| {}), None);
        assert_eq!(problem(|s| (s.tls, s.host) = (SmtpTls::None, "127.0.0.1".into())), None);
        assert_eq!(problem(|s| (s.tls, s.username, s.password) = (SmtpTls::None, None, None)), None);
    }

    #[test]
    fn each_fault_in_the_settings_is_named() {
        let says = |problem: Option<String>, needle: &str| {
            assert!(problem.as_deref().is_some_and(|p| p.contains(needle)), "{problem:?}")
        };
        says(problem(|s| s.from = "nobody".into()), "`nobody`, which is no mail address");
        says(problem(|s| s.host = "mail\r\nRCPT".into()), "no host name");
        says(problem(|s| s.hello_name = Some("a b".into())), "`hello_name`");
        says(problem(|s| s.password = None), "go together");
        says(problem(|s| s.tls = SmtpTls::None), "in the clear");
        says(problem(|s| s.from = "watchbell@krankenhaus-zürich.example".into()), "beyond ASCII");
        says(problem(|s| s.timeout = Duration::ZERO), "`timeout` is zero");
    }

    #[test]
    fn settings_and_channel_never_print_the_password() {
        let channel = EmailChannel::new(ChannelId::new("mail"), settings()).expect("good settings");
        assert!(!format!("{channel:?}").contains("not so secret"));
    }

    #[test]
    fn only_a_well_formed_enhanced_status_is_quoted() {
        assert_eq!(enhanced_status("5.1.1 <bob@example.org>: unknown"), Some("5.1.1"));
        for reply in ["", "bob@example.org unknown", "5.1", "5.1.1.1 x", "2.0.0 ok", "5.bob.1"] {
            assert_eq!(enhanced_status(reply), None, "{reply}");
        }
    }
}
