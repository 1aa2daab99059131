//! A user name and a password, `Authorization: Basic` (RFC 7617).

use super::bearer::is_one_of;
use super::{CredentialFault, Offer, TokenDigest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const WHAT: &str = "user name and password";
const HINT: &str = "send `Authorization: Basic` with base64 of `user:password`";

/// A user and the passwords accepted of them.
#[derive(Debug)]
pub struct BasicLogin {
    user: String,
    accepted: Vec<TokenDigest>,
}

impl BasicLogin {
    /// A user's login. The name holds no colon, or there would be two readings of it: `None`.
    pub fn new<'p>(user: &str, passwords: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        let whole = |password: &str| TokenDigest::of(&format!("{user}:{password}"));
        let accepted = passwords.into_iter().map(whole).collect();
        (!user.contains(':')).then(|| Self { user: user.to_owned(), accepted })
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn check(&self, offer: &Offer<'_>) -> Result<(), CredentialFault> {
        let missing = CredentialFault::Missing { what: WHAT, hint: HINT };
        let encoded = encoded(offer.field("authorization")).ok_or_else(|| missing.clone())?;
        let login = STANDARD.decode(encoded).map_err(|_| missing)?;
        if is_one_of(&login, &self.accepted) { Ok(()) } else { Err(CredentialFault::Wrong { what: WHAT }) }
    }
}

pub(super) fn is_basic(authorization: Option<&str>) -> bool {
    encoded(authorization).is_some()
}

fn encoded(authorization: Option<&str>) -> Option<&str> {
    let (scheme, encoded) = authorization?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| encoded.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ingest::credential::Credential;

    fn check(header: Option<&str>) -> Result<(), CredentialFault> {
        let login = BasicLogin::new("sns", ["old pass", "new:pass"]).expect("no colon in it");
        let fields = header.into_iter().map(|header| ("authorization", header)).collect();
        Credential::Basic(login).check(&Offer { fields, ..Offer::default() })
    }

    #[test]
    fn either_password_of_the_user_will_do_and_no_other() {
        for login in ["sns:old pass", "sns:new:pass"] {
            assert_eq!(check(Some(&format!("Basic {}", STANDARD.encode(login)))), Ok(()), "{login}");
            assert_eq!(check(Some(&format!("basic  {}", STANDARD.encode(login)))), Ok(()), "{login}");
        }
        for login in ["sns:", "sns:old", "SNS:old pass", ":old pass", "old pass"] {
            let wrong = check(Some(&format!("Basic {}", STANDARD.encode(login))));
            assert_eq!(wrong, Err(CredentialFault::Wrong { what: WHAT }), "{login}");
        }
        for header in [None, Some("Basic"), Some("Basic "), Some("Basic ???"), Some("Bearer c25zOm9sZCBwYXNz")] {
            assert!(check(header).is_err_and(|fault| fault.is_missing()), "{header:?}");
        }
        assert!(BasicLogin::new("a:b", ["c"]).is_none());
    }
}
