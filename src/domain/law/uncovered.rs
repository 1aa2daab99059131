//! The border of the law that is modelled: places and regimes that no enabled pack declares.
//!
//! A pack says itself what it covers, `covers` and `regimes` in its head. Coverage is never inferred from a duty that was
//! found: a federal rule for hospitals does not cover the State's own law, nor the general law of data what a sector asks.
//! Whatever place the facts name and no enabled pack declares is *uncovered*, and so is every regime that the sectors of the
//! organisation bring in. That nothing is known to be owed there is no statement of law.

use super::hints::Hints;
use super::load::Rulebook;
use super::pack::{Pack, Verification};
use super::sight::{Known, Sight};
use crate::domain::facts::{Claim, Places, Standing, Value};
use crate::domain::ids::OrganisationId;
use crate::domain::instant::{Instant, NaiveDate, Zone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The fact under which a duty can ask what is uncovered and not yet answered; nobody states it.
pub const UNCOVERED: &str = "coverage.uncovered";
/// The fact under which a duty can ask since when: the earliest moment of what is still uncovered; nobody states it.
pub const SINCE: &str = "coverage.since";
/// What counsel said of a place or a regime, by its code behind the key: `counsel.said.BR`.
pub const COUNSEL: &str = "counsel.said";

/// What counsel can say of a place or a regime: a duty is to be met that no pack models.
const TO_BE_MET: &str = "owed";

/// The facts that say where an organisation is, and so which regimes can reach it.
const WHERE: [&str; 3] = ["organisation.places", "organisation.main-place", "organisation.offers-to"];
const SECTORS: &str = "organisation.sectors";

/// A place or a regime that no enabled pack declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uncovered {
    /// The code of the place, or the name of the regime: `BR`, `US-TX`, `eu.nis2`.
    pub subject: String,
    /// What it is called.
    pub name: String,
    /// The facts that name it.
    pub named_by: BTreeSet<String>,
    /// Nobody but a product has named it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_a_product: bool,
    /// What is known of its law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownLaw>,
    /// Since when it asks for an answer: when it was named, and somebody had said that it may be a breach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// What counsel said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Word>,
}

/// What is known of a law that no pack models. Never a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLaw {
    /// The shortest limit that is known, in words.
    pub says: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
}

/// What counsel said of a place or a regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// What was said, in words.
    pub says: String,
    /// Who said so, or recorded it.
    pub by: String,
    /// When.
    pub on: NaiveDate,
    /// Until when a standing word counts: the first day on which it no longer does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Something is to be done there, so the place is not closed by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_be_done: bool,
}

/// A standing word of counsel, as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingWord {
    /// The place or regime.
    pub subject: String,
    /// Of which organisation it was said; none: of each.
    pub organisation: Option<OrganisationId>,
    /// What was said.
    pub says: String,
    /// Who said it.
    pub by: String,
    /// When.
    pub on: NaiveDate,
    /// The first day on which it no longer counts.
    pub until: NaiveDate,
}

impl StandingWord {
    /// The moment from which it no longer counts.
    pub fn ends(&self, zone: Zone) -> Instant {
        zone.start_of(self.until).0
    }
}

impl Uncovered {
    /// Whether nobody has closed it yet.
    pub fn is_open(&self) -> bool {
        self.word.as_ref().is_none_or(|word| word.to_be_done)
    }

    /// The fact that says what counsel said of it.
    pub fn answer(&self) -> String {
        format!("{COUNSEL}.{}", self.subject)
    }

    /// `Brazil (BR)`.
    pub fn in_words(&self) -> String {
        format!("{} ({})", self.name, self.subject)
    }
}

/// `Brazil (BR), only a product's word: what is known (citation; mark); counsel, by whom, when: what`.
impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words())?;
        if self.only_a_product {
            f.write_str(", named by a product only, which nobody has confirmed")?;
        }
        match &self.known {
            Some(KnownLaw { says, cite, verification }) => write!(f, ": {says} ({cite}; {})", verification.words())?,
            None => f.write_str(": nothing is known of its law here")?,
        }
        match &self.word {
            Some(word) => write!(f, "; {word}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counsel, by {} on {}: {}", self.by, self.on, self.says)?;
        self.until.iter().try_for_each(|until| write!(f, " (counts until {until})"))
    }
}

/// What the packs in use declare, against which facts are held.
pub struct Border<'r> {
    rulebook: &'r Rulebook,
    places: &'r Places,
    covered: BTreeSet<&'r str>,
    regimes: BTreeSet<&'r str>,
}

/// Whose facts are held against the border, when, and what products hint at.
pub struct Asked<'h> {
    /// The organisation, where there is one.
    pub organisation: Option<&'h OrganisationId>,
    /// Its principal zone, in which standing words end.
    pub zone: Zone,
    /// Now.
    pub at: Instant,
    /// Places that stand in messages and that nobody has claimed.
    pub hinted: &'h BTreeSet<String>,
}

/// What names a subject, and how well.
#[derive(Default)]
struct Naming {
    facts: BTreeSet<String>,
    confirmed: bool,
    since: Option<Instant>,
}

impl<'r> Border<'r> {
    /// The border of these packs.
    pub fn of<'p: 'r>(rulebook: &'r Rulebook, packs: impl IntoIterator<Item = &'p Pack>) -> Self {
        let mut border =
            Self { rulebook, places: rulebook.vocabulary.places(), covered: BTreeSet::new(), regimes: BTreeSet::new() };
        for pack in packs {
            border.covered.extend(pack.covered().map(|place| border.places.canonical(place)));
            border.regimes.extend(pack.head.regimes.iter().map(String::as_str));
        }
        border
    }

    /// Whether a pack declares the place, or the whole country of it.
    pub fn covers(&self, place: &str) -> bool {
        let code = self.places.canonical(place);
        let country = code.split_once('-').map(|(country, _)| country);
        self.covered.contains(code) || country.is_some_and(|country| self.covered.contains(country))
    }

    /// Everything the facts name and no pack declares, also what counsel has answered; by code.
    pub fn uncovered(&self, sight: &Sight<'_>, asked: &Asked<'_>) -> Vec<Uncovered> {
        let mut named = self.places_named(sight, asked);
        self.leave_out_wholes(&mut named);
        named.retain(|place, _| !self.covers(place));
        let hints = &self.rulebook.hints;
        let places = named.into_iter().map(|(place, naming)| {
            let known = hints.of_place(&place, self.places).map(|hint| KnownLaw {
                says: hint.says.clone(),
                cite: hint.cite.clone(),
                verification: hint.verification,
            });
            let name = self.places.name(&place).unwrap_or(&place).to_owned();
            (place, name, known, naming)
        });
        let regimes = self.regimes_brought_in(sight, hints).into_iter().map(|(id, naming)| {
            let regime = hints.regime(id).expect("it comes from these hints");
            let known = KnownLaw { says: regime.says.clone(), cite: regime.cite.clone(), verification: regime.verification };
            (id.to_owned(), regime.title.clone(), Some(known), naming)
        });
        let suspected = suspected_at(sight);
        let all = places.chain(regimes).map(|(subject, name, known, naming)| {
            let (word, lapsed) = self.word(&subject, sight, asked);
            let since = suspected.map(|at| [naming.since, lapsed].into_iter().flatten().fold(at, Instant::max));
            Uncovered { subject, name, named_by: naming.facts, only_a_product: !naming.confirmed, known, since, word }
        });
        let mut all: Vec<Uncovered> = all.collect();
        all.sort_by(|a, b| (a.subject.contains('.'), &a.subject).cmp(&(b.subject.contains('.'), &b.subject)));
        all
    }

    fn places_named(&self, sight: &Sight<'_>, asked: &Asked<'_>) -> BTreeMap<String, Naming> {
        let mut named: BTreeMap<String, Naming> = BTreeMap::new();
        for (key, place, claim) in sight.places_named() {
            let naming = named.entry(self.places.canonical(place).to_owned()).or_default();
            naming.facts.insert(key.to_owned());
            naming.confirmed |= claim.by.rank() > crate::domain::facts::Rank::Product;
            naming.since = [naming.since, Some(sight.first_named(key, place).unwrap_or(claim.at))].into_iter().flatten().min();
        }
        for place in asked.hinted {
            let naming = named.entry(self.places.canonical(place).to_owned()).or_default();
            if naming.facts.is_empty() {
                naming.facts.insert("a hint in a message".to_owned());
            }
        }
        named
    }

    /// Where the law is that of a country's parts and it is known in which of them the people live, the whole says no more.
    fn leave_out_wholes(&self, named: &mut BTreeMap<String, Naming>) {
        let is_of_people = |key: &String| key.starts_with("people.");
        let lived_in = named.iter().filter(|(_, naming)| naming.facts.iter().any(is_of_people));
        let wholes: BTreeSet<String> = lived_in
            .filter_map(|(place, _)| Some(place.split_once('-')?.0.to_owned()))
            .filter(|country| self.rulebook.hints.is_by_parts(country))
            .collect();
        named.retain(|place, naming| !wholes.contains(place) || naming.facts.iter().any(is_of_people));
    }

    /// The regimes that the organisation's sectors and places bring in, and that no pack declares.
    fn regimes_brought_in<'h>(&self, sight: &Sight<'_>, hints: &'h Hints) -> BTreeMap<&'h str, Naming> {
        let sectors = said(sight, SECTORS);
        let mut brought: BTreeMap<&str, Naming> = BTreeMap::new();
        for regime in hints.regimes().filter(|regime| !self.regimes.contains(regime.id.as_str())) {
            let of_sector = sectors.iter().filter(|(sector, _)| regime.sectors.contains(sector.as_str()));
            let since_sector = of_sector.map(|(_, at)| *at).min();
            if since_sector.is_none() && !regime.sectors.is_empty() {
                continue;
            }
            for key in WHERE {
                let within = |place: &str| regime.places.iter().any(|whole| self.places.is_within(place, whole));
                let here = said(sight, key).into_iter().filter(|(place, _)| within(place)).map(|(_, at)| at).min();
                let Some(since) = here else { continue };
                let naming = brought.entry(regime.id.as_str()).or_default();
                naming.confirmed = true;
                naming.facts.insert(key.to_owned());
                naming.facts.extend((!regime.sectors.is_empty()).then(|| SECTORS.to_owned()));
                let since = since_sector.map_or(since, |of_sector| since.max(of_sector));
                naming.since = Some(naming.since.map_or(since, |before| before.min(since)));
            }
        }
        brought
    }

    /// What counsel said of a subject: in the incident, else the standing word. And when the last standing word stopped to count.
    fn word(&self, subject: &str, sight: &Sight<'_>, asked: &Asked<'_>) -> (Option<Word>, Option<Instant>) {
        let key = format!("{COUNSEL}.{subject}");
        if let Known::Value(value, Some(claim)) = sight.known(&key.as_str().into()) {
            let words = claim.ground.as_deref().unwrap_or_default();
            let says = if words.is_empty() { value.to_string() } else { format!("{value}: {words}") };
            let to_be_done = matches!(value.as_ref(), Value::Text(word) if word == TO_BE_MET);
            let on = asked.zone.date_of(claim.at);
            return (Some(Word { says, by: claim.by.name().to_owned(), on, until: None, to_be_done }), None);
        }
        let of_this = |word: &&StandingWord| {
            word.subject == subject && word.organisation.as_ref().is_none_or(|of| Some(of) == asked.organisation)
        };
        let words: Vec<&StandingWord> = self.rulebook.counsel.iter().filter(of_this).collect();
        let counts = words.iter().filter(|word| word.ends(asked.zone) > asked.at).max_by_key(|word| word.until);
        let lapsed = words.iter().map(|word| word.ends(asked.zone)).filter(|ends| *ends <= asked.at).max();
        let word = counts.map(|word| Word {
            says: word.says.clone(),
            by: word.by.clone(),
            on: word.on,
            until: Some(word.until),
            to_be_done: false,
        });
        (word, lapsed)
    }
}

/// When somebody first said that it may be a breach, if that stands.
fn suspected_at(sight: &Sight<'_>) -> Option<Instant> {
    let stands = |known: &Known<'_>| match known {
        Known::Value(value, _) => matches!(value.as_ref(), Value::YesNo(true)),
        Known::Disputed(_) => true,
        Known::Unknown => false,
    };
    let key = "breach.suspected";
    if !stands(&sight.known(&key.into())) {
        return None;
    }
    let yes = |claim: &&Claim| claim.value == Some(Value::YesNo(true));
    sight.history(key).filter(yes).map(|claim| claim.at).min()
}

/// The words that stand of a list, with when each was first said.
fn said(sight: &Sight<'_>, key: &str) -> Vec<(String, Instant)> {
    let mut words: BTreeMap<String, Instant> = BTreeMap::new();
    for claim in sight.standing_claims(key) {
        if let Some(Value::Set(set)) = &claim.value {
            for word in set {
                let at = sight.first_named(key, word).unwrap_or(claim.at);
                words.entry(word.clone()).and_modify(|before| *before = at.min(*before)).or_insert(at);
            }
        }
    }
    words.into_iter().collect()
}

/// The claims that stand of a key in a book: one, or those in dispute.
pub(super) fn standing_claims<'b>(standing: Standing<'b>) -> Vec<&'b Claim> {
    match standing {
        Standing::Known(_, claim) => vec![claim],
        Standing::Unknown => Vec::new(),
        Standing::Disputed(claims) => claims,
    }
}

/// Names in a row, the first of them in full: `Brazil, Texas and 4 more`.
pub fn in_a_row(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(most) {
        0 => match shown.split_last() {
            Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => shown.join(", "),
        },
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What is open of a list, by name.
pub fn open_names(list: &[Uncovered]) -> Vec<String> {
    list.iter().filter(|uncovered| uncovered.is_open()).map(|uncovered| uncovered.name.clone()).collect()
}
