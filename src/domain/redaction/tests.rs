use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn own(name: &str, by: By) -> Rule {
    Rule { name: name.into(), by }
}

fn kept(redactor: &Redactor, message: &Value) -> Value {
    serde_json::from_str(&redactor.message(&message.to_string()).text).expect("it is still JSON")
}

#[test]
fn values_of_fields_called_like_secrets_are_replaced_and_the_structure_stays() {
    let message = json!({
        "title": "login", "password": "hunter2", "X-Api-Key": "k", "db": { "clientSecret": 17, "user": "ada" },
        "cookies": [{ "name": "sid", "value": "x" }, null, true], "max_tokens": 512, "tokenized": "yes",
    });
    let secret = "[redacted: secret-name]";
    let expected = json!({
        "title": "login", "password": secret, "X-Api-Key": secret, "db": { "clientSecret": secret, "user": "ada" },
        "cookies": [{ "name": secret, "value": secret }, null, true], "max_tokens": 512, "tokenized": "yes",
    });
    assert_eq!(kept(&Redactor::default(), &message), expected);
}

#[test]
fn secrets_cards_and_social_security_numbers_are_known_by_their_shapes() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    let key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI\n-----END EC PRIVATE KEY-----";
    for (text, expected) in [
        (format!("sent {jwt} to"), "sent [redacted: jwt] to"),
        (format!("leaked: {key}!"), "leaked: [redacted: private-key]!"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwx".into(), "Authorization: Bearer [redacted: bearer]"),
        ("key AKIAIOSFODNN7EXAMPLE in git".into(), "key [redacted: aws-key] in git"),
        ("postgres://app:s3cr3t@db/x".into(), "postgres://app:[redacted: url-password]@db/x"),
        ("mysql -u root password=hunter2 &".into(), "mysql -u root password=[redacted: password] &"),
        ("paid with 4111 1111 1111 1111 today".into(), "paid with [redacted: card] today"),
        ("amex 378282246310005".into(), "amex [redacted: card]"),
        ("SSN 219-09-9999".into(), "SSN [redacted: us-ssn]"),
        ("mail ada@example.org".into(), "mail ada@example.org"),
    ] {
        assert_eq!(Redactor::default().text(text), expected);
    }
    let email = Redactor::new(&[Group::Email], &[]).expect("sound");
    assert_eq!(email.text("mail ada@example.org now".into()), "mail [redacted: email] now");
}

#[test]
fn what_only_looks_alike_stays() {
    for text in [
        "4111 1111 1111 1112 fails its check digit",
        "at 1763769600000 ms and 1763769600000000000 ns",
        "order 9111111111111111",
        "000-12-3456 666-12-3456 123-00-4567 123-45-0000 987-65-4321",
        "failed password for invalid user root",
        "bearer of bad news",
        "https://example.org:8443/path@2x.png",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ] {
        assert_eq!(Redactor::default().text(text.into()), text);
    }
}

#[test]
fn own_rules_go_by_field_place_and_pattern() {
    let rules = [
        own("mrn", By::Pattern(r"\bMRN(?P<secret>\d{7})\b".into())),
        own("patient", By::Pointer("/patients/*/name".into())),
        own("iban", By::Field("iban".into())),
    ];
    let redactor = Redactor::new(&[], &rules).expect("sound");
    let message = json!({
        "note": "MRN1234567 seen", "patients": [{ "name": { "first": "Ada" }, "ward": 4 }], "I_BAN": "DE02", "password": "stays",
        "MRN7654321": 1,
    });
    let expected = json!({
        "note": "MRN[redacted: mrn] seen", "patients": [{ "name": { "first": "[redacted: patient]" }, "ward": 4 }],
        "I_BAN": "[redacted: iban]", "password": "stays", "MRN[redacted: mrn]": 1,
    });
    assert_eq!(kept(&redactor, &message), expected);
    assert_eq!(redactor.message(&message.to_string()).rules, ["iban", "mrn", "patient"].map(str::to_owned).into());
    assert_eq!(redactor.value("/patients/0/name/last", "Lovelace".into()), "[redacted: patient]");
    assert_eq!(redactor.value("/patients/0/ward", "4".into()), "4");
    assert_eq!(Redactor::default().value("header:x-api-key", "k".into()), "[redacted: secret-name]");
}

#[test]
fn rules_that_cannot_work_are_refused_with_the_reason() {
    let fault = |by| Redactor::new(&[], &[own("x", by)]).expect_err("it cannot work").to_string();
    assert_eq!(fault(By::Pointer("name".into())), "`name` is no JSON Pointer: it begins with `/`");
    assert_eq!(fault(By::Pattern("(".into())), "`(` is no regular expression: unclosed group");
    assert_eq!(fault(By::Pattern("x*".into())), "the rule `x` would replace the empty text");
    assert_eq!(fault(By::Field("-".into())), "the rule `x` would replace the empty text");
}

#[test]
fn every_other_byte_stays_as_it_came() {
    let text = "{ \"b\" : 1.50e3,\n\t\"a\":\"\\u00e9\\/\", \"token\" : \"x\", \"a\": [ ] }  ";
    let expected = text.replace("\"x\"", "\"[redacted: secret-name]\"");
    assert_eq!(Redactor::default().message(text).text, expected);
}

#[test]
fn json_in_strings_json_by_lines_and_other_text_are_looked_into() {
    let redactor = Redactor::default();
    let inner = json!({ "token": "x", "n": 1 }).to_string();
    let twice = json!({ "Message": json!({ "detail": inner }).to_string() });
    let expected = json!({ "token": "[redacted: secret-name]", "n": 1 }).to_string();
    assert_eq!(kept(&redactor, &twice), json!({ "Message": json!({ "detail": expected }).to_string() }));
    let lines = "{\"token\":\"x\"}\n{\"n\":1}\nnot JSON, password=y\n";
    let expected = "{\"token\":\"[redacted: secret-name]\"}\n{\"n\":1}\nnot JSON, password=[redacted: password]\n";
    assert_eq!(redactor.message(lines).text, expected);
    assert!(matches!(redactor.message("a=1&b=2").text, Cow::Borrowed(_)));
    assert_eq!(redactor.message("\u{feff}{\"token\":\"x\"}").text, "\u{feff}{\"token\":\"[redacted: secret-name]\"}");
}

#[test]
fn a_message_made_of_secrets_does_not_outgrow_the_record() {
    let redacted = |count: usize| {
        let text = json!({ "tokens": 1, "cookies": vec![1; count] }).to_string();
        Redactor::default().message(&text).text.into_owned()
    };
    assert!(redacted(10).contains("\"tokens\":1"));
    assert_eq!(redacted(100_000), "[redacted: too-much]");
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["\\PC{0,12}", "(password|token|4111111111111111|219-09-9999|\"|\\\\|\n){0,3}"];
    let leaf =
        prop_oneof![any::<i64>().prop_map(Value::from), any::<bool>().prop_map(Value::from), text.clone().prop_map(Value::from)];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same structure: objects with as many members, lists as long, `null` and truth values where they were.
fn same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| same_shape(before, after))
        }
        (Value::Object(before), Value::Object(after)) => before.iter().all(|(key, value)| match after.get(key) {
            Some(other) => same_shape(value, other),
            None => after.keys().any(|other| other.contains("[redacted: ")),
        }),
        (_, Value::String(text)) if text.contains("[redacted: ") => !matches!(before, Value::Bool(_) | Value::Null),
        (before, after) => before == after,
    }
}

proptest! {
    #[test]
    fn the_structure_stays_and_what_is_redacted_twice_is_redacted_once(message in any_json()) {
        let redactor = Redactor::default();
        let text = message.to_string();
        let once = redactor.message(&text);
        let after: Value = serde_json::from_str(&once.text).expect("it is still JSON");
        prop_assert!(same_shape(&message, &after), "{text}\n{}", once.text);
        prop_assert_eq!(once.rules.is_empty(), once.text == text);
        prop_assert_eq!(&redactor.message(&once.text).text, &once.text);
    }

    #[test]
    fn any_text_is_redacted_or_left(text in "\\PC{0,80}") {
        let redactor = Redactor::default();
        let once = redactor.message(&text);
        prop_assert_eq!(&redactor.message(&once.text).text, &once.text);
    }
}
