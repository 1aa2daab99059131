use super::*;
use crate::domain::ingest::credential::JwkSet;
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

const NOW_S: i64 = 1_795_000_000;

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any seed will do")
}

fn keys() -> JwkSet {
    let x = URL_SAFE_NO_PAD.encode(pair(1).public_key().as_ref());
    let set = json!({ "keys": [
        { "kty": "oct", "kid": "k0", "k": "AAAA" },
        { "kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA", "x": x },
        { "kty": "OKP", "crv": "Ed25519", "kid": "for-encryption", "use": "enc", "x": x },
    ]});
    JwkSet::parse(set.to_string().as_bytes()).expect("a key set")
}

fn issuer() -> JwtIssuer {
    JwtIssuer {
        issuer: "https://issuer.example".into(),
        audience: "watchbell".into(),
        subject: Some("push@example.org".into()),
        jwks_url: None,
        allow_private: false,
    }
}

fn claims() -> Value {
    json!({ "iss": "https://issuer.example", "aud": ["other", "watchbell"], "sub": "1",
            "email": "push@example.org", "email_verified": true, "exp": NOW_S + 600, "nbf": NOW_S - 5 })
}

fn token(head: &Value, claims: &Value, seed: u8) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(head), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair(seed).sign(signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

fn check(token: &str) -> Result<(), CredentialFault> {
    let authorization = format!("Bearer {token}");
    let keys = keys();
    let fields = [("authorization", authorization.as_str())].into();
    issuer().check(&Offer { fields, keys: Some(&keys), now_s: NOW_S, ..Offer::default() })
}

fn head() -> Value {
    json!({ "alg": "EdDSA", "kid": "k1" })
}

#[test]
fn a_token_of_the_issuer_for_us_opens() {
    assert_eq!(check(&token(&head(), &claims(), 1)), Ok(()));
    assert_eq!(check(&token(&json!({ "alg": "EdDSA" }), &claims(), 1)), Ok(()), "a token need not name its key");
}

#[test]
fn every_claim_counts() {
    let with = |key: &str, value: Value| {
        let mut claims = claims();
        claims[key] = value;
        check(&token(&head(), &claims, 1))
    };
    let is = |fault: JwtFault| Err(CredentialFault::Jwt(fault));
    assert_eq!(with("iss", json!("https://issuer.example/")), is(JwtFault::Issuer));
    assert_eq!(with("iss", Value::Null), is(JwtFault::Issuer));
    for aud in [json!("other"), json!(["other"]), json!([]), Value::Null, json!({ "watchbell": 1 })] {
        assert_eq!(with("aud", aud.clone()), is(JwtFault::Audience), "{aud}");
    }
    assert_eq!(with("aud", json!("watchbell")), Ok(()));
    assert_eq!(with("email", json!("someone@example.org")), is(JwtFault::Subject));
    assert_eq!(with("email_verified", json!(false)), is(JwtFault::Subject));
    assert_eq!(with("exp", json!(NOW_S - 60)), is(JwtFault::Expired));
    assert_eq!(with("exp", json!(NOW_S - 59)), Ok(()), "clocks differ by a little");
    assert_eq!(with("exp", Value::Null), is(JwtFault::Expired));
    assert_eq!(with("nbf", json!(NOW_S + 61)), is(JwtFault::TooEarly));
    for odd in [json!("never"), json!(true)] {
        assert_eq!(with("exp", odd.clone()), is(JwtFault::Shape), "{odd}");
        assert_eq!(with("nbf", odd.clone()), is(JwtFault::Shape), "{odd}");
    }
}

#[test]
fn only_a_key_of_the_issuer_signs_and_only_with_its_own_algorithm() {
    let is = |fault: JwtFault| Err(CredentialFault::Jwt(fault));
    assert_eq!(check(&token(&head(), &claims(), 2)), is(JwtFault::Signature));
    for alg in ["none", "None", "HS256", "RS256", "ES256", "eddsa"] {
        let head = json!({ "alg": alg, "kid": "k1" });
        assert_eq!(check(&token(&head, &claims(), 1)), is(JwtFault::Signature), "{alg}");
    }
    for kid in ["k0", "k2", "for-encryption"] {
        assert_eq!(check(&token(&json!({ "alg": "EdDSA", "kid": kid }), &claims(), 1)), is(JwtFault::Signature), "{kid}");
    }
    let unsigned = token(&json!({ "alg": "none" }), &claims(), 1);
    let (unsigned, _) = unsigned.rsplit_once('.').expect("three parts");
    assert_eq!(check(&format!("{unsigned}.")), is(JwtFault::Signature));
    assert_eq!(check(&token(&json!({ "alg": "EdDSA", "kid": "k1", "crit": ["b64"] }), &claims(), 1)), is(JwtFault::Shape));
    let whole = token(&head(), &claims(), 1);
    let forged = whole.replacen(whole.split('.').nth(1).expect("three parts"), &URL_SAFE_NO_PAD.encode("{}"), 1);
    assert_eq!(check(&forged), is(JwtFault::Signature));
}

/// The example of RFC 7515, appendix A.3: key, text and signature as printed there.
#[test]
fn the_example_of_the_standard_verifies() {
    let es256 = JwkSet::parse(
        br#"{"keys":[{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    );
    let signed =
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let keys = es256.expect("a key set");
    assert!(keys.verifies(None, "ES256", signed, &signature));
    assert!(!keys.verifies(None, "ES256", &signed[1..], &signature));
    assert!(!keys.verifies(None, "ES384", signed, &signature));
}

#[test]
fn a_key_set_with_nothing_to_use_is_refused() {
    let fault = |text: &str| JwkSet::parse(text.as_bytes()).expect_err(text);
    assert_eq!(fault("{}"), crate::domain::ingest::credential::JwkSetFault::Syntax);
    for empty in [r#"{"keys":[]}"#, r#"{"keys":[1,{"kty":"oct","k":"AAAA"},{"kty":"RSA"}]}"#] {
        assert_eq!(fault(empty), crate::domain::ingest::credential::JwkSetFault::Empty, "{empty}");
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_as_a_token_nothing_panics(text in "[\\PC.]{0,200}", cut in 0usize..400) {
        prop_assert!(check(&text).is_err());
        let whole = token(&head(), &claims(), 1);
        let cut = cut % whole.len();
        prop_assert!(check(&whole[..cut]).is_err());
    }
}
