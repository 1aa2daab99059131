//! What the configuration itself names and no enabled pack covers: for `check-config` and `doctor`.

use crate::domain::ids::OrganisationId;
use crate::domain::incident::{Moment, Profile, uncovered_of_profile};
use crate::domain::instant::Instant;
use crate::domain::law::Uncovered;
use crate::shell::config::Config;
use serde::Serialize;

/// What is uncovered of one organisation, and what of its profile is not said.
#[derive(Debug, Serialize)]
pub struct OfOrganisation {
    /// Which.
    pub organisation: String,
    /// Places and regimes its profile names, also those a standing word of counsel answers.
    pub uncovered: Vec<Uncovered>,
    /// What is to be set, each a question.
    pub unset: Vec<&'static str>,
}

/// The facts of an organisation that bring law in, each with the question while it is unset.
const BRING_IN: [(&str, &str); 3] = [
    ("organisation.places", "`organisation.places` is not set: in which countries is it established?"),
    (
        "organisation.sectors",
        "`organisation.sectors` is not set: in which regulated sectors does it work? Until it is, no regime of a sector \
         (NIS2, DORA, SEC, State insurance law, …) is looked for; `[\"other\"]` says that there is none",
    ),
    ("organisation.roles", "`organisation.roles` is not set: in which legal roles does it hold data about people?"),
];

/// Of every organisation, in the order of ids.
pub fn of(config: &Config, now: Instant) -> Vec<OfOrganisation> {
    let rules = &config.rules;
    let moment = Moment { now, rulebook: &rules.rulebook, house: &rules.house };
    let look = |(id, profile): (&OrganisationId, &Profile)| OfOrganisation {
        organisation: id.to_string(),
        uncovered: uncovered_of_profile(id, profile, &moment),
        unset: BRING_IN.iter().filter(|(key, _)| profile.claims.standing(key).value().is_none()).map(|(_, asks)| *asks).collect(),
    };
    rules.organisations.iter().map(|(id, organisation)| look((id, &*organisation.profile))).collect()
}

/// Standing words of counsel that count no longer.
pub fn lapsed(config: &Config, now: Instant) -> Vec<String> {
    let today = now.date_naive();
    let lapsed = config.rules.rulebook.counsel.iter().filter(|word| word.until <= today);
    lapsed.map(|word| format!("the word of {} about `{}` counts no longer since {}", word.by, word.subject, word.until)).collect()
}

impl OfOrganisation {
    /// What is still open, a line each.
    pub fn lines(&self) -> Vec<String> {
        let open = self.uncovered.iter().filter(|uncovered| uncovered.is_open());
        let open =
            open.map(|uncovered| format!("organisation `{}`: not covered by any pack in use: {uncovered}", self.organisation));
        open.chain(self.unset.iter().map(|asks| format!("organisation `{}`: {asks}", self.organisation))).collect()
    }
}
