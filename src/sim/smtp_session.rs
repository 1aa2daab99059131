//! One SMTP dialogue (RFC 5321), server side: as much of it as a submission client uses.

use super::smtp_sink::{Mailroom, Misbehaviour, Received, Stage};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Longest command line, in octets; RFC 5321 asks for 512, a sign-in may need more.
const LONGEST_COMMAND: u64 = 4 * 1024;
/// Longest line of a message, in octets; RFC 5321 asks for 1000.
const LONGEST_LINE: u64 = 64 * 1024;
/// Largest message, in octets, as EHLO announces it.
const LARGEST_MESSAGE: usize = 10 * 1024 * 1024;
const MOST_RECIPIENTS: usize = 100;
/// A client that says nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(300);

/// Serves one connection to its end.
///
/// # Errors
/// The connection broke, idled out or sent a line beyond all bounds.
pub(super) async fn serve(stream: TcpStream, mailroom: &Mailroom) -> io::Result<()> {
    let mut session = Session { stream: BufReader::new(stream), mailroom, hello: String::new(), envelope: None };
    session.reply(Stage::Greeting, "220 watchbell sink ready").await?;
    loop {
        let line = session.line(LONGEST_COMMAND).await?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                session.greet(argument);
                let extensions = format!(
                    "250-watchbell sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN\r\n250 SIZE {LARGEST_MESSAGE}"
                );
                session.reply(Stage::Hello, &extensions).await?;
            }
            "HELO" => {
                session.greet(argument);
                session.reply(Stage::Hello, "250 watchbell sink").await?;
            }
            "AUTH" => session.sign_in(argument).await?,
            "MAIL" => session.mail(argument).await?,
            "RCPT" => session.recipient(argument).await?,
            "DATA" => session.data().await?,
            "RSET" => {
                session.envelope = None;
                session.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => session.say("250 2.0.0 still here").await?,
            "QUIT" => return session.reply(Stage::Quit, "221 2.0.0 goodbye").await,
            _ => session.say("502 5.5.1 no such command here").await?,
        }
    }
}

struct Session<'a> {
    stream: BufReader<TcpStream>,
    mailroom: &'a Mailroom,
    hello: String,
    envelope: Option<(String, Vec<String>)>,
}

impl Session<'_> {
    fn greet(&mut self, name: &str) {
        self.hello = name.to_owned();
        self.envelope = None;
    }

    async fn sign_in(&mut self, argument: &str) -> io::Result<()> {
        if self.mailroom.misbehaviour() == Misbehaviour::RefuseSignIn {
            return self.say("535 5.7.8 not with these credentials").await;
        }
        match argument.split_once(' ') {
            Some((mechanism, _)) if mechanism.eq_ignore_ascii_case("PLAIN") => self.say("235 2.7.0 welcome").await,
            _ => self.say("504 5.5.4 PLAIN with an initial response, please").await,
        }
    }

    async fn mail(&mut self, argument: &str) -> io::Result<()> {
        match path(argument, "FROM:") {
            Some(from) if !self.hello.is_empty() => {
                self.envelope = Some((from, Vec::new()));
                self.reply(Stage::Mail, "250 2.1.0 sender taken").await
            }
            Some(_) => self.say("503 5.5.1 say hello first").await,
            None => self.say("501 5.5.4 write MAIL FROM:<address>").await,
        }
    }

    async fn recipient(&mut self, argument: &str) -> io::Result<()> {
        let Some(to) = path(argument, "TO:").filter(|to| !to.is_empty()) else {
            return self.say("501 5.5.4 write RCPT TO:<address>").await;
        };
        match self.mailroom.misbehaviour() {
            Misbehaviour::DeferRecipients => return self.say("451 4.3.0 not just now").await,
            Misbehaviour::RefuseRecipient(refused) if refused.eq_ignore_ascii_case(&to) => {
                return self.say(&format!("550 5.1.1 <{to}> nobody of that name here")).await;
            }
            _ => {}
        }
        match &mut self.envelope {
            None => self.say("503 5.5.1 MAIL comes first").await,
            Some((_, recipients)) if recipients.len() >= MOST_RECIPIENTS => self.say("452 4.5.3 too many recipients").await,
            Some((_, recipients)) => {
                recipients.push(to);
                self.reply(Stage::Recipient, "250 2.1.5 recipient taken").await
            }
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        let Some((from, to)) = self.envelope.take_if(|(_, to)| !to.is_empty()) else {
            return self.say("503 5.5.1 RCPT comes first").await;
        };
        self.reply(Stage::Data, "354 end with a dot on a line of its own").await?;
        let Some(raw) = self.message().await? else {
            return self.say("552 5.3.4 the message is too large").await;
        };
        self.mailroom.keep(Received { hello: self.hello.clone(), from, to, raw });
        if self.mailroom.misbehaviour() == Misbehaviour::HangUpAfterData {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.reply(Stage::Message, "250 2.0.0 kept").await
    }

    /// Reads up to the closing dot; `None` when the message was larger than announced. A dot counts as closing
    /// only between two CRLF: anything looser lets one message hide in another.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        let mut too_large = false;
        let mut after_crlf = true;
        loop {
            let line = self.line(LONGEST_LINE).await?;
            if after_crlf && line == b".\r\n" {
                return Ok((!too_large).then_some(raw));
            }
            let content = if after_crlf { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
            too_large |= raw.len() + content.len() > LARGEST_MESSAGE;
            if !too_large {
                raw.extend_from_slice(content);
            }
            after_crlf = line.ends_with(b"\r\n");
        }
    }

    /// One line with its line end, at most `longest` octets.
    async fn line(&mut self, longest: u64) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(longest);
        tokio::time::timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await??;
        if line.ends_with(b"\n") { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// A reply that a stall can swallow.
    async fn reply(&mut self, stage: Stage, text: &str) -> io::Result<()> {
        if self.mailroom.misbehaviour() == Misbehaviour::StallAt(stage) {
            tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.say(text).await
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
    }
}

/// The address in `FROM:<address> PARAMETERS`.
fn path(argument: &str, keyword: &str) -> Option<String> {
    let start = argument.get(..keyword.len()).filter(|start| start.eq_ignore_ascii_case(keyword))?;
    let (address, _) = argument[start.len()..].trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned())
}
