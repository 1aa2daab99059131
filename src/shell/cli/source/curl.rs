//! A drill as a command for a shell. Secrets are read from their files when it runs, and none is printed.

use super::proof::{FILLER, secret_file, ways};
use crate::domain::hex::unhex;
use crate::domain::ingest::credential::{Credential, Encoding, HashKind, HmacScheme, Piece};
use crate::shell::config::{Source, Way};
use crate::shell::web::DRILL_HEADER;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use secrecy::ExposeSecret;
use std::fmt::Write;
use std::path::Path;

/// The file the built-in payload is put into.
const DRILL: &str = "drill.json";

/// The command, for any POSIX shell with curl and, for signatures, openssl.
///
/// # Errors
/// What is missing, with a hint.
pub fn command(
    source: &Source,
    payload: Option<&Path>,
    body: &[u8],
    token_file: Option<&Path>,
    url: &Url,
) -> Result<String, String> {
    let mut text = String::new();
    let file = payload.map_or_else(|| quoted(DRILL), |file| quoted(&file.display().to_string()));
    if payload.is_none() {
        let _ = writeln!(text, "printf '%s' {} > {file}", quoted(&String::from_utf8_lossy(body)));
    }
    let _ = writeln!(text, "AT=$(date +%s)");
    let mut headers = Vec::new();
    let mut options = String::new();
    let mut address = quoted(url.as_str());
    for way in ways(source, token_file) {
        match &way.credential {
            Credential::Bearer(_) | Credential::Jwt(_) => {
                headers.push(format!("printf 'Authorization: Bearer %s\\n' \"{}\"", read(way, token_file)));
            }
            Credential::Header(header) => {
                headers.push(format!("printf '{}: %s\\n' \"{}\"", header.name(), read(way, token_file)))
            }
            Credential::Basic(login) => {
                let login = format!("printf '%s:%s' {} \"{}\" | base64 -w0", quoted(login.user()), read(way, token_file));
                headers.push(format!("printf 'Authorization: Basic %s\\n' \"$({login})\""));
            }
            Credential::Webhook(_) => {
                let key = format!("sed 's/^whsec_//' {} | tr -d '\\n' | base64 -d", file_of(way, token_file));
                let signed = format!("{{ printf '{FILLER}-%s.%s.' \"$AT\" \"$AT\"; cat {file}; }}");
                let _ = writeln!(text, "SIGNATURE=$({signed} | {} | base64 -w0)", openssl(HashKind::Sha256, &key));
                headers.push(format!("printf 'webhook-id: {FILLER}-%s\\nwebhook-timestamp: %s\\nwebhook-signature: v1,%s\\n' \"$AT\" \"$AT\" \"$SIGNATURE\""));
            }
            Credential::Hmac(scheme) => {
                let _ = writeln!(text, "{}", hmac(scheme, secret_file(way, token_file).as_deref(), &file));
                headers.push(format!("printf '{}: {}%s\\n' \"$SIGNATURE\"", scheme.header, scheme.prefix));
                headers
                    .extend(scheme.signed.headers().map(|name| format!("printf '{name}: %s\\n' \"{}\"", value_of(scheme, name))));
            }
            Credential::Url(_) => address = format!("{}\"/{}\"", quoted(url.as_str()), read(way, token_file)),
            Credential::Certificate(_) => options.push_str(" --cert client.pem --key client.key"),
        }
    }
    headers.push(format!("printf '{DRILL_HEADER}: %s\\ncontent-type: application/json\\n' \"$AT\""));
    let _ = writeln!(text, "{{ {}; }} |", headers.join("; "));
    // Headers come over a pipe: what stands in arguments can be seen by everybody on the machine.
    let _ = writeln!(text, "  curl -sS{options} -H @- --data-binary @{file} {address}");
    Ok(text)
}

fn hmac(scheme: &HmacScheme, file: Option<&Path>, body: &str) -> String {
    let secret = quoted(&file.map_or_else(|| "secret-file".to_owned(), |file| file.display().to_string()));
    let parts: Vec<String> = scheme
        .signed
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Fixed(text) => format!("printf '%s' {}", quoted(text)),
            Piece::Header(name) => format!("printf '%s' \"{}\"", value_of(scheme, name)),
            Piece::Body => format!("cat {body}"),
        })
        .collect();
    let encode = match scheme.encoding {
        Encoding::Hex => "od -An -v -tx1 | tr -d ' \\n'",
        Encoding::Base64 => "base64 -w0",
    };
    let key = format!("{} < {secret}", decoder(scheme, file));
    format!("SIGNATURE=$({{ {}; }} | {} | {encode})", parts.join("; "), openssl(scheme.hash, &key))
}

/// What turns the text of a secret's file into the secret.
fn decoder(scheme: &HmacScheme, file: Option<&Path>) -> &'static str {
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let text = text.trim();
    let is =
        |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| scheme.secrets.iter().any(|secret| secret.expose_secret() == bytes));
    match () {
        () if is(STANDARD.decode(text).ok().as_deref()) => "base64 -di",
        () if is(unhex(text).as_deref()) => "xxd -r -p",
        () => "tr -d '\\n'",
    }
}

fn value_of(scheme: &HmacScheme, header: &str) -> &'static str {
    let is_time = scheme.timestamp_header.as_deref().is_some_and(|time| time.eq_ignore_ascii_case(header));
    if is_time { "$AT" } else { FILLER }
}

/// An HMAC under the bytes that a command prints.
fn openssl(hash: HashKind, key: &str) -> String {
    let hash = match hash {
        HashKind::Sha256 => "sha256",
        HashKind::Sha512 => "sha512",
    };
    format!("openssl dgst -{hash} -mac HMAC -macopt hexkey:\"$({key} | od -An -v -tx1 | tr -d ' \\n')\" -binary")
}

fn read(way: &Way, token_file: Option<&Path>) -> String {
    format!("$(cat {})", file_of(way, token_file))
}

/// The file with the secret; a name to be filled in where nobody has said.
fn file_of(way: &Way, token_file: Option<&Path>) -> String {
    quoted(&secret_file(way, token_file).map_or_else(|| "token-file".to_owned(), |file| file.display().to_string()))
}

/// One word for a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
