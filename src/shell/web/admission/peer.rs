//! Who is at the other end of a connection, and what they bring.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use rustls::pki_types::CertificateDer;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address, which may be a proxy's.
    pub address: IpAddr,
    /// The certificate it showed, already held against the authorities in use.
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}

/// A request at the door: everything that may prove who sent it.
pub struct Knock {
    /// Its headers.
    pub headers: HeaderMap,
    /// The other end, where the connection is ours.
    pub peer: Option<Peer>,
    /// Its body, not read yet.
    pub body: Body,
}

impl<S: Send + Sync> FromRequest<S> for Knock {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().cloned();
        Ok(Self { headers: parts.headers, peer, body })
    }
}
