//! The same letter through somebody else's SMTP server and mail parser: Python's aiosmtpd and `email`.

use super::{instant, is_delivered, letter};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use watchbell::domain::ids::ChannelId;
use watchbell::shell::delivery::{Channel, EmailChannel, EmailSettings, SmtpTls, text_body};

const PATIENCE: Duration = Duration::from_secs(20);

const SERVER: &str = r#"
import asyncio, email, email.policy, json
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
    server = await loop.create_server(lambda: SMTP(Keeper(), loop=loop), "127.0.0.1", 0)
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

#[tokio::test]
async fn python_reads_the_letter_as_it_was_meant() {
    let Some(python) = python().await else {
        eprintln!("skipped: no Python with aiosmtpd here");
        return;
    };
    let mut server =
        Command::new(python).args(["-c", SERVER]).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("Python starts");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let port =
        tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("a port in time").expect("readable").expect("a line");

    let settings = EmailSettings {
        host: "127.0.0.1".into(),
        port: port.parse().expect("a port"),
        tls: SmtpTls::None,
        username: None,
        password: None,
        from: "Watchbell <watchbell@hospital.example>".into(),
        hello_name: None,
        timeout: Duration::from_secs(10),
    };
    let channel = EmailChannel::new(ChannelId::new("mail"), settings).expect("good settings");
    let mut letter = letter("al-1");
    letter.subject = "Noch 9 h \u{2013} Behörde benachrichtigen".into();
    letter.lines.push(("Zuständig".into(), ".Müller\u{2019}s team".into()));
    let outcome = channel.deliver(&letter, "dpo@hospital.example", instant("2026-03-27T07:48:05Z")).await;
    assert!(is_delivered(&outcome), "{outcome:?}");

    let line =
        tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("a message in time").expect("readable").expect("a line");
    let seen: serde_json::Value = serde_json::from_str(&line).expect("JSON");
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
