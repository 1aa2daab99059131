//! Our letters through a real Postfix of its own folder: into a mailbox file, past deferrals and refusals, over
//! STARTTLS, and after a stop and a start.

use super::{failure, instant, is_delivered, letter, text_of};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant;
use watchbell::shell::delivery::{Channel, EmailChannel, EmailSettings, FailureReason, SmtpTls, text_body};
use watchbell::shell::wall_clock;
use watchbell::sim::read_mail::{Mail, read_mail};

const PATIENCE: Duration = Duration::from_secs(30);
const DPO: &str = "dpo@hospital.example";

const MAIN_CF: &str = "
compatibility_level = 3.6
queue_directory = {T}/queue
data_directory = {T}/data
maillog_file = {T}/log
maillog_file_prefixes = {T}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.hospital.example
mydestination =
alias_maps =
alias_database =
virtual_mailbox_domains = hospital.example
virtual_mailbox_base = {T}/mail
virtual_mailbox_maps = texthash:{T}/etc/boxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{T}/etc/access, reject_unauth_destination
smtpd_error_sleep_time = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = {T}/etc/leaf.pem
smtpd_tls_key_file = {T}/etc/leaf.key
";

const MASTER_CF: &str = "
127.0.0.1:{PORT} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// A Postfix with nothing of the system's; stopped when dropped.
struct Postfix {
    folder: TempDir,
    port: u16,
}

impl Postfix {
    /// Sets one up and starts it; `None`, with the reason said, where that cannot be done.
    async fn start() -> Option<Self> {
        let skip = |why: &str| {
            eprintln!("skipped: {why}");
            None
        };
        let owner = Command::new("id").args(["-u", "postfix"]).output().ok();
        let owner = owner.and_then(|said| String::from_utf8(said.stdout).ok()?.trim().parse().ok());
        let Some(owner) = owner else { return skip("there is no Postfix here") };
        if Command::new("postfix").arg("-c").arg("/nonexistent").stderr(Stdio::null()).status().is_err() {
            return skip("there is no Postfix here");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        if chown(root, Some(0), Some(0)).is_err() {
            return skip("only root can start a Postfix");
        }
        fs::set_permissions(root, Permissions::from_mode(0o755)).expect("permissions are ours");
        for (name, owner) in [("etc", 0), ("queue", 0), ("data", owner), ("mail", 65_534)] {
            fs::create_dir(root.join(name)).expect("a folder");
            chown(root.join(name), Some(owner), None).expect("root gives it away");
        }
        if !certificates(&root.join("etc")) {
            return skip("no openssl here to make certificates");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let write = |name: &str, text: &str| {
            let text = text.replace("{T}", &root.to_string_lossy()).replace("{PORT}", &port.to_string());
            fs::write(root.join("etc").join(name), text).expect("a file");
        };
        write("main.cf", MAIN_CF);
        write("master.cf", MASTER_CF);
        write("boxes", &format!("{DPO} dpo\ngreylisted@hospital.example greylisted\ngone@hospital.example gone\n"));
        write("access", "greylisted@hospital.example 451 4.7.1 Greylisted\ngone@hospital.example 550 5.1.1 No such user\n");
        let postfix = Self { folder, port };
        postfix.command("start");
        postfix.listens().await;
        Some(postfix)
    }

    fn command(&self, word: &str) {
        let said =
            Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg(word).output().expect("postfix runs");
        assert!(said.status.success(), "postfix {word}: {}{}", String::from_utf8_lossy(&said.stderr), self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    async fn listens(&self) {
        self.wait_for("Postfix listens", || std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()).await;
    }

    async fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                wall_clock::sleep(instant::Duration::milliseconds(20)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}\n{}", self.log()))
    }

    fn channel(&self) -> EmailChannel {
        let settings = EmailSettings {
            host: "127.0.0.1".into(),
            port: self.port,
            tls: SmtpTls::None,
            username: None,
            password: None,
            from: "Watchbell <watchbell@hospital.example>".into(),
            hello_name: Some("watchbell.hospital.example".into()),
            timeout: Duration::from_secs(20),
        };
        EmailChannel::new(ChannelId::new("mail"), settings).expect("good settings")
    }

    /// The mails in the mailbox file, once there are so many.
    async fn mailbox(&self, count: usize) -> Vec<Mail> {
        let path = self.folder.path().join("mail/dpo");
        self.wait_for("mails in the mailbox", || {
            let text = fs::read_to_string(&path).ok()?;
            let mails: Vec<Mail> =
                format!("\n{text}").split("\nFrom ").filter_map(|mail| read_mail(mail.split_once('\n')?.1.as_bytes())).collect();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("abort").output();
    }
}

/// A certificate for `localhost` and the authority behind it.
fn certificates(folder: &Path) -> bool {
    let openssl = |arguments: &str| {
        let status = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
        && openssl(
            "req -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout leaf.key -out leaf.csr",
        )
        && openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out leaf.pem")
}

/// `watchbell channel test mail` over STARTTLS, trusting this authority alone.
fn drill(postfix: &Postfix, authority: &Path) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).expect("the example");
    let config = example
        .replace("smtp.example.org", "localhost")
        .replace("port = 587", &format!("port = {}", postfix.port))
        .replace("watchbell@example.org", "watchbell@hospital.example");
    let path = folder.path().join("watchbell.toml");
    fs::write(&path, config).expect("a configuration");
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchbell"));
    command.args(["channel", "test", "mail", "--to", DPO, "--config"]).arg(&path).env("SSL_CERT_FILE", authority);
    let said = command.env_remove("SSL_CERT_DIR").output().expect("it runs");
    (said.status.code(), String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
}

#[tokio::test]
async fn letters_pass_through_postfix_whatever_happens_to_it() {
    let Some(postfix) = Postfix::start().await else { return };
    let now = instant("2026-03-27T07:48:05Z");
    let channel = postfix.channel();
    let mut first = letter("al-1");
    first.lines.push(("Zuständig".into(), ".Müller\u{2019}s team".into()));
    let outcome = channel.deliver(&first, DPO, now).await;
    assert!(is_delivered(&outcome), "{outcome:?}\n{}", postfix.log());
    let mail = postfix.mailbox(1).await.remove(0);
    assert_eq!(mail.subject, first.subject);
    for (name, value) in [
        ("Message-ID", "<al-1@hospital.example>"),
        ("References", "<thread-inc-7h3k9qd2w4xz8m5n@hospital.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("List-Id", "Watchbell alerts <alerts.watchbell.hospital.example>"),
        ("X-Priority", "1"),
    ] {
        assert_eq!(mail.header(name), Some(value), "{:?}", mail.headers);
    }
    assert_eq!(
        mail.text.as_deref().map(|text| text.replace("\r\n", "\n").trim_end().to_owned()).as_deref(),
        Some(text_body(&first).trim_end())
    );

    let deferred = channel.deliver(&letter("al-2"), "greylisted@hospital.example", now).await;
    assert_eq!(failure(&deferred), (FailureReason::ServerError, false));
    assert!(text_of(&deferred).contains("451 4.7.1"), "{deferred:?}");
    let refused = channel.deliver(&letter("al-2"), "gone@hospital.example", now).await;
    assert_eq!(failure(&refused), (FailureReason::ClientError, true));
    assert!(text_of(&refused).contains("550 5.1.1"), "{refused:?}");
    let relayed = channel.deliver(&letter("al-2"), "somebody@elsewhere.example", now).await;
    assert!(matches!(failure(&relayed), (FailureReason::ClientError, true)), "{relayed:?}");

    postfix.command("stop");
    assert_eq!(failure(&channel.deliver(&letter("al-3"), DPO, now).await), (FailureReason::Unreachable, false));
    postfix.command("start");
    postfix.listens().await;
    assert!(is_delivered(&channel.deliver(&letter("al-3"), DPO, now).await));
    let ids: Vec<_> =
        postfix.mailbox(2).await.iter().filter_map(|mail| mail.header("X-Watchbell-Alert").map(str::to_owned)).collect();
    assert_eq!(ids, ["al-1", "al-3"]);

    // Over STARTTLS, in a process of its own, because which authorities are trusted is said by the environment.
    let etc = postfix.folder.path().join("etc");
    let (code, said) = drill(&postfix, &etc.join("ca.pem"));
    assert_eq!(code, Some(0), "{said}\n{}", postfix.log());
    let drill_mail = postfix.mailbox(3).await.pop().expect("a third");
    assert!(drill_mail.subject.starts_with("[DRILL]"), "{:?}", drill_mail.headers);
    let received: String =
        drill_mail.headers.iter().filter(|(name, _)| name == "Received").map(|(_, value)| value.as_str()).collect();
    assert!(received.contains("ESMTPS"), "it was not encrypted: {received}");

    fs::remove_file(etc.join("ca.key")).expect("the key of the first authority");
    let strangers = tempfile::tempdir().expect("a temporary folder");
    assert!(certificates(strangers.path()));
    let (code, said) = drill(&postfix, &strangers.path().join("ca.pem"));
    assert_eq!(code, Some(1), "a certificate nobody vouches for was taken: {said}");
    assert!(said.contains("could not be secured: its certificate"), "{said}");
}
