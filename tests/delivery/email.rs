//! E-mail against the sink.

use super::{failure, instant, is_delivered, letter, text_of};
use std::net::SocketAddr;
use std::time::Duration;
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant::Instant;
use watchbell::shell::delivery::{Channel, EmailChannel, EmailSettings, FailureReason, Outcome, SmtpTls};
use watchbell::sim::read_mail::{Mail, read_mail};
use watchbell::sim::smtp_sink::{Misbehaviour, SmtpSink, Stage};

const DPO: &str = "dpo@hospital.example";
/// Far longer than anything on loopback takes; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn settings(server: SocketAddr) -> EmailSettings {
    EmailSettings {
        host: server.ip().to_string(),
        port: server.port(),
        tls: SmtpTls::None,
        username: None,
        password: None,
        from: "Watchbell <watchbell@hospital.example>".into(),
        hello_name: Some("watchbell.hospital.example".into()),
        timeout: Duration::from_secs(10),
    }
}

fn channel(server: SocketAddr) -> EmailChannel {
    channel_with(settings(server))
}

fn channel_with(settings: EmailSettings) -> EmailChannel {
    EmailChannel::new(ChannelId::new("mail"), settings).expect("good settings")
}

fn now() -> Instant {
    instant("2026-03-27T07:48:05Z")
}

async fn sink() -> SmtpSink {
    SmtpSink::start().await.expect("a port on loopback")
}

fn mails(sink: &SmtpSink) -> Vec<Mail> {
    sink.received().iter().map(|received| read_mail(&received.raw).expect("a readable message")).collect()
}

#[tokio::test]
async fn a_letter_arrives_with_its_headers_and_both_bodies() {
    let sink = sink().await;
    let outcome = channel(sink.address()).deliver(&letter("al-1"), DPO, now()).await;
    assert!(is_delivered(&outcome), "{outcome:?}");

    let received = sink.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].from, "watchbell@hospital.example");
    assert_eq!(received[0].to, [DPO]);
    assert_eq!(received[0].hello, "watchbell.hospital.example");

    let mail = &mails(&sink)[0];
    assert_eq!(mail.subject, "9 h 12 min left: tell the Irish authority (GDPR Art. 33)");
    let header = |name| mail.header(name).unwrap_or_else(|| panic!("no {name} in {:?}", mail.headers));
    assert_eq!(header("Message-ID"), "<al-1@hospital.example>");
    assert_eq!(header("In-Reply-To"), "<thread-inc-7h3k9qd2w4xz8m5n@hospital.example>");
    assert_eq!(header("References"), header("In-Reply-To"));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("List-Id"), "Watchbell alerts <alerts.watchbell.hospital.example>");
    assert_eq!(header("X-Watchbell-Clock"), "clk-41");
    assert_eq!(header("X-Watchbell-Alert"), "al-1");
    assert_eq!(header("Importance"), "high");
    assert_eq!(header("Date"), "Fri, 27 Mar 2026 07:48:05 +0000");
    assert!(header("From").contains("watchbell@hospital.example"));
    assert!(header("Content-Type").starts_with("multipart/alternative"));

    for body in [mail.text.as_deref(), mail.html.as_deref()] {
        let body = body.expect("both bodies");
        for words in [
            "9 h 12 min left",
            "Fri 27 Mar 2026 17:00 Europe/Dublin",
            "Say that you own this clock",
            "https://watchbell.example/clocks/41",
        ] {
            assert!(body.contains(words), "`{words}` is missing from:\n{body}");
        }
    }
    assert!(mail.text.as_deref().is_some_and(|text| !text.contains('<')));
}

#[tokio::test]
async fn a_retry_carries_the_same_message_id_and_another_alert_the_same_thread() {
    let sink = sink().await;
    let channel = channel(sink.address());
    let second = letter("al-2");
    for (letter, at) in
        [(&letter("al-1"), "2026-03-27T07:48:05Z"), (&letter("al-1"), "2026-03-27T07:49:00Z"), (&second, "2026-03-27T09:00:00Z")]
    {
        assert!(is_delivered(&channel.deliver(letter, DPO, instant(at)).await));
    }
    let mails = mails(&sink);
    let ids: Vec<_> = mails.iter().filter_map(|mail| mail.header("Message-ID")).collect();
    let threads: Vec<_> = mails.iter().filter_map(|mail| mail.header("References")).collect();
    assert_eq!(ids, ["<al-1@hospital.example>", "<al-1@hospital.example>", "<al-2@hospital.example>"]);
    assert_eq!((threads[0], threads.len()), (threads[2], 3));
}

#[tokio::test]
async fn text_beyond_ascii_and_lines_that_start_with_a_dot_survive_the_trip() {
    let sink = sink().await;
    let mut letter = letter("al-1");
    letter.subject = "Noch 9 h \u{2013} Behörde in Zürich benachrichtigen, überfällig wäre es ab 17:00 Uhr MEZ".into();
    letter.lines.push((".".into(), ".. नोटिस".into()));
    assert!(is_delivered(&channel(sink.address()).deliver(&letter, DPO, now()).await));
    let mail = &mails(&sink)[0];
    assert_eq!(mail.subject, letter.subject);
    assert!(mail.text.as_deref().is_some_and(|text| text.contains("\n.     .. नोटिस\n")), "{:?}", mail.text);
}

#[tokio::test]
async fn a_drill_says_so_in_the_subject() {
    let sink = sink().await;
    let mut letter = letter("al-1");
    letter.drill = true;
    assert!(is_delivered(&channel(sink.address()).deliver(&letter, DPO, now()).await));
    assert!(mails(&sink)[0].subject.starts_with("[DRILL] 9 h 12 min left"));
}

#[tokio::test]
async fn line_breaks_in_any_field_add_no_header_and_no_recipient() {
    let sink = sink().await;
    let channel = channel(sink.address());
    let attack = "x\r\nBcc: thief@evil.example\r\nX-Injected: 1\r\n\r\nbody";
    let mut letter = letter(attack);
    letter.subject = format!("ü {attack}");
    letter.heading = attack.into();
    letter.thread = attack.into();
    letter.asked = attack.into();
    letter.facts = serde_json::json!({ "clock": attack });
    assert!(is_delivered(&channel.deliver(&letter, DPO, now()).await));
    let received = sink.received();
    assert_eq!(received[0].to, [DPO]);
    let mail = &mails(&sink)[0];
    assert_eq!((mail.header("Bcc"), mail.header("X-Injected")), (None, None));
    assert_eq!(mail.subject, "ü x Bcc: thief@evil.example X-Injected: 1 body");
    assert_eq!(mail.header("X-Watchbell-Clock"), Some("x Bcc: thief@evil.example X-Injected: 1 body"));

    for address in ["dpo@hospital.example\r\nRCPT TO:<thief@evil.example>", "a@b> <thief@evil.example", "", "nobody"] {
        let outcome = channel.deliver(&letter, address, now()).await;
        assert_eq!(failure(&outcome), (FailureReason::ClientError, true), "{address}");
        assert!(!text_of(&outcome).contains("evil"), "addresses stay out of texts: {outcome:?}");
    }
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn a_deferral_is_transient_and_a_refusal_permanent_and_neither_repeats_the_address() {
    let sink = sink().await;
    let channel = channel(sink.address());
    sink.misbehave(Misbehaviour::DeferRecipients);
    let deferred = channel.deliver(&letter("al-1"), DPO, now()).await;
    assert_eq!(failure(&deferred), (FailureReason::ServerError, false));
    assert!(text_of(&deferred).contains("451 4.3.0"), "{deferred:?}");

    sink.misbehave(Misbehaviour::RefuseRecipient(DPO.into()));
    let refused = channel.deliver(&letter("al-1"), DPO, now()).await;
    assert_eq!(failure(&refused), (FailureReason::ClientError, true));
    assert!(text_of(&refused).contains("550 5.1.1") && !text_of(&refused).contains("dpo"), "{refused:?}");
    assert!(is_delivered(&channel.deliver(&letter("al-1"), "ciso@hospital.example", now()).await));
}

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_and_the_channel_works_again_once_it_is_up() {
    let mut sink = sink().await;
    let channel = channel(sink.address());
    assert!(is_delivered(&channel.deliver(&letter("al-1"), DPO, now()).await));
    sink.go_down().await.expect("the port stays ours");
    let down = channel.deliver(&letter("al-2"), DPO, now()).await;
    assert_eq!(failure(&down), (FailureReason::Unreachable, false));
    assert!(text_of(&down).contains("nothing listens on that port"), "{down:?}");
    assert_eq!(failure(&channel.probe().await), (FailureReason::Unreachable, false));
    sink.come_up().await.expect("the port listens again");
    assert!(is_delivered(&channel.probe().await));
    assert!(is_delivered(&channel.deliver(&letter("al-2"), DPO, now()).await));
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn a_server_that_stalls_anywhere_is_timed_out_and_the_next_letter_is_not_confused_by_it() {
    let sink = sink().await;
    let mut settings = settings(sink.address());
    settings.timeout = Duration::from_millis(250);
    let hasty = channel_with(settings);
    for stage in [Stage::Greeting, Stage::Hello, Stage::Mail, Stage::Recipient, Stage::Data, Stage::Message] {
        sink.misbehave(Misbehaviour::StallAt(stage));
        let letter = letter("al-stalled");
        let outcome = tokio::time::timeout(PATIENCE, hasty.deliver(&letter, DPO, now())).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("a stall at {stage:?} held the channel"));
        assert_eq!(failure(&outcome), (FailureReason::TimedOut, false), "{stage:?}");

        sink.misbehave(Misbehaviour::RefuseRecipient(DPO.into()));
        let outcome = channel(sink.address()).deliver(&letter, DPO, now()).await;
        assert_eq!(failure(&outcome), (FailureReason::ClientError, true), "after {stage:?}");
    }
    sink.misbehave(Misbehaviour::None);
    assert!(is_delivered(&channel(sink.address()).deliver(&letter("al-next"), DPO, now()).await));
    let last = mails(&sink).pop().expect("the last letter");
    assert_eq!(last.header("X-Watchbell-Alert"), Some("al-next"));
}

#[tokio::test]
async fn a_message_taken_is_delivered_even_when_the_goodbye_stalls() {
    let sink = sink().await;
    sink.misbehave(Misbehaviour::StallAt(Stage::Quit));
    let letter = letter("al-1");
    let channel = channel(sink.address());
    let outcome = tokio::time::timeout(PATIENCE, channel.deliver(&letter, DPO, now())).await.expect("within bounds");
    assert!(is_delivered(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_lost_reply_is_a_failure_and_the_retry_is_recognisable_as_the_same() {
    let sink = sink().await;
    let channel = channel(sink.address());
    sink.misbehave(Misbehaviour::HangUpAfterData);
    let outcome = channel.deliver(&letter("al-1"), DPO, now()).await;
    assert_eq!(failure(&outcome), (FailureReason::Unreachable, false));
    assert!(text_of(&outcome).contains("may have arrived"));
    sink.misbehave(Misbehaviour::None);
    assert!(is_delivered(&channel.deliver(&letter("al-1"), DPO, now()).await));
    let mails = mails(&sink);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_refused_sign_in_is_an_auth_error_and_a_good_one_delivers() {
    let sink = sink().await;
    let mut settings = settings(sink.address());
    settings.username = Some("watchbell".into());
    settings.password = Some("hunter2".to_owned().into());
    let channel = channel_with(settings);
    assert!(is_delivered(&channel.deliver(&letter("al-1"), DPO, now()).await));
    sink.misbehave(Misbehaviour::RefuseSignIn);
    let outcome = channel.deliver(&letter("al-2"), DPO, now()).await;
    assert_eq!(failure(&outcome), (FailureReason::AuthError, true));
    assert!(text_of(&outcome).contains("535 5.7.8"), "{outcome:?}");
    assert_eq!(failure(&channel.probe().await), (FailureReason::AuthError, true));
}

#[tokio::test]
async fn a_server_without_tls_never_gets_a_letter_meant_for_tls() {
    let sink = sink().await;
    for tls in [SmtpTls::Starttls, SmtpTls::Implicit] {
        let mut settings = settings(sink.address());
        settings.tls = tls;
        settings.timeout = Duration::from_secs(2);
        let outcome = channel_with(settings).deliver(&letter("al-1"), DPO, now()).await;
        assert!(matches!(outcome, Outcome::Failed { permanent: false, .. }), "{tls:?}: {outcome:?}");
    }
    assert_eq!(sink.received(), []);
}

#[tokio::test]
async fn a_hundred_letters_at_once_all_arrive_whole() {
    let sink = sink().await;
    let channel = std::sync::Arc::new(channel(sink.address()));
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..100 {
        let channel = std::sync::Arc::clone(&channel);
        sends.spawn(async move { channel.deliver(&letter(&format!("al-{n}")), DPO, now()).await });
    }
    assert!(sends.join_all().await.iter().all(is_delivered));
    let received = sink.wait_for(100, PATIENCE).await.expect("a hundred messages");
    let ids: std::collections::BTreeSet<_> =
        received.iter().filter_map(|received| Some(read_mail(&received.raw)?.header("X-Watchbell-Alert")?.to_owned())).collect();
    assert_eq!(ids.len(), 100);
}
