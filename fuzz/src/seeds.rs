//! The corpus to start from: every fixture under its mapping's number, mappings' own texts, credentials.

use crate::{CREDENTIAL, MAPPING_TEXT, mapping_names};
use std::fs;
use std::path::Path;

const NATIVE: &str = r#"{"id":"c","title":"t","severity":"high","occurred_at":"2026-11-20T22:10:00+01:00","organisations":["a"],"facts":{"people.total":{"at-least":4},"data.encrypted":null,"people.places":["DE"],"aware.at":"2026-11-20T22:10:00Z"},"labels":{"w":1},"link":"l","note":"n"}"#;

const CREDENTIALS: [&str; 5] = [
    "webhook-id: msg_1\nwebhook-timestamp: 1795262400\nwebhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1a,x\n\n{\"a\":1}",
    "svix-id: msg_1\nsvix-timestamp: 1795262400\nsvix-signature: v1,AAAA\nx-api-key: k\nkey: k\n\n{header:X-Time}:{body}",
    "authorization: Basic c25zOnBhc3N3b3Jk\nx-hub-signature: sha256=00ff,sha256=zz\nx-pagerduty-signature: v1=00\n\n{}",
    "x-grafana-alerting-signature: 00\nx-grafana-alerting-timestamp: 1795262400\n\n0\u{82}",
    "authorization: Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoid2F0Y2hiZWxsIiwiZXhwIjoxNzk1MjYyNTAwfQ.AAAA\n\n{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"1\",\"alg\":\"RS256\",\"n\":\"AQAB\",\"e\":\"AQAB\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
];

/// Writes the seeds into a folder and gives their number.
pub fn write(corpus: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(corpus)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut count = 0;
    let mut keep = |selector: u8, flags: u8, bytes: &[u8]| {
        count += 1;
        fs::write(corpus.join(format!("seed-{count:04}")), [&[selector, flags], bytes].concat())
    };
    for (nth, name) in mapping_names().iter().enumerate() {
        let selector = u8::try_from(nth).expect("fewer mappings than bytes");
        keep(MAPPING_TEXT, 0, &fs::read(root.join(format!("rules/sources/{name}.toml")))?)?;
        if name == "native" {
            keep(selector, 0, NATIVE.as_bytes())?;
        }
        let folder = root.join("tests/fixtures/sources").join(name);
        for entry in folder.is_dir().then(|| fs::read_dir(&folder)).transpose()?.into_iter().flatten() {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // Without white space, so that mutations meet what counts.
            let json: serde_json::Value = serde_json::from_slice(&fs::read(path)?)?;
            let body = json.to_string();
            keep(selector, 0, body.as_bytes())?;
            keep(selector, 4, body.as_bytes())?;
            keep(selector, 1, format!("{body}\n\n{body}\n").as_bytes())?;
        }
    }
    for offer in CREDENTIALS {
        keep(CREDENTIAL, 1, offer.as_bytes())?;
    }
    Ok(count)
}
