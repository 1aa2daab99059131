//! Why a connection did not come about, in words for the operator.
//!
//! Libraries bury the cause some layers deep and word it for programmers, sometimes with addresses in it.
//! The words here are fixed, so that nothing else can reach a log.

use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io::{self, ErrorKind};

/// The cause at the bottom of `error`, as the end of a sentence; `None` when it is nothing known.
pub(super) fn connection_trouble(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    let mut found = None;
    while let Some(cause) = next {
        found = known(cause).or(found);
        next = beneath(cause);
    }
    found
}

/// The deeper layer. An I/O error's `source` skips the very error it wraps, which is where TLS puts its own.
fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn known(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls_trouble(tls));
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some("nothing listens on that port"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            Some("the other side hung up")
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Some("no route leads there"),
        ErrorKind::TimedOut => Some("no answer came in time"),
        _ => None,
    }
}

fn tls_trouble(error: &rustls::Error) -> &'static str {
    use CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "its certificate comes from an issuer this machine does not trust"
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => "its certificate has expired",
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is made out to another name"
        }
        rustls::Error::InvalidCertificate(_) => "its certificate is not valid",
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on that port",
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure) => {
            "it speaks no TLS version or cipher known here"
        }
        _ => "the TLS handshake failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer, with dpo@hospital.example in it")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_deepest_known_cause_is_named() {
        let untrusted = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = Outer(io::Error::new(ErrorKind::UnexpectedEof, untrusted));
        assert_eq!(connection_trouble(&wrapped), Some("its certificate comes from an issuer this machine does not trust"));
        let refused = Outer(io::Error::from(ErrorKind::ConnectionRefused));
        assert_eq!(connection_trouble(&refused), Some("nothing listens on that port"));
    }

    #[test]
    fn an_unknown_cause_is_not_quoted() {
        assert_eq!(connection_trouble(&Outer(io::Error::other("secret"))), None);
    }
}
