//! The keys of OIDC issuers, fetched when a token needs them and kept for an hour.
//!
//! A token with an unknown key makes us look again, since issuers change their keys, but never more than once a
//! minute: anybody can send such a token. Keys that could not be renewed are used for a day.

use super::fetch;
use crate::domain::ingest::credential::{JwkSet, JwtIssuer};
use crate::domain::instant::{Duration, Instant};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use tokio::sync::Mutex;

const FRESH: Duration = Duration::hours(1);
const USABLE: Duration = Duration::hours(24);
const PAUSE: Duration = Duration::minutes(1);

/// The keys of every issuer asked so far.
#[derive(Default)]
pub struct Issuers {
    known: StdMutex<BTreeMap<Address, Arc<Known>>>,
}

/// An issuer, and where its keys are if the configuration says.
type Address = (String, Option<String>);

#[derive(Default)]
struct Known {
    kept: StdMutex<Option<Kept>>,
    /// When the keys were last asked for; held while asking.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<JwkSet>,
    since: Instant,
}

/// What an issuer says of itself (OpenID Connect Discovery, 3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Issuers {
    /// The keys of an issuer, fetched if the one wanted is not among those kept.
    pub async fn keys(&self, issuer: &JwtIssuer, key_id: Option<&str>, now: Instant) -> Option<Arc<JwkSet>> {
        let known = self.known(issuer);
        let fits = |kept: &Kept| within(FRESH, kept.since, now) && kept.keys.knows(key_id);
        if let Some(kept) = known.kept().filter(fits) {
            return Some(kept.keys);
        }
        let mut asked = known.asked.lock().await;
        // Somebody else may have asked meanwhile.
        let settled = known.kept().is_some_and(|kept| fits(&kept)) || asked.is_some_and(|asked| within(PAUSE, asked, now));
        if !settled {
            *asked = Some(now);
            match fetch_keys(issuer).await {
                Ok(keys) => known.keep(Kept { keys: Arc::new(keys), since: now }),
                Err(problem) => tracing::warn!(issuer = %issuer.issuer, %problem, "the keys of an issuer could not be fetched"),
            }
        }
        known.kept().filter(|kept| within(USABLE, kept.since, now)).map(|kept| kept.keys)
    }

    fn known(&self, issuer: &JwtIssuer) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry((issuer.issuer.clone(), issuer.jwks_url.clone())).or_default())
    }
}

impl Known {
    fn kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Kept) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// Whether it was so short a time ago. A clock that was set back makes it longer than anything.
fn within(length: Duration, then: Instant, now: Instant) -> bool {
    now >= then && now - then < length
}

async fn fetch_keys(issuer: &JwtIssuer) -> Result<JwkSet, String> {
    let told = |error: &dyn std::fmt::Display, what: &str| format!("{what}: {error}");
    let url = match &issuer.jwks_url {
        Some(url) => url.clone(),
        None => {
            let url = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
            let document = fetch::document(&url, issuer.allow_private).await.map_err(|fault| told(&fault, "its metadata"))?;
            let metadata: Metadata = serde_json::from_slice(&document).map_err(|_| "its metadata cannot be read".to_owned())?;
            if metadata.issuer != issuer.issuer {
                return Err("its metadata is of another issuer; compare `issuer`, to the last slash".to_owned());
            }
            metadata.jwks_uri
        }
    };
    let document = fetch::document(&url, issuer.allow_private).await.map_err(|fault| told(&fault, "its keys"))?;
    JwkSet::parse(&document).map_err(|fault| fault.to_string())
}
