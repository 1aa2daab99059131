//! The public keys of an issuer, a JSON Web Key Set (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;

/// How many keys of a set are looked at; issuers publish two or three.
const KEYS_MAX: usize = 32;

/// Public keys that may have signed a token. Symmetric keys and kinds unknown here are passed over.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Key>,
}

/// Why a text is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetFault {
    /// Not the JSON of a key set.
    #[error("the key set cannot be read")]
    Syntax,
    /// No key of a kind that can be used.
    #[error("the key set holds no key for RS256, RS384, RS512, PS256, ES256, ES384 or EdDSA")]
    Empty,
}

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// The one algorithm it is for, if the issuer says.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl JwkSet {
    /// Reads a key set.
    ///
    /// # Errors
    /// A [`JwkSetFault`] when it is none, or holds nothing that can be used.
    pub fn parse(json: &[u8]) -> Result<Self, JwkSetFault> {
        let raw: RawSet = serde_json::from_slice(json).map_err(|_| JwkSetFault::Syntax)?;
        let keys: Vec<Key> = raw.keys.into_iter().take(KEYS_MAX).filter_map(read_key).collect();
        if keys.is_empty() { Err(JwkSetFault::Empty) } else { Ok(Self { keys }) }
    }

    /// Whether there is a key of this id; without an id, whether there is any key.
    pub fn knows(&self, id: Option<&str>) -> bool {
        self.keys.iter().any(|key| key.fits(id))
    }

    /// Whether a key of this id made the signature with this algorithm. What kind of key it is decides
    /// which algorithms can be meant, so that no token talks its way into another.
    pub(super) fn verifies(&self, id: Option<&str>, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        self.keys
            .iter()
            .filter(|key| key.fits(id) && key.algorithm.as_deref().is_none_or(|only| only == algorithm))
            .any(|key| key.verifies(algorithm, message, signature))
    }
}

impl Key {
    fn fits(&self, id: Option<&str>) -> bool {
        id.is_none() || self.id.as_deref() == id
    }

    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let plain = |method: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(method, key).verify(message, signature).is_ok()
        };
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, _) => {
                rsa(algorithm).is_some_and(|method| RsaPublicKeyComponents { n, e }.verify(method, message, signature).is_ok())
            }
            (Material::P256(point), "ES256") => plain(&ECDSA_P256_SHA256_FIXED, point),
            (Material::P384(point), "ES384") => plain(&ECDSA_P384_SHA384_FIXED, point),
            (Material::Ed25519(key), "EdDSA") => plain(&ED25519, key),
            _ => false,
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        _ => return None,
    })
}

fn read_key(raw: serde_json::Value) -> Option<Key> {
    let raw: RawKey = serde_json::from_value(raw).ok()?;
    if raw.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?.trim_end_matches('=')).ok();
    // An uncompressed point: 4, then both coordinates.
    let point = || Some([vec![4], bytes(&raw.x)?, bytes(&raw.y)?].concat());
    let material = match (raw.kty.as_str(), raw.crv.as_deref()) {
        ("RSA", _) => Material::Rsa { n: bytes(&raw.n)?, e: bytes(&raw.e)? },
        ("EC", Some("P-256")) => Material::P256(point()?),
        ("EC", Some("P-384")) => Material::P384(point()?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&raw.x)?),
        _ => return None,
    };
    Some(Key { id: raw.kid, algorithm: raw.alg, material })
}
