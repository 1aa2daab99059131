//! Standard Webhooks 1.0.0, the symmetric scheme `v1`: how a webhook proves who sent it.
//!
//! What is signed is `{id}.{timestamp}.{body}` over the raw bytes of the body, with HMAC-SHA256
//! under a shared secret. The header `webhook-signature` holds a list, so that a sender can sign
//! with the old and the new secret while one replaces the other. Both directions use this file:
//! intake verifies, delivery signs.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretSlice;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The header with the message's id, the same on every retry.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of this attempt, in whole seconds since 1970-01-01T00:00:00Z.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far a timestamp may lie from now, to both sides, in seconds: the reference libraries' five minutes.
pub const TOLERANCE_S: u64 = 5 * 60;

const SECRET_PREFIX: &str = "whsec_";
const VERSION: &str = "v1";
/// The specification asks for 24 to 64 random bytes. Longer ones are somebody else's choice and do no harm.
const SHORTEST_SECRET: usize = 24;
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Signs one attempt; the value is one entry of the signature header, `v1,<base64>`.
///
/// The caller sees to it that `id` holds no full stop, or no receiver will accept it.
pub fn sign(secret: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let mac = mac(secret, id, &timestamp_s.to_string(), body).finalize().into_bytes();
    format!("{VERSION},{}", STANDARD.encode(mac))
}

/// Verifies a received webhook: `id`, `timestamp` and `header` as the headers carried them, `body` as it
/// came off the wire, before any parsing. One match of any secret with any `v1` entry is enough.
///
/// # Errors
/// The first [`SignatureFault`] found. A timestamp further than `tolerance_s` from `now_s` is one, to both sides.
pub fn verify<S: AsRef<[u8]>>(
    secrets: &[S],
    id: &str,
    timestamp: &str,
    body: &[u8],
    header: &str,
    now_s: i64,
    tolerance_s: u64,
) -> Result<(), SignatureFault> {
    if id.is_empty() || id.contains('.') {
        return Err(SignatureFault::Id);
    }
    let timestamp_s = read_timestamp(timestamp).ok_or(SignatureFault::Timestamp)?;
    if now_s.abs_diff(timestamp_s) > tolerance_s {
        return Err(if timestamp_s < now_s { SignatureFault::TooOld } else { SignatureFault::TooNew });
    }
    let offered: Vec<Vec<u8>> = header
        .split_ascii_whitespace()
        .filter_map(|entry| entry.split_once(','))
        .filter(|(version, _)| *version == VERSION)
        .filter_map(|(_, signature)| LENIENT.decode(signature).ok())
        .collect();
    if offered.is_empty() {
        return Err(SignatureFault::NoneKnown);
    }
    // Every pair is compared, so that the time taken does not tell which one matched.
    let mut matched = Choice::from(0);
    for secret in secrets {
        let expected = mac(secret.as_ref(), id, timestamp, body).finalize().into_bytes();
        for signature in &offered {
            matched |= expected.as_slice().ct_eq(signature);
        }
    }
    if bool::from(matched) { Ok(()) } else { Err(SignatureFault::NoMatch) }
}

/// Reads a secret as people paste it: `whsec_` and base64, with or without padding; the prefix may be missing.
///
/// # Errors
/// A [`SecretFault`], which never repeats the text.
pub fn read_secret(text: &str) -> Result<SecretSlice<u8>, SecretFault> {
    let text = text.trim();
    let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
    let bytes = LENIENT.decode(encoded).map_err(|_| SecretFault::Encoding)?;
    if bytes.len() < SHORTEST_SECRET {
        return Err(SecretFault::Short { bytes: bytes.len() });
    }
    Ok(SecretSlice::from(bytes))
}

/// Why a webhook's signature was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignatureFault {
    /// The id is empty or holds a full stop, which would let one message be read as another.
    #[error("`webhook-id` is empty or holds a full stop")]
    Id,
    /// The timestamp is not a whole number of seconds.
    #[error("`webhook-timestamp` is not a whole number of seconds since 1970")]
    Timestamp,
    /// The timestamp lies too far back: a replay, or a slow clock.
    #[error("`webhook-timestamp` is too old\nhint: compare the sender's clock with this machine's")]
    TooOld,
    /// The timestamp lies too far ahead.
    #[error("`webhook-timestamp` lies in the future\nhint: compare the sender's clock with this machine's")]
    TooNew,
    /// No entry of the list has a version this program can check.
    #[error("`webhook-signature` holds no readable `v1` signature")]
    NoneKnown,
    /// No signature was made with a secret of ours over these bytes.
    #[error("no signature matches\nhint: check the secret, and that no proxy rewrites the body")]
    NoMatch,
}

/// Why a text is no webhook secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretFault {
    /// Not base64.
    #[error("the webhook secret is not base64\nhint: it looks like `whsec_` and 32 or more characters")]
    Encoding,
    /// Too short to be safe.
    #[error(
        "the webhook secret has {bytes} bytes, and {SHORTEST_SECRET} are the least\nhint: `openssl rand -base64 32` makes one"
    )]
    Short {
        /// Its length once decoded.
        bytes: usize,
    },
}

fn mac(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

/// Seconds since 1970 from a header. Digits only: a sign, a fraction or a space would sign as one text and read as another.
pub fn read_timestamp(text: &str) -> Option<i64> {
    let plain = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const SECRET: &str = "whsec_d2F0Y2hiZWxsIHRlc3Qgc2VjcmV0IG5vdCByZWFs";
    const ID: &str = "al-01J9ZK3W";
    const AT_S: i64 = 1_795_000_000;
    const BODY: &[u8] = b"{\"type\":\"watchbell.alert\"}";
    /// Computed outside this program: HMAC-SHA256 over the three parts, base64.
    const SIGNATURE: &str = "v1,gD7QtjrPQ5e6xJ1mwv7kA5W4oo2jdkzI/+wWF7yB5mI=";

    fn key() -> Vec<u8> {
        read_secret(SECRET).expect("a secret").expose_secret().to_vec()
    }

    fn check(header: &str) -> Result<(), SignatureFault> {
        verify(&[key()], ID, &AT_S.to_string(), BODY, header, AT_S, TOLERANCE_S)
    }

    #[test]
    fn a_known_vector_signs_and_verifies() {
        assert_eq!(sign(&key(), ID, AT_S, BODY), SIGNATURE);
        assert_eq!(check(SIGNATURE), Ok(()));
    }

    #[test]
    fn the_oracle_signs_alike() {
        let oracle = standardwebhooks::Webhook::new(SECRET).expect("the oracle reads the secret");
        for body in ["", "{}", "{\"a\":\"ä.b.c\"}"] {
            let theirs = oracle.sign(ID, AT_S, body.as_bytes()).expect("the oracle signs");
            assert_eq!(sign(&key(), ID, AT_S, body.as_bytes()), theirs);
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let at = AT_S.to_string();
        let later = (AT_S + 1).to_string();
        for (id, timestamp, body) in
            [("al-01J9ZK3X", &at, BODY), (ID, &later, BODY), (ID, &at, b"{\"type\":\"watchbell.alerT\"}")]
        {
            assert_eq!(verify(&[key()], id, timestamp, body, SIGNATURE, AT_S, TOLERANCE_S), Err(SignatureFault::NoMatch));
        }
        assert_eq!(verify(&[[7u8; 32]], ID, &at, BODY, SIGNATURE, AT_S, TOLERANCE_S), Err(SignatureFault::NoMatch));
        assert_eq!(verify::<Vec<u8>>(&[], ID, &at, BODY, SIGNATURE, AT_S, TOLERANCE_S), Err(SignatureFault::NoMatch));
    }

    #[test]
    fn either_of_two_secrets_and_any_entry_of_the_list_will_do() {
        let list = format!("v9,AAAA v1a,zzzz v1,AAAA nonsense {SIGNATURE}");
        let at = AT_S.to_string();
        assert_eq!(verify(&[vec![1; 32], key()], ID, &at, BODY, &list, AT_S, TOLERANCE_S), Ok(()));
        assert_eq!(verify(&[key(), vec![1; 32]], ID, &at, BODY, &list, AT_S, TOLERANCE_S), Ok(()));
    }

    #[test]
    fn a_signature_under_another_version_does_not_count() {
        assert_eq!(check(&SIGNATURE.replace("v1,", "v2,")), Err(SignatureFault::NoneKnown));
        assert_eq!(check(""), Err(SignatureFault::NoneKnown));
    }

    #[test]
    fn a_shortened_signature_does_not_match() {
        assert_eq!(check("v1,"), Err(SignatureFault::NoMatch));
        assert_eq!(check(&SIGNATURE[..SIGNATURE.len() - 4]), Err(SignatureFault::NoMatch));
    }

    #[test]
    fn the_tolerance_holds_to_both_sides_and_to_the_second() {
        let at = AT_S.to_string();
        let verdict = |now_s| verify(&[key()], ID, &at, BODY, SIGNATURE, now_s, 300);
        assert_eq!((verdict(AT_S + 300), verdict(AT_S - 300)), (Ok(()), Ok(())));
        assert_eq!(verdict(AT_S + 301), Err(SignatureFault::TooOld));
        assert_eq!(verdict(AT_S - 301), Err(SignatureFault::TooNew));
        assert_eq!(verdict(i64::MIN), Err(SignatureFault::TooNew));
    }

    #[test]
    fn full_stops_and_odd_numbers_are_refused_before_anything_is_compared() {
        let at = AT_S.to_string();
        assert_eq!(verify(&[key()], "al.1", &at, BODY, SIGNATURE, AT_S, 300), Err(SignatureFault::Id));
        assert_eq!(verify(&[key()], "", &at, BODY, SIGNATURE, AT_S, 300), Err(SignatureFault::Id));
        for odd in ["", "+1795000000", "1795000000.0", " 1795000000", "-1", "99999999999999999999"] {
            assert_eq!(verify(&[key()], ID, odd, BODY, SIGNATURE, AT_S, 300), Err(SignatureFault::Timestamp), "{odd}");
        }
    }

    #[test]
    fn secrets_are_read_with_and_without_prefix_and_padding() {
        let padded = "whsec_d2F0Y2hiZWxsIHRlc3Qgc2VjcmV0IG5vdCByZWFsIQ==";
        let expected = read_secret(padded).expect("padded").expose_secret().to_vec();
        for text in [padded.trim_end_matches('='), &padded["whsec_".len()..], &format!(" {padded}\n")] {
            assert_eq!(read_secret(text).expect("a secret").expose_secret(), expected);
        }
        assert_eq!(read_secret("whsec_not base64").err(), Some(SecretFault::Encoding));
        assert_eq!(read_secret("whsec_c2hvcnQ=").err(), Some(SecretFault::Short { bytes: 5 }));
    }
}
