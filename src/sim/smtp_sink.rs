//! A small SMTP server on loopback that keeps what it is given, and misbehaves when told to.
//!
//! It stands in for the house's mail server in the demo, and for every bad day of one in the tests. It
//! speaks no TLS, forwards nothing, and listens on nothing but `127.0.0.1`.

use super::smtp_session;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A message as it was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The name the client gave in EHLO or HELO.
    pub hello: String,
    /// The envelope's sender; empty for the null sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The message, dots unstuffed, line ends as they came.
    pub raw: Vec<u8>,
}

/// What the sink does wrong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Misbehaviour {
    /// Nothing.
    #[default]
    None,
    /// Puts every recipient off with 451.
    DeferRecipients,
    /// Refuses this recipient with 550 and takes the others.
    RefuseRecipient(String),
    /// Refuses every sign-in with 535.
    RefuseSignIn,
    /// Says nothing more from this point on, and leaves the connection open.
    StallAt(Stage),
    /// Takes a message whole, keeps it, and hangs up before it says so.
    HangUpAfterData,
}

/// A point in an SMTP dialogue: the reply that does not come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The greeting.
    Greeting,
    /// The reply to EHLO or HELO.
    Hello,
    /// The reply to MAIL.
    Mail,
    /// The reply to RCPT.
    Recipient,
    /// The reply to DATA.
    Data,
    /// The reply to the message.
    Message,
    /// The reply to QUIT.
    Quit,
}

/// The sink. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    mailroom: Arc<Mailroom>,
    server: Option<JoinHandle<()>>,
    reserved: Option<TcpSocket>,
}

impl SmtpSink {
    /// Starts on a free port of `127.0.0.1`.
    ///
    /// # Errors
    /// Whatever the system says when it has no port to give.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mailroom = Arc::new(Mailroom::default());
        let server = Some(tokio::spawn(serve(listener, Arc::clone(&mailroom))));
        Ok(Self { address, mailroom, server, reserved: None })
    }

    /// Where it listens; the same after [`Self::come_up`].
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes its ways, from the next command of every connection on.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        *self.mailroom.misbehaviour.lock().unwrap_or_else(PoisonError::into_inner) = misbehaviour;
    }

    /// Stops listening and cuts every connection; new ones are refused. The port stays ours meanwhile.
    ///
    /// # Errors
    /// Whatever the system says when the port has been taken that very moment.
    pub async fn go_down(&mut self) -> io::Result<()> {
        if let Some(server) = self.server.take() {
            server.abort();
            // The port is free once the task is gone.
            let _ = server.await;
            let port = TcpSocket::new_v4()?;
            port.set_reuseaddr(true)?;
            port.bind(self.address)?;
            self.reserved = Some(port);
        }
        Ok(())
    }

    /// Listens again on the same port; what was received stays.
    ///
    /// # Errors
    /// Whatever the system says when it cannot listen.
    pub async fn come_up(&mut self) -> io::Result<()> {
        if let Some(port) = self.reserved.take() {
            let listener = port.listen(BACKLOG)?;
            self.server = Some(tokio::spawn(serve(listener, Arc::clone(&self.mailroom))));
        }
        Ok(())
    }

    /// Everything received so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.mailroom.shelf.borrow().clone()
    }

    /// Waits until at least `count` messages have been received, and returns all; `None` when `patience` ends first.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> Option<Vec<Received>> {
        let mut shelf = self.mailroom.shelf.subscribe();
        let enough = shelf.wait_for(|messages| messages.len() >= count);
        let messages = tokio::time::timeout(patience, enough).await.ok()?.ok()?;
        Some(messages.clone())
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

/// What the connections share.
#[derive(Debug, Default)]
pub(super) struct Mailroom {
    shelf: watch::Sender<Vec<Received>>,
    misbehaviour: Mutex<Misbehaviour>,
}

impl Mailroom {
    pub(super) fn keep(&self, message: Received) {
        self.shelf.send_modify(|messages| messages.push(message));
    }

    pub(super) fn misbehaviour(&self) -> Misbehaviour {
        self.misbehaviour.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const MOST_CONNECTIONS: usize = 64;
const BACKLOG: u32 = 128;

async fn serve(listener: TcpListener, mailroom: Arc<Mailroom>) {
    // Aborting this task drops the set, and with it every connection.
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if sessions.len() < MOST_CONNECTIONS => {
                if let Ok((stream, _)) = accepted {
                    sessions.spawn(session(stream, Arc::clone(&mailroom)));
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

async fn session(stream: TcpStream, mailroom: Arc<Mailroom>) {
    // A client that goes away mid-sentence is the client's affair.
    let _ = smtp_session::serve(stream, &mailroom).await;
}
