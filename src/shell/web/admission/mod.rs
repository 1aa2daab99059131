//! Admission: whether a delivery comes from whom it claims to come from, and whether there is room for it.
//!
//! What is expected of a sender is decided in [`credential`](crate::domain::ingest::credential); here is what
//! touches the world: connections, addresses, the keys of issuers, memory.
//!
//! Of several ways configured for a source any one suffices, so that one can replace another without a
//! gap; `require` names ways of which all must hold. What can be judged by the head of a request is judged
//! before its body is read, so that a stranger cannot make the daemon hold one.

mod client_address;
mod drill;
mod fetch;
mod handshake;
mod issuers;
mod peer;
mod room;

pub use client_address::Proxies;
pub use drill::HEADER as DRILL_HEADER;
pub use fetch::document;
pub use handshake::may_deliver;
pub use issuers::Issuers;
pub use peer::{Knock, Peer};
pub use room::{Room, Taken};

use super::App;
use super::problem::Problem;
use crate::domain::ingest::credential::{Credential, CredentialFault, Offer, key_id};
use crate::domain::instant::Instant;
use crate::shell::config::{Source, Way};
use crate::shell::wall_clock;
use axum::http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A delivery whose sender has proved to be the source.
pub struct Admitted {
    /// Its body.
    pub body: Taken,
    /// Whether the sender only tries out the way here.
    pub is_drill: bool,
}

/// Lets a delivery in, once its sender has proved to be the source.
///
/// # Errors
/// A problem that says what is wrong with the address, the credentials or the body.
pub async fn admit(app: &App, source: &Source, url_key: Option<&str>, knock: Knock) -> Result<Admitted, Problem> {
    let Knock { headers, peer, body } = knock;
    let now = wall_clock::now();
    // Signatures are judged by the clock of the moment at which the head came in, so that a slow body ages nothing.
    check_address(source, peer.as_ref().and_then(|peer| app.proxies.client(peer.address, &headers)))?;
    let certificate = peer.as_ref().and_then(|peer| peer.certificate.as_deref().map(|certificate| certificate.as_ref()));
    let offer = Offer { fields: fields(&headers), certificate, url_key, now_s: now.timestamp(), ..Offer::default() };
    let asked: Vec<&Way> = source.ways.iter().filter(|way| source.counts(way)).collect();
    let (over_body, by_head): (Vec<&Way>, Vec<&Way>) = asked.into_iter().partition(|way| way.credential.needs_body());
    let mut faults = Vec::new();
    let mut admitted = false;
    for way in by_head {
        match check_head(app, &way.credential, &offer, now).await {
            Ok(()) => admitted = true,
            Err(fault) => faults.push(fault),
        }
    }
    let all = !source.require.is_empty();
    if all && !faults.is_empty() {
        return Err(refusal(source, &faults));
    }
    let still: Vec<&Way> = over_body.into_iter().filter(|way| all || way.credential.is_offered(&offer)).collect();
    let must_sign = all && !still.is_empty();
    let unsigned = still.iter().find(|way| !way.credential.is_offered(&offer));
    if must_sign && let Some(way) = unsigned {
        return Err(refusal(source, &[way.credential.check(&offer).err()].into_iter().flatten().collect::<Vec<_>>()));
    }
    if !admitted && still.is_empty() {
        return Err(refusal(source, &faults));
    }
    let body = app.room.read(body, &headers, app.body_limit).await?;
    if must_sign || !admitted {
        let offer = Offer { body: &body.bytes, ..offer };
        let (held, fallen): (Vec<_>, Vec<_>) = still.iter().map(|way| way.credential.check(&offer)).partition(Result::is_ok);
        if held.is_empty() || (all && !fallen.is_empty()) {
            faults.extend(fallen.into_iter().filter_map(Result::err));
            return Err(refusal(source, &faults));
        }
    }
    Ok(Admitted { body, is_drill: drill::is_drill(&headers, now) })
}

fn check_address(source: &Source, client: Option<IpAddr>) -> Result<(), Problem> {
    if source.addresses.is_empty()
        || client.is_some_and(|client| source.addresses.iter().any(|network| network.contains(&client)))
    {
        return Ok(());
    }
    let from = client.map_or_else(|| "an address nobody vouches for".to_owned(), |client| client.to_string());
    let detail = format!("source `{}` does not post from {from}", source.name);
    Err(Problem::new(StatusCode::FORBIDDEN, "wrong-address", "not from this address", detail)
        .hint("see `addresses` of the [[source]]; behind a proxy, `trusted_proxies` under [server] says whose word counts"))
}

async fn check_head(app: &App, credential: &Credential, offer: &Offer<'_>, now: Instant) -> Result<(), CredentialFault> {
    let Credential::Jwt(issuer) = credential else { return credential.check(offer) };
    let Some(key_id) = key_id(offer) else { return credential.check(offer) };
    let keys = app.issuers.keys(issuer, key_id.as_deref(), now).await;
    credential.check(&Offer { keys: keys.as_deref(), ..offer.clone() })
}

/// The fault of what the sender tried; if it tried nothing, what it might.
fn refusal(source: &Source, faults: &[CredentialFault]) -> Problem {
    let counted: Vec<&Way> = source.ways.iter().filter(|way| source.counts(way)).collect();
    let tried = faults.iter().find(|fault| !fault.is_missing());
    let problem = match (tried, faults) {
        (Some(fault), _) => told(fault),
        (None, [only]) if counted.len() == 1 => told(only),
        _ => {
            let ways: Vec<String> = counted.iter().map(|way| way.credential.in_words()).collect();
            let (verb, joint) = if source.require.is_empty() { ("one of", " or ") } else { ("all of", " and ") };
            let hint =
                if ways.len() == 1 { format!("send {}", ways.concat()) } else { format!("send {verb}: {}", ways.join(joint)) };
            Problem::unauthorised(format!("nothing proves that this comes from source `{}`", source.name)).hint(hint)
        }
    };
    let asks = counted.iter().any(|way| matches!(way.credential, Credential::Basic(_)));
    if asks { problem.asking_for_password() } else { problem }
}

fn told(fault: &CredentialFault) -> Problem {
    let text = fault.to_string();
    let problem = Problem::unauthorised(text.as_str());
    if text.contains("\nhint: ") {
        problem
    } else {
        problem.hint("compare what the sender sends with the [[source]] of the configuration")
    }
}

/// The headers that can be read as text. One that came twice is left out: nobody could say which was meant.
fn fields(headers: &HeaderMap) -> BTreeMap<&str, &str> {
    let once = headers.keys().filter(|name| headers.get_all(*name).iter().count() == 1);
    once.filter_map(|name| Some((name.as_str(), headers.get(name)?.to_str().ok()?))).collect()
}
