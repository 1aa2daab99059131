//! What a source would send to prove itself, made from the secrets of the configuration.

use crate::domain::ingest::credential::{Credential, Offer};
use crate::domain::standard_webhooks::{self, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::shell::config::{Source, Way};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use std::fs;
use std::path::{Path, PathBuf};

/// The value of headers that are signed and that nobody gave.
pub const FILLER: &str = "watchbell-drill";

/// What goes along with a body.
#[derive(Default)]
pub struct Proof {
    /// Headers, with secrets in them.
    pub headers: Vec<(String, SecretString)>,
    /// What follows the source's name in the address.
    pub url_key: Option<SecretString>,
}

/// The ways to use: all that are required, or the first that can be used from here.
pub fn ways<'s>(source: &'s Source, token_file: Option<&Path>) -> Vec<&'s Way> {
    let counted = source.ways.iter().filter(|way| source.counts(way));
    if !source.require.is_empty() {
        return counted.collect();
    }
    let usable = counted.clone().find(|way| is_usable(way, token_file));
    usable.or_else(|| counted.clone().next()).into_iter().collect()
}

fn is_usable(way: &Way, token_file: Option<&Path>) -> bool {
    match way.credential {
        Credential::Webhook(_) | Credential::Hmac(_) => true,
        Credential::Certificate(_) => false,
        _ => secret_file(way, token_file).is_some(),
    }
}

/// The file with the secret itself: one the configuration names, or one the person does.
pub fn secret_file(way: &Way, token_file: Option<&Path>) -> Option<PathBuf> {
    token_file.map(Path::to_owned).or_else(|| way.files.first().cloned())
}

/// Proves a body as the source would.
///
/// # Errors
/// What is missing, with a hint.
pub fn prove(source: &Source, token_file: Option<&Path>, body: &[u8], now_s: i64) -> Result<Proof, String> {
    let mut proof = Proof::default();
    for way in ways(source, token_file) {
        add(&mut proof, way, token_file, body, now_s)?;
    }
    Ok(proof)
}

fn add(proof: &mut Proof, way: &Way, token_file: Option<&Path>, body: &[u8], now_s: i64) -> Result<(), String> {
    let mut send = |name: &str, value: String| proof.headers.push((name.to_owned(), SecretString::from(value)));
    match &way.credential {
        Credential::Bearer(_) | Credential::Jwt(_) => send("authorization", format!("Bearer {}", secret(way, token_file)?)),
        Credential::Header(header) => send(header.name(), secret(way, token_file)?),
        Credential::Basic(login) => {
            let login = format!("{}:{}", login.user(), secret(way, token_file)?);
            send("authorization", format!("Basic {}", STANDARD.encode(login)));
        }
        Credential::Webhook(webhook) => {
            let key = webhook.secrets.first().ok_or("there is no secret to sign with")?.expose_secret();
            let id = format!("{FILLER}-{now_s}");
            send(SIGNATURE_HEADER, standard_webhooks::sign(key, &id, now_s, body));
            send(TIMESTAMP_HEADER, now_s.to_string());
            send(ID_HEADER, id);
        }
        Credential::Hmac(scheme) => {
            let key = scheme.secrets.first().ok_or("there is no secret to sign with")?.expose_secret();
            let at = now_s.to_string();
            let is_time = |name: &str| scheme.timestamp_header.as_deref().is_some_and(|time| time.eq_ignore_ascii_case(name));
            let value = |name: &str| if is_time(name) { at.clone() } else { FILLER.to_owned() };
            let signed: Vec<(String, String)> = scheme.signed.headers().map(|name| (name.to_owned(), value(name))).collect();
            let fields = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let signature = scheme.sign(key, &Offer { fields, body, now_s, ..Offer::default() });
            send(&scheme.header, signature.ok_or("a header that is signed is missing")?);
            signed.into_iter().for_each(|(name, value)| send(&name, value));
        }
        Credential::Url(_) => proof.url_key = Some(SecretString::from(secret(way, token_file)?)),
        Credential::Certificate(_) => {
            return Err(
                "a client certificate cannot be shown from here\nhint: `--print-curl` prints a command that shows one".into()
            );
        }
    }
    Ok(())
}

fn secret(way: &Way, token_file: Option<&Path>) -> Result<String, String> {
    let words = way.credential.in_words();
    let file = secret_file(way, token_file).ok_or_else(|| {
        format!(
            "the source sends {words}, of which the configuration holds no more than the SHA-256\nhint: give --token-file FILE"
        )
    })?;
    let text = fs::read_to_string(&file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}
