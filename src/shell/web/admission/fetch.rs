//! Small documents of others, such as an issuer's keys: over https, without redirects, bounded in size and time,
//! and never from inside our own network unless the configuration says so.

use crate::shell::address_guard::AddressGuard;
use reqwest::{Client, Url, redirect};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The largest document taken, in bytes.
const LARGEST: usize = 256 * 1024;
/// How long a document may take, from the look-up of the name to its last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a document did not come. Nothing of the answer is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// Not an address that is asked.
    #[error("the address is not https, or belongs to a network that is not asked")]
    Address,
    /// No connection, or a certificate that is not trusted.
    #[error("no connection came about, or the certificate there is not trusted")]
    Connection,
    /// Nothing in time.
    #[error("no answer came in time")]
    Slow,
    /// An answer that is no document.
    #[error("the answer was {0}")]
    Status(u16),
    /// Too long.
    #[error("the answer is too long")]
    TooLong,
}

/// Fetches one document. `allow_private` lets it come from this machine or a private network, over plain `http`.
pub async fn document(url: &str, allow_private: bool) -> Result<Vec<u8>, FetchFault> {
    let guard = AddressGuard { allow_private };
    let url = Url::parse(url).map_err(|_| FetchFault::Address)?;
    let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    let encrypted = url.scheme() == "https" || (allow_private && url.scheme() == "http");
    if !encrypted || literal.is_some_and(|address| guard.check(address).is_err()) {
        return Err(FetchFault::Address);
    }
    // The daemon has installed the crypto provider this asks for.
    let client = Client::builder()
        .user_agent(concat!("watchbell/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(PATIENCE)
        .dns_resolver(Arc::new(guard))
        .build()
        .map_err(|_| FetchFault::Connection)?;
    let mut response = client.get(url).send().await.map_err(|error| in_words(&error))?;
    if response.status().as_u16() != 200 {
        return Err(FetchFault::Status(response.status().as_u16()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| in_words(&error))? {
        if document.len() + chunk.len() > LARGEST {
            return Err(FetchFault::TooLong);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

fn in_words(error: &reqwest::Error) -> FetchFault {
    if error.is_timeout() { FetchFault::Slow } else { FetchFault::Connection }
}
