//! Webhooks against a receiver of our own.

use super::receiver::Receiver;
use super::{failure, instant, is_delivered, letter, text_of};
use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretSlice};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant;
use watchbell::domain::standard_webhooks::{TOLERANCE_S, read_secret, sign, verify};
use watchbell::shell::delivery::{
    Channel, FailureReason, HttpSettings, Outcome, WebhookChannel, WebhookSettings, backoff, wire_id,
};

const PATIENCE: Duration = Duration::from_secs(20);
const OLD_SECRET: [u8; 32] = [1; 32];
const NEW_SECRET: [u8; 32] = [2; 32];

fn settings(url: &str) -> WebhookSettings {
    WebhookSettings {
        http: HttpSettings { url: url.into(), allow_private: true, timeout: Duration::from_secs(10) },
        secrets: vec![SecretSlice::from(NEW_SECRET.to_vec()), SecretSlice::from(OLD_SECRET.to_vec())],
    }
}

fn channel(url: &str) -> WebhookChannel {
    WebhookChannel::new(ChannelId::new("soc-webhook"), settings(url)).expect("good settings")
}

fn now() -> instant::Instant {
    instant("2026-03-27T07:48:05Z")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_else(|| panic!("no `{name}`"))
}

#[tokio::test]
async fn an_alert_is_posted_thin_and_signed_with_both_secrets() {
    let receiver = Receiver::start().await;
    let outcome = channel(&receiver.url()).deliver(&letter("al-1"), "ignored", now()).await;
    assert_eq!(outcome, Outcome::Delivered { receipt: "HTTP 204".into() });

    let (headers, body) = receiver.requests().pop().expect("one request");
    assert_eq!(header(&headers, "content-type"), "application/json");
    assert_eq!(header(&headers, "user-agent"), concat!("watchbell/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header(&headers, "webhook-id"), "al-1");
    assert_eq!(header(&headers, "webhook-timestamp"), now().timestamp().to_string());
    let signature = header(&headers, "webhook-signature");
    assert_eq!(signature.split(' ').count(), 2);
    for secret in [OLD_SECRET, NEW_SECRET] {
        let timestamp = header(&headers, "webhook-timestamp");
        assert_eq!(verify(&[secret], "al-1", timestamp, &body, signature, now().timestamp(), TOLERANCE_S), Ok(()));
    }

    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["type"], "watchbell.alert");
    assert_eq!(body["timestamp"], "2026-03-27T07:48:00Z");
    assert_eq!(body["data"]["clock"]["id"], "clk-41");
    assert_eq!(body["data"]["drill"], false);
    assert_eq!(body["data"]["urgency"], "critical");
    let text = body.to_string();
    for words in [letter("al-1").heading, letter("al-1").asked] {
        assert!(!text.contains(&words), "only `facts` travels: {text}");
    }
}

#[tokio::test]
async fn the_reference_library_accepts_what_is_sent() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the reference library reads the wall clock, so the attempt must be of this moment"
    )]
    let now = chrono::Utc::now();
    let receiver = Receiver::start().await;
    assert!(is_delivered(&channel(&receiver.url()).deliver(&letter("al-1"), "", now).await));
    let (headers, body) = receiver.requests().pop().expect("one request");
    for secret in [OLD_SECRET, NEW_SECRET] {
        let oracle = standardwebhooks::Webhook::from_bytes(secret.to_vec()).expect("a key");
        oracle.verify(&body, &headers).expect("the reference library accepts it");
    }
    let stranger = standardwebhooks::Webhook::from_bytes(vec![9; 32]).expect("a key");
    assert!(stranger.verify(&body, &headers).is_err());
}

#[test]
fn the_published_test_vector_verifies_here() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples/standard-webhooks/symmetric-test-vector.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the collected samples are not here");
        return;
    };
    let vector: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let field = |name: &str| vector[name].as_str().unwrap_or_else(|| panic!("no `{name}`"));
    let secret = read_secret(field("secret")).expect("a secret");
    let timestamp_s: i64 = field("webhook-timestamp").parse().expect("a number");
    let (id, body) = (field("webhook-id"), field("body_exact").as_bytes());
    assert_eq!(sign(secret.expose_secret(), id, timestamp_s, body), field("webhook-signature"));
    let signature = field("webhook-signature");
    let secrets = [secret.expose_secret()];
    assert_eq!(verify(&secrets, id, field("webhook-timestamp"), body, signature, timestamp_s, TOLERANCE_S), Ok(()));
}

#[tokio::test]
async fn a_retry_repeats_id_and_body_and_signs_anew() {
    let receiver = Receiver::start().await;
    let channel = channel(&receiver.url());
    receiver.answers(503, &[]);
    assert_eq!(failure(&channel.deliver(&letter("al-1"), "", now()).await), (FailureReason::ServerError, false));
    receiver.answers(200, &[]);
    let later = now() + instant::Duration::minutes(5);
    assert!(is_delivered(&channel.deliver(&letter("al-1"), "", later).await));
    let requests = receiver.requests();
    let [(first, first_body), (second, second_body)] = requests.as_slice() else { panic!("two requests") };
    assert_eq!(first_body, second_body);
    assert_eq!(header(first, "webhook-id"), header(second, "webhook-id"));
    assert_ne!(header(first, "webhook-timestamp"), header(second, "webhook-timestamp"));
    assert_ne!(header(first, "webhook-signature"), header(second, "webhook-signature"));
}

#[tokio::test]
async fn facts_cannot_pass_a_drill_off_as_an_alarm() {
    let receiver = Receiver::start().await;
    let mut letter = letter("al.odd id");
    letter.drill = true;
    letter.facts = serde_json::json!({ "drill": false });
    assert!(is_delivered(&channel(&receiver.url()).deliver(&letter, "", now()).await));
    let (headers, body) = receiver.requests().pop().expect("one request");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["data"]["drill"], true);
    assert_eq!(header(&headers, "webhook-id"), wire_id(&letter.id));
    assert!(!header(&headers, "webhook-id").contains('.'));
}

#[tokio::test]
async fn every_status_is_sorted() {
    use FailureReason::{AuthError, ClientError, RateLimited, RefusedByPolicy, ServerError, TimedOut};
    let receiver = Receiver::start().await;
    let channel = channel(&receiver.url());
    for status in [200, 201, 202, 204, 299] {
        receiver.answers(status, &[]);
        assert!(is_delivered(&channel.deliver(&letter("al-1"), "", now()).await), "{status}");
    }
    for (status, expected) in [
        (302, (RefusedByPolicy, true)),
        (400, (ClientError, true)),
        (401, (AuthError, true)),
        (403, (AuthError, true)),
        (404, (ClientError, true)),
        (408, (TimedOut, false)),
        (410, (ClientError, true)),
        (429, (RateLimited, false)),
        (500, (ServerError, false)),
        (502, (ServerError, false)),
        (503, (ServerError, false)),
        (504, (ServerError, false)),
    ] {
        receiver.answers(status, &[]);
        let outcome = channel.deliver(&letter("al-1"), "", now()).await;
        assert_eq!(failure(&outcome), expected, "{status}");
        assert!(text_of(&outcome).contains(&status.to_string()), "{outcome:?}");
    }
    receiver.answers(410, &[]);
    assert!(text_of(&channel.deliver(&letter("al-1"), "", now()).await).contains("wants no more alerts"));
}

#[tokio::test]
async fn retry_after_is_handed_on_and_moves_the_next_attempt() {
    let receiver = Receiver::start().await;
    let channel = channel(&receiver.url());
    for (text, expected_s) in [("600", 600), ("Fri, 27 Mar 2026 08:08:05 GMT", 1200)] {
        for status in [429, 503] {
            receiver.answers(status, &[("retry-after", text)]);
            let letter = letter("al-1");
            let outcome = channel.deliver(&letter, "", now()).await;
            let Outcome::Failed { retry_after, .. } = outcome else { panic!("{outcome:?}") };
            assert_eq!(retry_after, Some(instant::Duration::seconds(expected_s)), "{status} {text}");
            assert_eq!(backoff::retry_at(1, now(), &letter.id, retry_after), now() + instant::Duration::seconds(expected_s));
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start().await;
    let receiver = Receiver::start().await;
    for status in [301, 302, 307, 308] {
        receiver.answers(status, &[("location", &elsewhere.url())]);
        let outcome = channel(&receiver.url()).deliver(&letter("al-1"), "", now()).await;
        assert_eq!(failure(&outcome), (FailureReason::RefusedByPolicy, true), "{status}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_timed_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let mut settings = settings(&url);
    settings.http.timeout = Duration::from_millis(250);
    let channel = WebhookChannel::new(ChannelId::new("soc-webhook"), settings).expect("good settings");
    let letter = letter("al-1");
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, "", now())).await.expect("within bounds");
    assert_eq!(failure(&outcome), (FailureReason::TimedOut, false));
}

#[tokio::test]
async fn an_endless_answer_neither_delays_a_success_nor_fills_memory() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let writer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        // An answer before the question would be a fault of another kind.
        let _ = stream.read(&mut [0; 4096]).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        loop {
            stream.write_all(b"5\r\nnever\r\n").await?;
        }
        #[expect(unreachable_code, reason = "gives the block its type")]
        Ok::<(), std::io::Error>(())
    });
    let letter = letter("al-1");
    let channel = channel(&url);
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, "", now())).await.expect("within bounds");
    assert!(is_delivered(&outcome), "{outcome:?}");
    let ended = tokio::time::timeout(PATIENCE, writer).await.expect("the connection is closed, not drained");
    assert!(ended.expect("no panic").is_err());
}

#[tokio::test]
async fn a_receiver_that_is_down_is_unreachable_and_its_url_stays_out_of_the_text() {
    // Bound and not listening: nobody else can take the port meanwhile.
    let port = TcpSocket::new_v4().expect("a socket");
    port.bind("127.0.0.1:0".parse().expect("an address")).expect("a port on loopback");
    let address = port.local_addr().expect("an address");
    let channel = channel(&format!("http://{address}/t0ken"));
    for outcome in [channel.deliver(&letter("al-1"), "", now()).await, channel.probe().await] {
        assert_eq!(failure(&outcome), (FailureReason::Unreachable, false));
        assert!(text_of(&outcome).contains("nothing listens on that port"), "{outcome:?}");
        assert!(!text_of(&outcome).contains("t0ken") && !text_of(&outcome).contains("127.0.0.1"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_home_is_refused_before_any_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let port = listener.local_addr().expect("an address").port();
    let mut settings = settings(&format!("https://localhost:{port}/hook"));
    settings.http.allow_private = false;
    let guarded =
        WebhookChannel::new(ChannelId::new("soc-webhook"), settings.clone()).expect("a name is judged when it is resolved");
    for outcome in [guarded.deliver(&letter("al-1"), "", now()).await, guarded.probe().await] {
        assert_eq!(failure(&outcome), (FailureReason::RefusedByPolicy, true), "{outcome:?}");
        assert!(text_of(&outcome).contains("this machine"), "{outcome:?}");
    }
    // The first connection the port ever sees is the allowed one's.
    settings.http.allow_private = true;
    let allowed = WebhookChannel::new(ChannelId::new("soc-webhook"), settings).expect("good settings");
    assert!(is_delivered(&allowed.probe().await));
    let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await.expect("one connection");
    assert!(accepted.is_ok());
    assert!(tokio::time::timeout(Duration::from_millis(20), listener.accept()).await.is_err(), "and no second");
}

#[tokio::test]
async fn a_probe_posts_nothing() {
    let receiver = Receiver::start().await;
    assert!(is_delivered(&channel(&receiver.url()).probe().await));
    assert_eq!(receiver.requests().len(), 0);
}
