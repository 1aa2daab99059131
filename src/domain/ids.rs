//! The names of things. Random ids are minted in the shell and passed in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name that was checked where it came in.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }
            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// One incident: `inc-` and 16 characters of Crockford base 32.
    IncidentId
}
impl IncidentId {
    /// Whether it names an incident; kept messages and overrides of rotas have streams of their own beside them.
    pub fn is_incident(&self) -> bool {
        self.0.starts_with("inc-")
    }
}
id! {
    /// One duty of a pack, such as `eu.gdpr.art33.authority`.
    DutyId
}
id! {
    /// One pack, such as `eu-gdpr`.
    PackId
}
id! {
    /// One legal entity of the configuration.
    OrganisationId
}
id! {
    /// One configured source of events, such as `wazuh-emea`.
    SourceId
}
id! {
    /// The key of a fact in the vocabulary, such as `people.total`.
    FactKey
}
id! {
    /// One alert to one recipient over one channel; the same on every retry.
    AlertId
}
id! {
    /// One configured channel, such as `mail` or `soc-webhook`.
    ChannelId
}
