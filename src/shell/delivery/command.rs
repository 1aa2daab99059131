//! Alerts to a program on this machine: a modem, a siren, a pager of the house's own.
//!
//! The program is started without a shell, in a process group of its own and with almost no environment;
//! it gets the letter as JSON on its standard input. Exit code 0 says delivered, 75 (`EX_TEMPFAIL`) asks for another
//! attempt, any other is a failure. The last line of its standard output goes into the record. When its time is
//! up, the group is killed.

use super::letter::{Letter, one_line};
use super::letter_body::text_body;
use super::shorten::shortened;
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::{Instant, rfc3339};
use serde_json::json;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const TRY_AGAIN: i32 = 75;
const RECEIPT_MAX: usize = 200;
/// The end of what it writes; the rest is read and dropped, so that it never waits for us.
const TAIL_MAX: usize = 4096;
/// How long its output is waited for once it has ended: a child it left behind may hold the pipe.
const LAST_WORDS: Duration = Duration::from_secs(1);
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Which program.
#[derive(Clone, Debug)]
pub struct CommandSettings {
    /// The program's absolute path, and its arguments as they are.
    pub argv: Vec<String>,
    /// How long one run may take.
    pub timeout: Duration,
}

/// The command channel.
#[derive(Debug)]
pub struct CommandChannel {
    id: ChannelId,
    program: PathBuf,
    arguments: Vec<String>,
    timeout: Duration,
}

impl CommandChannel {
    /// Checks the settings; starts nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for no program, one without an absolute path, or a timeout of zero.
    pub fn new(id: ChannelId, settings: CommandSettings) -> Result<Self, ChannelFault> {
        let fault = |problem: &str, hint| ChannelFault { channel: id.clone(), problem: problem.to_owned(), hint };
        let mut argv = settings.argv.into_iter();
        let program = PathBuf::from(argv.next().ok_or_else(|| fault("`argv` is empty", "name a program and its arguments"))?);
        if !program.is_absolute() {
            return Err(fault("the program in `argv` has no absolute path", "write `/usr/local/bin/name`; there is no shell"));
        }
        super::check_timeout(&id, settings.timeout)?;
        Ok(Self { id, program, arguments: argv.collect(), timeout: settings.timeout })
    }

    async fn attempt(&self, letter: &Letter, to: &str) -> Outcome {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().env("PATH", SEARCH_PATH).env("LANG", "C.UTF-8").current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return not_started(&error),
        };
        let mut run = Run(child);
        let (stdin, stdout) = (run.0.stdin.take(), run.0.stdout.take());
        let ended = tokio::time::timeout(self.timeout, ended(&mut run.0, stdin, stdout, input(letter, to))).await;
        match ended {
            Ok(Ok((status, last_words))) => said(status, &last_words),
            Ok(Err(_)) => Outcome::transient(FailureReason::Unreachable, "the command could not be waited for"),
            Err(_) => {
                let text = format!("the command did not end within {} s and was killed", self.timeout.as_secs_f32());
                Outcome::transient(FailureReason::TimedOut, text)
            }
        }
    }
}

impl Channel for CommandChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "command"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, _now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, to))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            match tokio::fs::metadata(&self.program).await {
                Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => {
                    Outcome::delivered("the program is there")
                }
                Ok(_) => not_started(&io::ErrorKind::PermissionDenied.into()),
                Err(error) => not_started(&error),
            }
        })
    }
}

/// A program that runs. Dropped before its end, it is killed with everything it started.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        // There is an id as long as its end was not taken note of, so that it cannot be another's by now.
        let id = self.0.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(group) = id {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Its end, and the last it wrote. It may write before it reads, and end without reading.
async fn ended(
    child: &mut Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    input: Vec<u8>,
) -> io::Result<(ExitStatus, Vec<u8>)> {
    let feed = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&input).await;
        }
    };
    let mut tail = Vec::new();
    let status = {
        let mut listening = std::pin::pin!(listen(stdout, &mut tail));
        let mut heard = false;
        let mut running = std::pin::pin!(async { tokio::join!(feed, child.wait()).1 });
        let status = loop {
            tokio::select! {
                status = running.as_mut() => break status?,
                () = listening.as_mut(), if !heard => heard = true,
            }
        };
        if !heard {
            let _ = tokio::time::timeout(LAST_WORDS, listening).await;
        }
        status
    };
    Ok((status, tail))
}

async fn listen(stdout: Option<ChildStdout>, tail: &mut Vec<u8>) {
    let Some(mut stdout) = stdout else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stdout.read(&mut buffer).await {
        tail.extend_from_slice(&buffer[..length]);
        let surplus = tail.len().saturating_sub(TAIL_MAX);
        tail.drain(..surplus);
    }
}

fn said(status: ExitStatus, last_words: &[u8]) -> Outcome {
    let last_words = String::from_utf8_lossy(last_words);
    let line = last_words.lines().rev().map(one_line).find(|line| !line.is_empty());
    let line = line.map(|line| shortened(&line, RECEIPT_MAX));
    let because = line.as_deref().map(|line| format!(": {line}")).unwrap_or_default();
    match status.code() {
        Some(0) => Outcome::delivered(line.unwrap_or_else(|| "the command ended well".into())),
        Some(TRY_AGAIN) => {
            Outcome::transient(FailureReason::ServerError, format!("the command asks to be tried again (exit code 75){because}"))
        }
        Some(code) => Outcome::permanent(
            FailureReason::ClientError,
            format!("the command failed with exit code {code}{because}\nhint: exit code 75 asks for another attempt"),
        ),
        None => Outcome::transient(FailureReason::ServerError, format!("the command was killed by a signal{because}")),
    }
}

fn not_started(error: &io::Error) -> Outcome {
    let (permanent, why) = match error.kind() {
        io::ErrorKind::NotFound => (true, "there is no such program"),
        io::ErrorKind::PermissionDenied => (true, "it is not a program this user may run"),
        _ => (false, "the system refuses for now"),
    };
    let text = format!("the command cannot be started: {why}\nhint: check `argv` of the channel");
    Outcome::Failed { reason: FailureReason::RefusedByPolicy, text, retry_after: None, permanent }
}

fn input(letter: &Letter, to: &str) -> Vec<u8> {
    let pairs = |pairs: &[(String, String)]| -> Vec<_> { pairs.iter().map(|(a, b)| json!([a, b])).collect() };
    let letter = json!({
        "alert": letter.id,
        "act": letter.act,
        "drill": letter.drill,
        "to": to,
        "incident": letter.incident,
        "clocks": letter.clocks,
        "urgency": letter.urgency,
        "subject": letter.subject,
        "heading": letter.heading,
        "asked": letter.asked,
        "lines": pairs(&letter.lines),
        "commands": pairs(&letter.commands),
        "link": letter.link,
        "text": text_body(letter),
        "rung_at": rfc3339(letter.rung_at),
        "late_by_s": letter.late_by_s,
        "facts": letter.facts,
    });
    letter.to_string().into_bytes()
}
