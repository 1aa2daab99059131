//! Every way in which a source may prove itself, against the running daemon.

use super::faults::{incidents, lives_on, refused, send};
use super::support::{ConfigText, Daemon, wait_for};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use secrecy::SecretSlice;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use watchbell::domain::ingest::TokenDigest;
use watchbell::domain::ingest::credential::{HashKind, HmacProfile, HmacScheme, Offer, SignedText};
use watchbell::shell::wall_clock;

const EVENT: &[u8] = br#"{"id": "1", "title": "A laptop is gone"}"#;

/// A source `name` of native events, with more lines of its table.
fn source(config: &mut ConfigText, name: &str, more: &str) {
    config.add(&format!("[[source]]\nname = \"{name}\"\nmapping = \"native\"\norganisations = [\"mercy\"]\n{more}\n"));
}

fn secret(config: &ConfigText, name: &str, text: &str) -> String {
    let file = config.folder().join(name);
    fs::write(&file, format!("{text}\n")).expect("a secret is written");
    format!("{:?}", file.display().to_string())
}

fn sha256(text: &str) -> String {
    TokenDigest::of(text).to_hex()
}

fn accepted(daemon: &Daemon, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    let answer = send(daemon, path, headers, body);
    assert_eq!(answer.status, 202, "{path}: {}", answer.text());
}

#[test]
fn each_profile_of_signatures_opens_with_either_secret_and_with_nothing_else() {
    let secrets = ["the first secret of two", "the second secret of two"];
    let daemon = Daemon::start(|config| {
        let files = secrets.map(|text| secret(config, &text.replace(' ', "-"), text)).join(", ");
        for profile in HmacProfile::ALL {
            let name = profile.name;
            source(config, name, &format!("  [source.hmac]\n  profile = \"{name}\"\n  secret_files = [{files}]"));
        }
    });
    let now = wall_clock::now().timestamp();
    for profile in HmacProfile::ALL {
        let scheme = HmacScheme {
            header: profile.header.into(),
            prefix: profile.prefix.into(),
            encoding: Default::default(),
            hash: HashKind::Sha256,
            signed: SignedText::parse(profile.signed).expect("sound"),
            timestamp_header: None,
            tolerance_s: 0,
            secrets: Vec::<SecretSlice<u8>>::new(),
        };
        let path = format!("/v1/events/{}", profile.name);
        let post = |secret: &str, at: i64, body: &[u8]| {
            let (time, at) = (profile.timestamp_header.unwrap_or("x-unused").to_lowercase(), at.to_string());
            let offer = Offer { fields: [(time.as_str(), at.as_str())].into(), body: EVENT, ..Offer::default() };
            let signature = scheme.sign(secret.as_bytes(), &offer).expect("every header is there");
            send(&daemon, &path, &[(profile.header, &signature), (&time, &at)], body)
        };
        for secret in secrets {
            let answer = post(secret, now, EVENT);
            assert_eq!(answer.status, 202, "{}: {}", profile.name, answer.text());
        }
        refused(&post("neither secret of the two", now, EVENT), 401, "unauthorised");
        refused(&post(secrets[0], now, br#"{"id": "2", "title": "Another"}"#), 401, "unauthorised");
        if profile.timestamp_header.is_some() {
            refused(&post(secrets[0], now - 400, EVENT), 401, "unauthorised");
        }
        refused(&send(&daemon, &path, &[], EVENT), 401, "unauthorised");
        let twice = send(&daemon, &path, &[(profile.header, "aa"), (profile.header, "bb")], EVENT);
        refused(&twice, 401, "unauthorised");
    }
    assert_eq!(incidents(&daemon).len(), HmacProfile::ALL.len());
    assert!(!daemon.log().contains("secret of two"), "a secret is in the log");
    lives_on(&daemon);
}

#[test]
fn a_password_a_header_and_a_key_in_the_address_open_and_the_key_is_in_no_log() {
    let key = "wbt_a-key-that-nobody-guesses";
    let daemon = Daemon::start(|config| {
        let password = secret(config, "password", "correct horse");
        let value = secret(config, "value", "an api key of ours");
        source(config, "basic", &format!("  [source.basic]\n  user = \"sns\"\n  password_files = [{password}]"));
        source(config, "header", &format!("  [source.header]\n  name = \"X-Api-Key\"\n  value_files = [{value}]"));
        let digest = sha256(key);
        source(config, "url", &format!("addresses = [\"127.0.0.1\"]\n  [source.url]\n  key_sha256 = [\"{digest}\"]"));
        source(config, "far", &format!("addresses = [\"192.0.2.0/24\"]\n  [source.url]\n  key_sha256 = [\"{digest}\"]"));
    });
    let basic = |login: &str| format!("Basic {}", STANDARD.encode(login));
    accepted(&daemon, "/v1/events/basic", &[("authorization", &basic("sns:correct horse"))], EVENT);
    let wrong = send(&daemon, "/v1/events/basic", &[("authorization", &basic("sns:wrong"))], EVENT);
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (401, Some("unauthorised")));
    assert!(wrong.head.to_lowercase().contains("www-authenticate: basic realm="), "SNS waits for it: {}", wrong.head);
    accepted(&daemon, "/v1/events/header", &[("x-api-key", "an api key of ours")], EVENT);
    refused(&send(&daemon, "/v1/events/header", &[("x-api-key", "another")], EVENT), 401, "unauthorised");
    accepted(&daemon, &format!("/v1/events/url/{key}"), &[], EVENT);
    for path in ["/v1/events/url", "/v1/events/url/", "/v1/events/url/wrong", "/v1/events/basic/wrong"] {
        let answer = send(&daemon, path, &[], EVENT);
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.text());
        assert!(!answer.text().contains(key));
    }
    refused(&send(&daemon, &format!("/v1/events/far/{key}"), &[], EVENT), 403, "wrong-address");
    // No proxy is trusted, so nobody's word moves an address.
    let lied = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")];
    refused(&send(&daemon, &format!("/v1/events/far/{key}"), &lied, EVENT), 403, "wrong-address");
    assert_eq!(incidents(&daemon).len(), 3);
    assert!(!daemon.log().contains(key) && !daemon.log().contains("correct horse"), "a secret is in the log");
    lives_on(&daemon);
}

#[test]
fn behind_a_proxy_the_address_it_vouches_for_counts() {
    let key = "wbt_a-key-that-nobody-guesses";
    let daemon = Daemon::start(|config| {
        config.replace("trusted_proxies = []", "trusted_proxies = [\"127.0.0.0/8\"]");
        source(config, "url", &format!("addresses = [\"192.0.2.0/24\"]\n  [source.url]\n  key_sha256 = [\"{}\"]", sha256(key)));
    });
    let path = format!("/v1/events/url/{key}");
    accepted(&daemon, &path, &[("x-forwarded-for", "203.0.113.1, 192.0.2.7")], EVENT);
    for lines in [&[("x-forwarded-for", "192.0.2.7, 203.0.113.1")][..], &[("forwarded", "for=192.0.2.7")], &[]] {
        refused(&send(&daemon, &path, lines, EVENT), 403, "wrong-address");
    }
}

#[test]
fn any_way_will_do_unless_several_are_required() {
    let secret_text = "the secret of a signature";
    let daemon = Daemon::start(|config| {
        let file = secret(config, "hmac", secret_text);
        let ways = format!("token_sha256 = [\"{}\"]", sha256("tok"));
        let hmac = format!("  [source.hmac]\n  profile = \"github\"\n  secret_files = [{file}]");
        source(config, "any", &format!("{ways}\n{hmac}"));
        source(config, "both", &format!("{ways}\nrequire = [\"token\", \"hmac\"]\n{hmac}"));
    });
    let mac = HmacScheme {
        header: "x".into(),
        prefix: "sha256=".into(),
        encoding: Default::default(),
        hash: HashKind::Sha256,
        signed: SignedText::parse("{body}").expect("sound"),
        timestamp_header: None,
        tolerance_s: 0,
        secrets: Vec::new(),
    };
    let signature = mac.sign(secret_text.as_bytes(), &Offer { body: EVENT, ..Offer::default() }).expect("signed");
    let (token, signature) = (("authorization", "Bearer tok"), ("x-hub-signature-256", signature.as_str()));
    let (wrong_token, wrong_signature) = (("authorization", "Bearer kot"), ("x-hub-signature-256", "sha256=00"));
    for ways in [&[token][..], &[signature], &[token, wrong_signature], &[wrong_token, signature]] {
        accepted(&daemon, "/v1/events/any", ways, EVENT);
    }
    for ways in [&[wrong_token][..], &[wrong_signature], &[wrong_token, wrong_signature], &[]] {
        refused(&send(&daemon, "/v1/events/any", ways, EVENT), 401, "unauthorised");
    }
    accepted(&daemon, "/v1/events/both", &[token, signature], EVENT);
    for ways in [&[token][..], &[signature], &[token, wrong_signature], &[wrong_token, signature], &[]] {
        refused(&send(&daemon, "/v1/events/both", ways, EVENT), 401, "unauthorised");
    }
    lives_on(&daemon);
}

/// An OIDC issuer on loopback, whose keys can be changed.
struct Issuer {
    url: String,
    keys: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (keys, asked) = (Arc::new(Mutex::new(json!({ "keys": [] }))), Arc::new(AtomicUsize::new(0)));
        let issuer = Self { url: url.clone(), keys: Arc::clone(&keys), asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let document = if head[..read].starts_with(b"GET /.well-known/openid-configuration ") {
                    json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string()
                } else {
                    asked.fetch_add(1, Ordering::SeqCst);
                    keys.lock().expect("nobody panics with it").to_string()
                };
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", document.len());
                let _ = stream.write_all(format!("{head}{document}").as_bytes());
            }
        });
        issuer
    }

    fn publish(&self, key_id: &str, seed: u8) {
        let x = URL_SAFE_NO_PAD.encode(pair(seed).public_key().as_ref());
        *self.keys.lock().expect("nobody panics with it") =
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "alg": "EdDSA", "x": x }] });
    }

    fn token(&self, key_id: &str, seed: u8, audience: &str) -> String {
        let end = wall_clock::now().timestamp() + 600;
        let claims = json!({ "iss": self.url, "aud": audience, "sub": "push", "exp": end });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": key_id })), part(&claims));
        format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(pair(seed).sign(signed.as_bytes()).as_ref()))
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any seed will do")
}

#[test]
fn a_token_of_the_issuer_opens_and_its_keys_are_asked_for_once_a_minute_at_most() {
    let issuer = Issuer::start();
    issuer.publish("k1", 1);
    let daemon = Daemon::start(|config| {
        let jwt = |audience: &str, allow: bool| {
            format!("  [source.jwt]\n  issuer = \"{}\"\n  audience = \"{audience}\"\n  allow_private = {allow}", issuer.url)
        };
        source(config, "pubsub", &jwt("watchbell", true));
    });
    let post = |token: String| send(&daemon, "/v1/events/pubsub", &[("authorization", &token)], EVENT);
    assert_eq!(post(issuer.token("k1", 1, "watchbell")).status, 202, "{}", daemon.log());
    refused(&post(issuer.token("k1", 2, "watchbell")), 401, "unauthorised");
    refused(&post(issuer.token("k1", 1, "somebody else")), 401, "unauthorised");
    refused(&post("Bearer not-a-token".into()), 401, "unauthorised");
    // A flood of tokens with unknown keys makes nobody ask again within the minute.
    for n in 0..20 {
        refused(&post(issuer.token(&format!("unknown-{n}"), 1, "watchbell")), 401, "unauthorised");
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    assert_eq!(post(issuer.token("k1", 1, "watchbell")).status, 202, "the known key still opens");
    lives_on(&daemon);
}

#[test]
fn an_issuer_in_the_clear_or_on_our_own_network_is_refused_unless_allowed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = ConfigText::example(folder.path(), ([127, 0, 0, 1], 9).into());
    source(&mut config, "pubsub", "  [source.jwt]\n  issuer = \"http://127.0.0.1:1\"\n  audience = \"watchbell\"");
    fs::write(folder.path().join("watchbell.toml"), config.text()).expect("written");
    let output =
        super::support::watchbell().arg("check-config").arg(folder.path().join("watchbell.toml")).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no https address") && said.contains("allow_private"), "{said}");
}

#[test]
fn cloud_events_ask_for_leave_and_only_configured_origins_get_it() {
    let daemon = Daemon::start(|config| {
        source(config, "grid", &format!("token_sha256 = [\"{}\"]\nallowed_origins = [\"eventgrid.azure.net\"]", sha256("tok")));
    });
    let ask = |path: &str, origin: &str| {
        let request = format!("OPTIONS {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n{origin}\r\n");
        super::support::exchange(daemon.address(), request.as_bytes()).expect("an answer")
    };
    let granted = ask("/v1/events/grid", "WebHook-Request-Origin: eventgrid.azure.net\r\nWebHook-Request-Rate: 120\r\n");
    assert_eq!(granted.status, 200, "{}", granted.head);
    let head = granted.head.to_lowercase();
    assert!(head.contains("webhook-allowed-origin: eventgrid.azure.net") && head.contains("webhook-allowed-rate: *"), "{head}");
    refused(&ask("/v1/events/grid", "WebHook-Request-Origin: evil.example\r\n"), 403, "wrong-origin");
    refused(&ask("/v1/events/grid", ""), 403, "wrong-origin");
    refused(&ask("/v1/events/native", "WebHook-Request-Origin: eventgrid.azure.net\r\n"), 403, "wrong-origin");
    refused(&ask("/v1/events/nobody", "WebHook-Request-Origin: eventgrid.azure.net\r\n"), 404, "no-source");
}

#[test]
fn a_drill_opens_nothing_and_a_stale_one_is_an_alarm() {
    let daemon = Daemon::start(|_| ());
    let token = format!("Bearer {}", super::support::SOURCE_TOKEN);
    let now = wall_clock::now().timestamp();
    let post = |at_s: i64| {
        let headers = [("authorization", token.as_str()), ("watchbell-drill", &at_s.to_string())];
        send(&daemon, "/v1/events/native", &headers, EVENT).json()["status"].clone()
    };
    assert_eq!(post(now), "noted");
    assert_eq!(incidents(&daemon), Vec::<String>::new());
    assert_eq!(post(now - 3600), "accepted");
    assert_eq!(incidents(&daemon).len(), 1);
}

#[test]
fn a_full_house_says_when_to_come_again_and_a_slow_head_is_told_so() {
    let daemon = Daemon::start(|config| {
        config.replace("bodies_mib = 64", "bodies_mib = 1");
        config.replace("body_timeout = \"10s\"", "body_timeout = \"20s\"");
        config.replace("request_timeout = \"30s\"", "request_timeout = \"5s\"");
    });
    let half = format!(
        "POST /v1/events/native HTTP/1.1\r\nhost: w\r\nauthorization: Bearer {}\r\ncontent-length: 1048576\r\n\r\n{{",
        super::support::SOURCE_TOKEN
    );
    let mut holder = std::net::TcpStream::connect(daemon.address()).expect("a connection");
    holder.write_all(half.as_bytes()).expect("written");
    let busy = wait_for("there is no room", || {
        Some(daemon.post("native", &json!({ "id": "1", "title": "t" }))).filter(|a| a.status != 202)
    });
    refused(&busy, 429, "busy");
    let metrics = daemon.request("GET", "/metrics", None, None);
    assert!(metrics.text().contains("watchbell_requests_turned_away_total{reason=\"busy\"}"), "{}", metrics.text());
    drop(holder);
    wait_for("room again", || Some(daemon.post("native", &json!({ "id": "2", "title": "t" }))).filter(|a| a.status == 202));
    let slow = super::support::exchange(daemon.address(), b"POST /v1/events/native HTTP/1.1\r\nhost: w\r\n").expect("an answer");
    refused(&slow, 408, "too-slow");
    lives_on(&daemon);
}

#[test]
fn a_subscription_of_sns_to_a_topic_nobody_named_is_kept_for_a_person_and_its_address_not_visited() {
    let visited = Issuer::start();
    let ours = "arn:aws:sns:eu-central-1:123456789012:findings";
    let daemon = Daemon::start(|config| {
        source(config, "sns", &format!("token_sha256 = [\"{}\"]\nsns_topics = [\"{ours}\"]", sha256("tok")));
    });
    let post = |topic: &str, url: &str| {
        let headers = [("authorization", "Bearer tok"), ("x-amz-sns-message-type", "SubscriptionConfirmation")];
        let body = json!({ "Type": "SubscriptionConfirmation", "TopicArn": topic, "SubscribeURL": url, "Token": "t" });
        send(&daemon, "/v1/events/sns", &headers, body.to_string().as_bytes())
    };
    let query = "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:findings&Token=t";
    let at_sns = format!("https://sns.eu-central-1.amazonaws.com/{query}");
    let elsewhere = format!("{}/{query}", visited.url);
    for (topic, url) in [("arn:aws:sns:eu-central-1:1:others", &at_sns), (ours, &elsewhere), (ours, &"nonsense".to_owned())] {
        let problem = refused(&post(topic, url), 422, "subscription-not-confirmed");
        assert!(problem["quarantine"].is_string(), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("not visited")), "{problem}");
    }
    assert_eq!(visited.asked.load(Ordering::SeqCst), 0);
    assert_eq!(super::faults::quarantined(&daemon), ["subscription-not-confirmed"; 3]);
    let without_token = send(&daemon, "/v1/events/sns", &[("x-amz-sns-message-type", "SubscriptionConfirmation")], b"{}");
    refused(&without_token, 401, "unauthorised");
    assert_eq!(incidents(&daemon), Vec::<String>::new());
}
