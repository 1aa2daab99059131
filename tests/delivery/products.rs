//! Slack, Teams, PagerDuty and ntfy against a receiver of our own, in the shapes their makers document.

use super::receiver::Receiver;
use super::{failure, instant, is_delivered, letter, text_of};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant::{self, Instant};
use watchbell::shell::delivery::{
    Act, Channel, FailureReason, HttpSettings, Letter, NtfyChannel, NtfySettings, Outcome, PagerDutyChannel, PagerDutySettings,
    SlackChannel, SlackSettings, TeamsChannel, Urgency,
};

const PATIENCE: Duration = Duration::from_secs(20);
const TOPIC: &str = "wb-on-call-8f2c";

fn now() -> Instant {
    instant("2026-03-27T07:48:05Z")
}

fn http(url: &str, timeout: Duration) -> HttpSettings {
    HttpSettings { url: url.into(), allow_private: true, timeout }
}

fn id(name: &str) -> ChannelId {
    ChannelId::new(name)
}

fn slack(url: &str, timeout: Duration) -> SlackChannel {
    SlackChannel::new(id("slack"), SlackSettings { http: http(url, timeout), bot_token: None }).expect("good settings")
}

fn slack_bot(url: &str) -> SlackChannel {
    let settings = SlackSettings { http: http(url, PATIENCE), bot_token: Some("xoxb-not-a-token".into()) };
    SlackChannel::new(id("slack"), settings).expect("good settings")
}

fn pagerduty(url: &str, timeout: Duration) -> PagerDutyChannel {
    let settings = PagerDutySettings { http: http(url, timeout), routing_key: "R0UT1NGKEY".into() };
    PagerDutyChannel::new(id("pagerduty"), settings).expect("good settings")
}

fn ntfy(url: &str, timeout: Duration) -> NtfyChannel {
    let settings = NtfySettings { http: http(url, timeout), token: Some("tk_notatoken".into()) };
    NtfyChannel::new(id("ntfy"), settings).expect("good settings")
}

/// A product, and what it answers when it takes an alert.
type Product = (Box<dyn Channel>, (u16, &'static str));

fn products(url: &str, timeout: Duration) -> Vec<Product> {
    vec![
        (Box::new(slack(url, timeout)), (200, "ok")),
        (Box::new(TeamsChannel::new(id("teams"), http(url, timeout)).expect("good settings")), (202, "")),
        (Box::new(pagerduty(url, timeout)), (202, r#"{"status":"success","message":"Event processed","dedup_key":"clk-41"}"#)),
        (Box::new(ntfy(url, timeout)), (200, r#"{"id":"sPs71M8A2T","time":1643935928,"event":"message","topic":"t"}"#)),
    ]
}

/// Every text in a JSON value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

fn bearer(receiver: &Receiver) -> Option<String> {
    let (headers, _) = receiver.requests().pop()?;
    Some(headers.get("authorization")?.to_str().ok()?.to_owned())
}

/// A letter in which every text is long and means something to somebody's markup.
fn nasty_letter() -> Letter {
    let nasty = "<!channel> *b* [c](https://evil.example) `d` & <https://evil.example|e> \r\n# f ".repeat(400);
    let mut letter = letter("al-1");
    letter.subject = nasty.clone();
    letter.heading = nasty.clone();
    letter.asked = nasty.clone();
    letter.lines = (0..200).map(|n| (format!("{n} {nasty}"), nasty.clone())).collect();
    letter.commands = (0..20).map(|n| (format!("{n} {nasty}"), nasty.clone())).collect();
    letter
}

#[tokio::test]
async fn slack_gets_blocks_with_the_words_the_link_and_a_fallback_text() {
    let receiver = Receiver::start().await;
    receiver.answers_with(200, &[], "ok");
    let outcome = slack(&receiver.url(), PATIENCE).deliver(&letter("al-1"), "", now()).await;
    assert_eq!(outcome, Outcome::Delivered { receipt: "ok from Slack".into() });
    let body = receiver.last();
    assert_eq!(body["text"], "9 h 12 min left: tell the Irish authority (GDPR Art. 33)");
    assert_eq!((&body["unfurl_links"], &body["unfurl_media"]), (&json!(false), &json!(false)));
    let blocks = body["blocks"].as_array().expect("blocks");
    let kinds: Vec<&str> = blocks.iter().filter_map(|block| block["type"].as_str()).collect();
    assert_eq!(kinds, ["header", "section", "actions", "section", "section", "context"]);
    assert_eq!(blocks[0]["text"]["type"], "plain_text");
    assert_eq!(blocks[0]["text"]["text"], "9 h 12 min left to tell the Data Protection Commission");
    assert_eq!(blocks[2]["elements"][0]["url"], "https://watchbell.example/clocks/41");
    assert_eq!(blocks[3]["fields"][1]["text"], "*Due*\nFri 27 Mar 2026 17:00 Europe/Dublin");
    assert!(texts(&blocks[5]).iter().any(|text| text.contains("alert al-1")), "{body}");
    assert_eq!(bearer(&receiver), None);
}

#[tokio::test]
async fn slack_texts_are_escaped_and_stay_within_every_limit() {
    let receiver = Receiver::start().await;
    receiver.answers_with(200, &[], "ok");
    assert!(is_delivered(&slack(&receiver.url(), PATIENCE).deliver(&nasty_letter(), "", now()).await));
    let body = receiver.last();
    let blocks = body["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    for block in blocks {
        let limit = if block["type"] == "header" { 150 } else { 3000 };
        let length = block["text"]["text"].as_str().map_or(0, |text| text.chars().count());
        assert!(length <= limit, "{length} in a {}", block["type"]);
        let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(fields.len() <= 10);
        assert!(fields.iter().all(|field| field["text"].as_str().is_some_and(|text| text.chars().count() <= 2000)));
        // What is plain text cannot call a channel.
        let marked: Vec<String> = if block["type"] == "header" { vec![] } else { texts(block) };
        assert!(marked.iter().all(|text| !text.contains(['<', '>'])), "{block}");
    }
    assert!(body["text"].as_str().is_some_and(|text| !text.contains('<') && text.chars().count() <= 3000));
}

#[tokio::test]
async fn a_slack_bot_posts_into_the_channel_named_and_reads_what_the_api_says() {
    use FailureReason::{AuthError, ClientError, RateLimited, ServerError};
    let receiver = Receiver::start().await;
    let channel = slack_bot(&receiver.url());
    receiver.answers_with(200, &[], r#"{"ok":true,"channel":"C123","ts":"1711525685.000100"}"#);
    let outcome = channel.deliver(&letter("al-1"), "C123", now()).await;
    assert_eq!(outcome, Outcome::Delivered { receipt: "ok from Slack, message 1711525685.000100".into() });
    assert_eq!(receiver.last()["channel"], "C123");
    assert_eq!(bearer(&receiver).as_deref(), Some("Bearer xoxb-not-a-token"));
    for (error, expected) in [
        ("invalid_auth", (AuthError, true)),
        ("channel_not_found", (ClientError, true)),
        ("not_in_channel", (ClientError, true)),
        ("ratelimited", (RateLimited, false)),
        ("internal_error", (ServerError, false)),
    ] {
        receiver.answers_with(200, &[], &json!({ "ok": false, "error": error }).to_string());
        let outcome = channel.deliver(&letter("al-1"), "C123", now()).await;
        assert_eq!(failure(&outcome), expected, "{error}");
        assert!(text_of(&outcome).contains(error), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_slack_says_of_a_refusal_is_told() {
    let receiver = Receiver::start().await;
    for (status, word, reason) in [
        (400, "invalid_payload", FailureReason::ClientError),
        (403, "action_prohibited", FailureReason::AuthError),
        (404, "no_service", FailureReason::ClientError),
        (410, "channel_is_archived", FailureReason::ClientError),
    ] {
        receiver.answers_with(status, &[], word);
        let outcome = slack(&receiver.url(), PATIENCE).deliver(&letter("al-1"), "", now()).await;
        assert_eq!(failure(&outcome), (reason, true), "{word}");
        assert!(text_of(&outcome).contains(word), "{outcome:?}");
    }
}

#[tokio::test]
async fn teams_gets_an_adaptive_card_in_which_nothing_is_read_as_markdown() {
    let receiver = Receiver::start().await;
    receiver.answers(202, &[]);
    let teams = TeamsChannel::new(id("teams"), http(&receiver.url(), PATIENCE)).expect("good settings");
    assert!(is_delivered(&teams.deliver(&letter("al-1"), "", now()).await));
    let body = receiver.last();
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!((&attachment["contentUrl"], body["attachments"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
    assert_eq!(card["actions"][0]["url"], "https://watchbell.example/clocks/41");
    let all = texts(&card["body"]).join("\n");
    for words in ["9 h 12 min left to tell", "Say that you own this clock", "Fri 27 Mar 2026 17:00 Europe/Dublin", "al-1"] {
        assert!(all.contains(words), "{words} in\n{all}");
    }

    let mut largest = nasty_letter();
    largest.lines = vec![("\"🚨".repeat(500), "\"🚨".repeat(500)); 200];
    assert!(is_delivered(&teams.deliver(&largest, "", now()).await));
    let (_, bytes) = receiver.requests().pop().expect("a request");
    assert!(bytes.len() <= 28 * 1024, "{} bytes", bytes.len());

    assert!(is_delivered(&teams.deliver(&nasty_letter(), "", now()).await));
    let (_, bytes) = receiver.requests().pop().expect("a request");
    assert!(bytes.len() <= 28 * 1024, "{} bytes", bytes.len());
    for block in receiver.last()["attachments"][0]["content"]["body"].as_array().expect("a body") {
        assert_eq!(block["type"], "RichTextBlock");
        let inlines = block["inlines"].as_array().expect("inlines");
        assert!(inlines.iter().all(|run| run["type"] == "TextRun" && run.get("selectAction").is_none()), "{block}");
    }
}

#[tokio::test]
async fn pagerduty_triggers_acknowledges_and_resolves_one_alert_per_clock() {
    let receiver = Receiver::start().await;
    receiver.answers_with(202, &[], r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#);
    let channel = pagerduty(&receiver.url(), PATIENCE);
    assert!(is_delivered(&channel.deliver(&letter("al-1"), "", now()).await));
    let event = receiver.last();
    assert_eq!(event["routing_key"], "R0UT1NGKEY");
    assert_eq!((&event["event_action"], &event["dedup_key"]), (&json!("trigger"), &json!("clk-41")));
    let payload = &event["payload"];
    assert_eq!(payload["summary"], "9 h 12 min left: tell the Irish authority (GDPR Art. 33)");
    assert_eq!((&payload["severity"], &payload["timestamp"]), (&json!("critical"), &json!("2026-03-27T07:48:00Z")));
    assert_eq!(payload["group"], "inc-7h3k9qd2w4xz8m5n");
    assert_eq!(payload["custom_details"]["Due"], "Fri 27 Mar 2026 17:00 Europe/Dublin");
    assert_eq!(event["links"][0]["href"], "https://watchbell.example/clocks/41");

    let mut later = letter("al-2");
    later.clocks = vec!["clk-41".into(), "clk-42".into()];
    for (act, word) in [(Act::Acknowledge, "acknowledge"), (Act::Resolve, "resolve")] {
        let before = receiver.requests().len();
        later.act = act;
        assert!(is_delivered(&channel.deliver(&later, "", now()).await));
        let events: Vec<Value> =
            receiver.requests()[before..].iter().map(|(_, body)| serde_json::from_slice(body).expect("JSON")).collect();
        let expected = |key: &str| json!({ "routing_key": "R0UT1NGKEY", "event_action": word, "dedup_key": key });
        assert_eq!(events, [expected("clk-41"), expected("clk-42")]);
    }
}

#[tokio::test]
async fn pagerduty_limits_hold_and_long_names_of_clocks_stay_distinct() {
    let receiver = Receiver::start().await;
    receiver.answers_with(202, &[], r#"{"status":"success"}"#);
    let mut letter = nasty_letter();
    letter.clocks = vec![format!("{}1", "x".repeat(300)), format!("{}2", "x".repeat(300))];
    assert!(is_delivered(&pagerduty(&receiver.url(), PATIENCE).deliver(&letter, "", now()).await));
    let mut keys = std::collections::BTreeSet::new();
    for (_, body) in receiver.requests() {
        assert!(body.len() <= 512 * 1024, "{} bytes", body.len());
        let event: Value = serde_json::from_slice(&body).expect("JSON");
        assert!(event["payload"]["summary"].as_str().is_some_and(|text| text.chars().count() <= 1024));
        let key = event["dedup_key"].as_str().expect("a key").to_owned();
        assert!(key.len() <= 255);
        keys.insert(key);
    }
    assert_eq!(keys.len(), 2);
}

#[tokio::test]
async fn a_drill_says_so_everywhere_and_touches_no_real_alert() {
    let receiver = Receiver::start().await;
    let mut letter = letter("al-1");
    letter.drill = true;
    for (channel, (status, body)) in products(&receiver.url(), PATIENCE) {
        receiver.answers_with(status, &[], body);
        assert!(is_delivered(&channel.deliver(&letter, TOPIC, now()).await), "{}", channel.kind());
        let sent = receiver.last();
        assert!(texts(&sent).iter().any(|text| text.contains("DRILL")), "{}: {sent}", channel.kind());
        if channel.kind() == "pagerduty" {
            assert_eq!((&sent["dedup_key"], &sent["payload"]["severity"]), (&json!("drill-clk-41"), &json!("info")));
        }
        if channel.kind() == "ntfy" {
            assert_eq!(sent["priority"], 3);
        }
    }
}

#[tokio::test]
async fn ntfy_gets_priority_tags_click_and_action_and_the_message_keeps_its_limit_and_its_id() {
    let receiver = Receiver::start().await;
    receiver.answers_with(200, &[], r#"{"id":"sPs71M8A2T","event":"message"}"#);
    let channel = ntfy(&receiver.url(), PATIENCE);
    let outcome = channel.deliver(&letter("al-1"), TOPIC, now()).await;
    assert_eq!(outcome, Outcome::Delivered { receipt: "published by ntfy as sPs71M8A2T".into() });
    assert_eq!(bearer(&receiver).as_deref(), Some("Bearer tk_notatoken"));
    let body = receiver.last();
    assert_eq!((&body["topic"], &body["priority"]), (&json!(TOPIC), &json!(5)));
    assert_eq!(body["tags"], json!(["rotating_light", "critical"]));
    assert_eq!(body["click"], "https://watchbell.example/clocks/41");
    assert_eq!(body["actions"][0]["action"], "view");
    assert_eq!(body["title"], "9 h 12 min left: tell the Irish authority (GDPR Art. 33)");
    assert!(body["message"].as_str().is_some_and(|text| text.starts_with("Say that you own") && text.ends_with("\nAlert al-1")));

    let mut long = nasty_letter();
    long.asked = "ü".repeat(5000);
    long.urgency = Urgency::Info;
    assert!(is_delivered(&channel.deliver(&long, TOPIC, now()).await));
    let body = receiver.last();
    let message = body["message"].as_str().expect("a message");
    assert!(message.len() <= 4096 && message.len() > 4000 && message.ends_with("…\nAlert al-1"), "{}", message.len());
    assert_eq!(body["priority"], 3);

    for topic in ["", "a/b", "a?b", &"x".repeat(65), "über"] {
        let outcome = channel.deliver(&letter("al-1"), topic, now()).await;
        assert_eq!(failure(&outcome), (FailureReason::ClientError, true), "{topic}");
        assert!(topic.is_empty() || !text_of(&outcome).contains(topic));
    }
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn every_product_understands_refusals_waits_redirects_and_garbage() {
    use FailureReason::{AuthError, RateLimited, RefusedByPolicy, ServerError};
    let receiver = Receiver::start().await;
    for (channel, (good_status, good_body)) in products(&receiver.url(), PATIENCE) {
        let kind = channel.kind();
        for (status, expected) in
            [(401, (AuthError, true)), (500, (ServerError, false)), (503, (ServerError, false)), (307, (RefusedByPolicy, true))]
        {
            receiver.answers_with(status, &[("location", "http://127.0.0.1:1/")], good_body);
            assert_eq!(failure(&channel.deliver(&letter("al-1"), TOPIC, now()).await), expected, "{kind} {status}");
        }
        receiver.answers_with(429, &[("retry-after", "120")], "");
        let outcome = channel.deliver(&letter("al-1"), TOPIC, now()).await;
        let Outcome::Failed { reason, retry_after, permanent, .. } = outcome else { panic!("{kind}: {outcome:?}") };
        assert_eq!((reason, retry_after, permanent), (RateLimited, Some(instant::Duration::seconds(120)), false), "{kind}");

        // A portal that answers 200 to everything is no Slack. Workflows says nothing, so that nothing can be wrong with it.
        receiver.answers_with(200, &[], "<html>please sign in</html>");
        let outcome = channel.deliver(&letter("al-1"), TOPIC, now()).await;
        if kind == "teams" {
            assert!(is_delivered(&outcome));
        } else {
            assert_eq!(failure(&outcome), (ServerError, false), "{kind}");
            assert!(!text_of(&outcome).contains("sign in"), "{outcome:?}");
        }
        receiver.answers_with(good_status, &[], good_body);
        assert!(is_delivered(&channel.deliver(&letter("al-1"), TOPIC, now()).await), "{kind}");
    }
}

#[tokio::test]
async fn every_product_is_bounded_in_time_and_an_answer_that_is_no_http_is_no_delivery() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let babbling = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let url = |listener: &TcpListener| format!("http://{}/hook", listener.local_addr().expect("an address"));
    let (silent_url, babbling_url) = (url(&silent), url(&babbling));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = babbling.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n\r\n").await;
        }
    });
    let letter = letter("al-1");
    for (channel, _) in products(&silent_url, Duration::from_millis(200)) {
        let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, TOPIC, now())).await.expect("within bounds");
        assert_eq!(failure(&outcome), (FailureReason::TimedOut, false), "{}", channel.kind());
    }
    for (channel, _) in products(&babbling_url, Duration::from_secs(10)) {
        let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, TOPIC, now())).await.expect("within bounds");
        assert_eq!(failure(&outcome), (FailureReason::Unreachable, false), "{}", channel.kind());
    }
}

#[tokio::test]
async fn an_answer_that_stalls_in_its_body_is_no_success_where_the_body_decides() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no").await;
            open.push(stream);
        }
    });
    let channel = slack(&url, Duration::from_millis(300));
    let letter = letter("al-1");
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, "", now())).await.expect("within bounds");
    assert_eq!(failure(&outcome), (FailureReason::TimedOut, false));
}

#[test]
fn no_setting_prints_a_secret() {
    let url = "https://hooks.example.org/services/t0ken";
    let printed = format!("{:?} {:?} {:?}", slack(url, PATIENCE), pagerduty(url, PATIENCE), ntfy(url, PATIENCE));
    for secret in ["t0ken", "R0UT1NGKEY", "tk_notatoken"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
