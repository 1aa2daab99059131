//! TLS of the daemon's own: certificates, client certificates, and their renewal.

use super::support::{Answer, ConfigText, Daemon, PERSON_TOKEN, wait_for, watchbell};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const EVENT: &str = r#"{"id": "1", "title": "A laptop is gone"}"#;

/// An authority that makes certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), certificate: der, pem }
    }

    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { pem: certificate.pem(), certificate: certificate.der().clone(), key }
    }

    /// A client that trusts this authority, perhaps with a certificate of its own.
    fn client(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let builder = builder.with_root_certificates(roots);
        Arc::new(match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
                builder.with_client_auth_cert(vec![identity.certificate.clone()], key).expect("they fit")
            }
        })
    }
}

impl Identity {
    fn write(&self, folder: &Path) {
        fs::write(folder.join("server.pem"), &self.pem).expect("written");
        fs::write(folder.join("server.key"), self.key.serialize_pem()).expect("written");
    }
}

fn stream(address: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(60)))?;
    let name = ServerName::try_from("watchbell.example.org").expect("a name");
    let connection = ClientConnection::new(Arc::clone(client), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, tcp))
}

fn ask(address: SocketAddr, client: &Arc<ClientConfig>, head: &str, body: &str) -> io::Result<Answer> {
    let mut stream = stream(address, client)?;
    let length = body.len();
    write!(
        stream,
        "{head} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {length}\r\nauthorization: Bearer {PERSON_TOKEN}\r\n\r\n{body}"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    super::support::read_answer(bytes)
}

fn metrics(daemon: &Daemon, client: &Arc<ClientConfig>) -> String {
    ask(daemon.address(), client, "GET /metrics", "").expect("metrics").text().to_owned()
}

fn with_tls(config: &mut ConfigText) {
    config.replace(
        "[store]",
        "[server.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nclient_ca = \"clients.pem\"\n[store]",
    );
}

/// A daemon with TLS, whose clients' authority and server's authority are one.
fn daemon(authority: &Authority, more: impl FnOnce(&mut ConfigText)) -> Daemon {
    let probe = authority.client(None);
    let ready = move |address| ask(address, &probe, "GET /-/ready", "").is_ok_and(|answer| answer.status == 200);
    Daemon::start_asking(
        |config| {
            authority.issue("watchbell.example.org").write(config.folder());
            fs::write(config.folder().join("clients.pem"), &authority.pem).expect("written");
            with_tls(config);
            more(config);
        },
        ready,
    )
}

#[test]
fn a_client_certificate_of_the_right_name_opens_and_another_one_does_not() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (siem, other) = (authority.issue("siem.example.org"), authority.issue("printer.example.org"));
    let daemon = daemon(&authority, |config| {
        config.add("[[source]]\nname = \"siem\"\nmapping = \"native\"\norganisations = [\"mercy\"]\n  [source.mtls]\n  subjects = [\"siem.example.org\"]\n");
    });
    let post = |identity: Option<&Identity>| ask(daemon.address(), &authority.client(identity), "POST /v1/events/siem", EVENT);
    let taken = post(Some(&siem)).expect("an answer");
    assert_eq!(taken.status, 202, "{}", taken.text());
    for identity in [None, Some(&other)] {
        let refused = post(identity).expect("an answer");
        assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("unauthorised")), "{}", refused.text());
    }
    // A certificate of an authority that does not count ends the handshake.
    let forged = stranger.issue("siem.example.org");
    assert!(post(Some(&forged)).is_err());
    // Somebody who speaks no TLS, and somebody who says nothing, hold nobody up.
    let _silent = TcpStream::connect(daemon.address()).expect("a connection");
    assert!(super::support::request(daemon.address(), "GET", "/-/healthy", None, None).is_err());
    assert_eq!(post(Some(&siem)).expect("an answer").json()["duplicate"], true);
    let counted = metrics(&daemon, &authority.client(None));
    assert!(counted.contains("watchbell_tls_handshakes_failed_total 2"), "{counted}");
}

#[test]
fn a_renewed_certificate_is_used_after_a_reload_and_a_broken_one_is_not() {
    let authority = Authority::new();
    let daemon = daemon(&authority, |_| ());
    let client = authority.client(None);
    let shown = || {
        let mut stream = stream(daemon.address(), &client).expect("a connection");
        write!(stream, "GET /-/healthy HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n").expect("written");
        stream.flush().expect("flushed");
        stream.conn.peer_certificates().expect("a certificate")[0].clone().into_owned()
    };
    let before = shown();
    fs::write(daemon.folder().join("server.pem"), "-----BEGIN CERTIFICATE-----\nbroken\n").expect("written");
    daemon.signal("HUP");
    wait_for("the broken certificate is told", || {
        metrics(&daemon, &client).contains("config_last_reload_successful 0").then_some(())
    });
    assert_eq!(shown(), before, "the old one stays in use");
    assert!(daemon.log().contains("server.pem"), "{}", daemon.log());

    // A key that is not the certificate's is as bad.
    authority.issue("watchbell.example.org").write(daemon.folder());
    let another = authority.issue("watchbell.example.org");
    fs::write(daemon.folder().join("server.key"), another.key.serialize_pem()).expect("written");
    let output = watchbell().arg("check-config").arg(daemon.config()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be used together"));

    another.write(daemon.folder());
    daemon.signal("HUP");
    wait_for("the new certificate is shown", || (shown() == another.certificate).then_some(()));
}
