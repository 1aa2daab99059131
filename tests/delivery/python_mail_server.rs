//! The same letter through somebody else's SMTP server and mail parser: Python's aiosmtpd and `email`.

use super::{failure, instant, is_delivered, letter, text_of};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use watchbell::domain::ids::ChannelId;
use watchbell::shell::delivery::{Channel, EmailChannel, EmailSettings, FailureReason, SmtpTls, text_body};

const PATIENCE: Duration = Duration::from_secs(20);

const SERVER: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP

class Keeper:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "to": envelope.rcpt_tos,
            "subject": mail["Subject"],
            "id": mail["Message-ID"],
            "list": str(mail["List-Id"]),
            "defects": [str(defect) for defect in mail.defects],
            "text": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
        }), flush=True)
        return "250 OK"

async def main():
    loop = asyncio.get_running_loop()
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*sys.argv[1:])
    smtp = lambda: SMTP(Keeper(), loop=loop, tls_context=tls, require_starttls=tls is not None)
    server = await loop.create_server(smtp, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// The first Python that has aiosmtpd.
async fn python() -> Option<&'static str> {
    for python in ["python3", "/usr/bin/python3"] {
        let import = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().await;
        if import.is_ok_and(|status| status.success()) {
            return Some(python);
        }
    }
    None
}

/// Somebody else's mail server, and what it prints: a JSON object per message.
struct Server {
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
    _process: Child,
}

impl Server {
    /// Starts it, with STARTTLS when `certificate_and_key` names two files.
    async fn start(python: &str, certificate_and_key: &[&Path]) -> Self {
        let mut command = Command::new(python);
        command.args(["-c", SERVER]).args(certificate_and_key).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("Python starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let port = next_line(&mut lines).await.parse().expect("a port");
        Self { lines, port, _process: process }
    }

    fn settings(&self, tls: SmtpTls) -> EmailSettings {
        EmailSettings {
            host: "localhost".into(),
            port: self.port,
            tls,
            username: None,
            password: None,
            from: "Watchbell <watchbell@hospital.example>".into(),
            hello_name: None,
            timeout: Duration::from_secs(10),
        }
    }
}

async fn next_line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("a line in time");
    line.expect("readable").expect("a line")
}

#[tokio::test]
async fn python_reads_the_letter_as_it_was_meant() {
    let Some(python) = python().await else {
        eprintln!("skipped: no Python with aiosmtpd here");
        return;
    };
    let mut server = Server::start(python, &[]).await;
    let settings = server.settings(SmtpTls::None);
    let channel = EmailChannel::new(ChannelId::new("mail"), settings).expect("good settings");
    let mut letter = letter("al-1");
    letter.subject = "Noch 9 h \u{2013} Behörde benachrichtigen".into();
    letter.lines.push(("Zuständig".into(), ".Müller\u{2019}s team".into()));
    let outcome = channel.deliver(&letter, "dpo@hospital.example", instant("2026-03-27T07:48:05Z")).await;
    assert!(is_delivered(&outcome), "{outcome:?}");

    let seen: serde_json::Value = serde_json::from_str(&next_line(&mut server.lines).await).expect("JSON");
    assert_eq!(seen["to"], serde_json::json!(["dpo@hospital.example"]));
    assert_eq!(seen["subject"], letter.subject.as_str());
    assert_eq!(seen["id"], "<al-1@hospital.example>");
    assert_eq!(seen["defects"], serde_json::json!([]));
    assert_eq!(
        seen["text"].as_str().map(|text| text.replace("\r\n", "\n")).as_deref().map(str::trim_end),
        Some(text_body(&letter).trim_end())
    );
    assert!(seen["html"].as_str().is_some_and(|html| html.contains("Zuständig")));
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_gets_no_letter() {
    let Some(python) = python().await else {
        eprintln!("skipped: no Python with aiosmtpd here");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nobody knows this issuer"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-out"])
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .stderr(Stdio::null())
        .status()
        .await;
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no openssl here to make a certificate");
        return;
    }
    let server = Server::start(python, &[&certificate, &key]).await;
    let channel = EmailChannel::new(ChannelId::new("mail"), server.settings(SmtpTls::Starttls)).expect("good settings");
    let outcome = channel.deliver(&letter("al-1"), "dpo@hospital.example", instant("2026-03-27T07:48:05Z")).await;
    assert_eq!(failure(&outcome), (FailureReason::Unreachable, false));
    assert!(text_of(&outcome).contains("could not be secured: its certificate"), "{outcome:?}");
}
