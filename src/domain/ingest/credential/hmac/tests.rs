use super::*;
use proptest::prelude::*;

fn scheme(profile: &str, secrets: &[&str]) -> HmacScheme {
    let profile = HmacProfile::named(profile).expect("a profile");
    HmacScheme {
        header: profile.header.into(),
        prefix: profile.prefix.into(),
        encoding: Encoding::Hex,
        hash: HashKind::Sha256,
        signed: SignedText::parse(profile.signed).expect("sound"),
        timestamp_header: profile.timestamp_header.map(str::to_owned),
        tolerance_s: 300,
        secrets: secrets.iter().map(|secret| SecretSlice::from(secret.as_bytes().to_vec())).collect(),
    }
}

fn offer<'o>(fields: &[(&'o str, &'o str)], body: &'o [u8]) -> Offer<'o> {
    Offer { fields: fields.iter().copied().collect(), body, now_s: 1_795_000_000, ..Offer::default() }
}

#[test]
fn the_example_of_githubs_documentation_verifies() {
    let github = scheme("github", &["It's a Secret to Everybody"]);
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(github.check(&offer(&[("x-hub-signature-256", signature)], b"Hello, World!")), Ok(()));
    let upper = signature.to_uppercase().replace("SHA256=", "sha256=");
    assert_eq!(github.check(&offer(&[("x-hub-signature-256", &upper)], b"Hello, World!")), Ok(()));
    let other = github.check(&offer(&[("x-hub-signature-256", signature)], b"Hello, World?"));
    assert!(matches!(other, Err(CredentialFault::NoMatch { .. })), "{other:?}");
}

#[test]
fn the_example_of_jiras_documentation_verifies() {
    let jira = scheme("jira", &["It's a Secret to Everybody"]);
    let signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
    assert_eq!(jira.check(&offer(&[("x-hub-signature", signature)], b"Hello World!")), Ok(()));
    assert!(jira.check(&offer(&[("x-hub-signature-256", signature)], b"Hello World!")).is_err_and(|fault| fault.is_missing()));
}

/// Both signatures were computed outside this program, one with each secret.
#[test]
fn pagerduty_signs_with_the_old_and_the_new_secret_in_one_header() {
    let body = br#"{"event":{"id":"5ac64822-4adc-4fda-ade0-410becf0de4f"}}"#;
    let list = "v1=76deff9e628b723e68daaf83f523a6090c73cd952630719deb3bbaac1c95fc3f,\
                v1=23f9dd95223c287a16d1ced187841e10fdebc13860ed6b0ceda8df45aff3597a";
    for secret in ["pagerduty secret one", "pagerduty secret two"] {
        for held in [vec![secret], vec!["another one of ours", secret]] {
            assert_eq!(scheme("pagerduty", &held).check(&offer(&[("x-pagerduty-signature", list)], body)), Ok(()), "{secret}");
        }
    }
    assert!(scheme("pagerduty", &["neither"]).check(&offer(&[("x-pagerduty-signature", list)], body)).is_err());
    let second_version = list.replace("v1=", "v2=");
    let unread =
        scheme("pagerduty", &["pagerduty secret one"]).check(&offer(&[("x-pagerduty-signature", &second_version)], body));
    assert!(matches!(unread, Err(CredentialFault::Unreadable { .. })), "{unread:?}");
}

#[test]
fn grafana_signs_its_timestamp_and_an_old_one_is_refused() {
    let grafana = scheme("grafana", &["grafana secret for test"]);
    let signature = "dcbe5ad65fa54d9a70f81a974bab73f1341b8f44feb8c9d2f0e1800bac7b39af";
    let check = |at: &str, now_s: i64| {
        let fields = [("x-grafana-alerting-signature", signature), ("x-grafana-alerting-timestamp", at)];
        grafana.check(&Offer { now_s, ..offer(&fields, br#"{"status":"firing"}"#) })
    };
    assert_eq!((check("1795000000", 1_795_000_300), check("1795000000", 1_794_999_700)), (Ok(()), Ok(())));
    for now_s in [1_795_000_301, 1_794_999_699, i64::MIN, i64::MAX] {
        assert!(matches!(check("1795000000", now_s), Err(CredentialFault::Stale { .. })), "{now_s}");
    }
    assert!(matches!(check("1795000001", 1_795_000_000), Err(CredentialFault::NoMatch { .. })));
    for odd in ["", "soon", "+1795000000", "1795000000.5", "1795000000000000000000"] {
        assert!(matches!(check(odd, 1_795_000_000), Err(CredentialFault::Timestamp { .. })), "{odd}");
    }
}

#[test]
fn a_header_that_is_signed_must_be_there() {
    let scheme = HmacScheme {
        header: "X-Signature".into(),
        prefix: String::new(),
        encoding: Encoding::Base64,
        hash: HashKind::Sha512,
        signed: SignedText::parse("v0:{header:X-Time}:{body}").expect("sound"),
        timestamp_header: None,
        tolerance_s: 300,
        secrets: vec![SecretSlice::from(b"sixteen byte key".to_vec())],
    };
    let signature = "Qstacf5F34rP1vC1XjclaJe26BiCnH2+KFRM7KZpS9SgL+DKIsmndulWwwqXiZLoOl8nwkAlFjhV97qveficWw==";
    assert_eq!(scheme.check(&offer(&[("x-signature", signature), ("x-time", "17")], b"{}")), Ok(()));
    let without = scheme.check(&offer(&[("x-signature", signature)], b"{}"));
    assert_eq!(without, Err(CredentialFault::NoHeader { header: "x-time".into(), hint: "it is part of what is signed" }));
}

#[test]
fn what_is_signed_is_read_and_a_text_without_the_body_is_refused() {
    for text in ["{body}", "v0:{header:x-time}:{body}", "a{body}b{body}"] {
        assert_eq!(SignedText::parse(text).expect("sound").to_string(), text);
    }
    let wrong = |text| SignedText::parse(text).expect_err(text);
    assert_eq!(wrong("{header:x-time}"), SignedTextFault::NoBody);
    assert_eq!(wrong(""), SignedTextFault::NoBody);
    assert_eq!(wrong("{bdoy}"), SignedTextFault::Placeholder("bdoy".into()));
    assert_eq!(wrong("{header:}{body}"), SignedTextFault::Placeholder("header:".into()));
    assert_eq!(wrong("{body"), SignedTextFault::Brace);
}

proptest! {
    #[test]
    fn whatever_stands_in_the_headers_nothing_panics_and_no_secret_is_told(
        signature in "\\PC{0,80}", at in "\\PC{0,20}", body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        for profile in HmacProfile::ALL {
            let scheme = scheme(profile.name, &["a secret nobody can guess"]);
            let names = [profile.header.to_lowercase(), profile.timestamp_header.unwrap_or("x").to_lowercase()];
            let fields = [(names[0].as_str(), signature.as_str()), (names[1].as_str(), at.as_str())];
            let fault = scheme.check(&offer(&fields, &body)).expect_err("nobody guesses it");
            prop_assert!(!fault.to_string().contains("a secret nobody"));
        }
    }

    #[test]
    fn what_is_signed_verifies_and_a_changed_byte_does_not(
        body in proptest::collection::vec(any::<u8>(), 1..200), at in 0usize..200, secret in "[ -~]{16,40}",
    ) {
        for profile in HmacProfile::ALL {
            let scheme = scheme(profile.name, &[&secret]);
            let time = profile.timestamp_header.unwrap_or("x").to_lowercase();
            let unsigned = offer(&[(&time, "1795000000")], &body);
            let signature = scheme.sign(secret.as_bytes(), &unsigned).expect("every header is there");
            let name = profile.header.to_lowercase();
            let mut fields = unsigned.fields.clone();
            fields.insert(&name, &signature);
            prop_assert_eq!(scheme.check(&Offer { fields: fields.clone(), ..unsigned.clone() }), Ok(()));
            let mut changed = body.clone();
            let nth = at % changed.len();
            changed[nth] ^= 1;
            let refused = scheme.check(&Offer { fields, body: &changed, ..unsigned.clone() }).is_err();
            prop_assert!(refused);
        }
    }
}
