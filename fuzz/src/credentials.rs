//! Who may post: headers, certificates and bodies of strangers, before anything of them is believed.

use crate::domain::ingest::credential::{
    BasicLogin, CertificateDigest, ClientCertificate, Credential, Encoding, HashKind, HmacProfile, HmacScheme, JwkSet, JwtIssuer,
    NamedHeader, Offer, SignedText, TokenDigest, UrlKey, WebhookSecrets, key_id,
};
use crate::domain::standard_webhooks as webhooks;
use secrecy::SecretSlice;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
/// What no stranger can guess, and every accepted offer without a signature must hold.
const TOKEN: &str = "wbt_3f9a6c1d5e8b7024";
pub const NOW_S: i64 = 1_795_262_400;

/// One of each kind.
static CREDENTIALS: LazyLock<Vec<Credential>> = LazyLock::new(|| {
    let token = || vec![TokenDigest::of(TOKEN)];
    let mut all = vec![
        Credential::Bearer(token()),
        Credential::Header(NamedHeader::new("x-api-key", token())),
        Credential::Basic(BasicLogin::new("sns", [TOKEN]).expect("no colon in it")),
        Credential::Webhook(WebhookSecrets { secrets: secrets(), tolerance_s: webhooks::TOLERANCE_S }),
        Credential::Certificate(ClientCertificate {
            subjects: vec!["siem.example.org".into()],
            fingerprints: vec![CertificateDigest::of(b"a certificate")],
        }),
        Credential::Url(UrlKey { accepted: token() }),
        Credential::Jwt(JwtIssuer {
            issuer: "https://issuer.example".into(),
            audience: "watchbell".into(),
            subject: None,
            jwks_url: None,
            allow_private: false,
        }),
    ];
    all.extend(HmacProfile::ALL.into_iter().map(|profile| Credential::Hmac(scheme(profile))));
    all
});

fn secrets() -> Vec<SecretSlice<u8>> {
    vec![SecretSlice::from(SECRET.to_vec())]
}

fn scheme(profile: HmacProfile) -> HmacScheme {
    HmacScheme {
        header: profile.header.into(),
        prefix: profile.prefix.into(),
        encoding: Encoding::Hex,
        hash: HashKind::Sha256,
        signed: SignedText::parse(profile.signed).expect("a profile is sound"),
        timestamp_header: profile.timestamp_header.map(str::to_owned),
        tolerance_s: 300,
        secrets: secrets(),
    }
}

/// `name: value` lines, an empty line, and the body. The body is also tried as certificate, key set and signed text.
pub fn check(flags: u8, input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let lower: Vec<(String, String)> = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let fields: BTreeMap<&str, &str> = lower.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let keys = JwkSet::parse(body.as_bytes()).ok();
    let offer = Offer {
        url_key: fields.get("key").copied(),
        certificate: (flags & 1 != 0).then_some(body.as_bytes()),
        keys: keys.as_ref(),
        body: body.as_bytes(),
        now_s: NOW_S,
        fields,
    };
    let _id = key_id(&offer);
    let _digest = TokenDigest::parse(head);
    let _signed = SignedText::parse(body);
    for credential in CREDENTIALS.iter() {
        let accepted = credential.check(&offer).is_ok();
        let signs =
            matches!(credential, Credential::Webhook(_) | Credential::Hmac(_) | Credential::Certificate(_) | Credential::Jwt(_));
        assert!(!accepted || signs || holds_token(&text), "`{}` opens for a stranger", credential.name());
        assert!(!accepted || credential.is_offered(&offer), "`{}` opens unasked", credential.name());
    }
    check_signatures(&offer, flags);
}

fn holds_token(text: &str) -> bool {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("sns:{TOKEN}"));
    text.contains(TOKEN) || text.contains(&basic)
}

/// What we sign is accepted beside whatever else came, and over other bytes is not.
fn check_signatures(offer: &Offer<'_>, flags: u8) {
    let beside = offer.field("webhook-signature").unwrap_or_default();
    let signed = webhooks::sign(SECRET, "msg_1", NOW_S, offer.body);
    let verify = |body: &[u8], header: &str| {
        webhooks::verify(&[SECRET], "msg_1", &NOW_S.to_string(), body, header, NOW_S, webhooks::TOLERANCE_S).is_ok()
    };
    assert!(verify(offer.body, &format!("{signed} {beside}")), "our own signature is refused beside `{beside}`");
    let other = [offer.body, &[flags]].concat();
    assert!(!verify(&other, &signed), "a signature of other bytes is accepted");
    for profile in HmacProfile::ALL {
        let scheme = scheme(profile);
        let now = NOW_S.to_string();
        let mut fields = BTreeMap::new();
        let [signature, timestamp] =
            [Some(profile.header), profile.timestamp_header].map(|name| name.map(str::to_ascii_lowercase));
        if let Some(header) = &timestamp {
            fields.insert(header.as_str(), now.as_str());
        }
        let plain = Offer { fields: fields.clone(), body: offer.body, now_s: NOW_S, ..Offer::default() };
        let value = scheme.sign(SECRET, &plain).expect("everything that is signed is there");
        fields.insert(signature.as_deref().unwrap_or_default(), &value);
        let credential = Credential::Hmac(scheme);
        let sound = Offer { fields: fields.clone(), body: offer.body, now_s: NOW_S, ..Offer::default() };
        assert!(credential.check(&sound).is_ok(), "`{}` refuses its own signature", profile.name);
        let forged = Offer { fields, body: &other, now_s: NOW_S, ..Offer::default() };
        assert!(credential.check(&forged).is_err(), "`{}` takes a signature of other bytes", profile.name);
    }
}
