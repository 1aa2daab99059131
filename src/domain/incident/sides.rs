//! An incident that took in others, seen from the side of each.
//!
//! What any of them would owe alone, the one they became owes, and no later: a word about one of them
//! ends nothing of another until somebody says it of the whole. So a merge can only make stricter.

use super::assessing::sight_in;
use super::relation::Side;
use super::state::Incident;
use crate::domain::clocks::Hold;
use crate::domain::facts::{Book, Rank};
use crate::domain::ids::OrganisationId;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::assess::{Circumstances, assess, is_silent, targets};
use crate::domain::law::{Assessment, Duty, Owed, Pack, Rulebook, Sight, Uncovered};
use std::borrow::Cow;

/// The books of an incident: the whole first, then that of each side.
pub struct Books<'a> {
    books: Vec<(Cow<'a, Book>, Instant, String)>,
    /// What the sides concern, in the same order; the whole concerns all.
    sides: Vec<Option<&'a Side>>,
}

impl<'a> Sighting<'a> {
    /// What it sees.
    pub fn sight(&self) -> &Sight<'a> {
        &self.sight
    }

    /// Lets duties ask for what no enabled pack covers.
    pub fn set_uncovered(&mut self, uncovered: Vec<Uncovered>) {
        self.sight.set_uncovered(uncovered);
    }
}

impl<'a> Books<'a> {
    /// Of one incident.
    pub fn of(incident: &'a Incident) -> Self {
        let sides = &incident.relations.sides;
        let earliest = sides.values().map(|side| side.opened_at).chain([incident.opened_at]).min();
        let whole = (Cow::Borrowed(&incident.book), earliest.unwrap_or(incident.opened_at), String::new());
        let of_sides = sides.iter().map(|(name, side)| {
            let book = incident.book.only(|id, _| side.sees(id));
            let name = name.rsplit('/').next().unwrap_or(name);
            (Cow::Owned(book), side.opened_at, name.split('#').next().unwrap_or(name).to_owned())
        });
        let books = [whole].into_iter().chain(of_sides).collect();
        Self { books, sides: [None].into_iter().chain(sides.values().map(Some)).collect() }
    }

    /// What one organisation is judged by, from each side that concerned it.
    pub fn sights(
        &'a self,
        incident: &'a Incident,
        organisation: &'a OrganisationId,
        profile: &'a Book,
        rulebook: &'a Rulebook,
    ) -> Vec<Sighting<'a>> {
        let sighting = |(book, opened_at, name): &'a (Cow<'a, Book>, Instant, String)| Sighting {
            sight: sight_in(incident, book, organisation, profile, rulebook),
            opened_at: *opened_at,
            side: name,
        };
        let concerns = |side: &Option<&Side>| side.is_none_or(|side| side.concerns(organisation));
        self.books.iter().zip(&self.sides).filter(|(_, side)| concerns(side)).map(|(book, _)| sighting(book)).collect()
    }
}

/// Whether no person has said anything of the whole since it became one.
pub fn is_as_merged(incident: &Incident) -> bool {
    let Some(since) = incident.relations.sides.values().map(|side| side.since).max() else { return false };
    let said = incident.book.numbered().into_iter().filter(|(id, _)| *id >= since);
    !said.into_iter().any(|(_, claim)| claim.by.rank() == Rank::Person)
}

/// What one side sees.
pub struct Sighting<'a> {
    sight: Sight<'a>,
    opened_at: Instant,
    /// The incident it was; empty for the whole.
    side: &'a str,
}

/// Whether nobody on any side has said what would set the duty off.
pub fn all_silent(duty: &Duty, pack: &Pack, sightings: &[Sighting<'_>]) -> bool {
    sightings.iter().all(|sighting| is_silent(duty, pack, &sighting.sight))
}

/// For whom the duty has a clock each, on any side, in the order in which they are met.
pub fn all_targets(duty: &Duty, pack: &Pack, sightings: &[Sighting<'_>]) -> Vec<Option<String>> {
    if let [only] = sightings {
        return targets(duty, pack, &only.sight);
    }
    let mut all: Vec<Option<String>> = Vec::new();
    for sighting in sightings.iter().filter(|sighting| !is_silent(duty, pack, &sighting.sight)) {
        for target in targets(duty, pack, &sighting.sight) {
            if !all.contains(&target) {
                all.push(target);
            }
        }
    }
    if all.is_empty() { vec![None] } else { all }
}

/// What the law says of a duty towards a target, on the side where it is strictest.
pub struct Strictest<'a> {
    /// The assessment.
    pub assessment: Assessment<'a>,
    /// Whether people ended it on every side that would owe it.
    pub ended_by_people: bool,
    /// Whether on some side only products say that nothing is owed. They end no clock: one that ran on that side
    /// runs on, and no later.
    pub lifted_by_products: bool,
}

/// Holds a duty against every side. An end counts only if it holds on all of them.
pub fn strictest<'a>(
    duty: &'a Duty,
    pack: &'a Pack,
    rulebook: &'a Rulebook,
    sightings: &'a [Sighting<'a>],
    groups: &'a [Option<Sight<'a>>],
    (zone, holds): (Zone, &[Hold]),
) -> Strictest<'a> {
    let assessed = |sight: &Sight<'a>, at| assess(duty, pack, rulebook, &Circumstances { sight, zone, at, holds });
    if let ([only], [group]) = (sightings, groups) {
        let assessment = assessed(group.as_ref().unwrap_or(&only.sight), only.opened_at);
        let ended_by_people = assessment.ended_by_people();
        return Strictest { assessment, ended_by_people, lifted_by_products: false };
    }
    let assess_on = |(sighting, group): (&'a Sighting<'a>, &'a Option<Sight<'a>>)| {
        let sight = group.as_ref().unwrap_or(&sighting.sight);
        (assessed(sight, sighting.opened_at), is_silent(duty, pack, &sighting.sight), sighting.side)
    };
    let mut all: Vec<_> = sightings.iter().zip(groups).map(assess_on).collect();
    let ended_by_people =
        all[0].0.ended_by_people() && all.iter().all(|(assessment, silent, _)| *silent || assessment.ended_by_people());
    let lifted_by_products = all.iter().any(|(assessment, silent, _)| {
        !silent && matches!(assessment.owed, Owed::NotBound | Owed::NotOwed) && !assessment.ended_by_people()
    });
    let rank = |assessment: &Assessment<'_>| {
        let runs = matches!(assessment.owed, Owed::Open | Owed::Owed);
        let due = assessment
            .deadlines
            .as_ref()
            .and_then(|reckoning| reckoning.operational.at.or_else(|| reckoning.target.as_ref().and_then(|target| target.at)));
        (!runs, due.unwrap_or(Instant::MAX_UTC))
    };
    let strictest = (0..all.len()).min_by_key(|nth| rank(&all[*nth].0));
    let (mut assessment, _, side) = all.swap_remove(strictest.unwrap_or_default());
    if !side.is_empty() {
        assessment.remarks.push(format!(
            "as {side} stood by itself, before the incidents became one: it asks for more than all facts together"
        ));
    }
    Strictest { assessment, ended_by_people, lifted_by_products }
}

/// The sights of one group of people, or of one place, on every side, where a duty has a clock for each.
pub fn groups<'a>(duty: &Duty, target: Option<&str>, sightings: &'a [Sighting<'a>]) -> Vec<Option<Sight<'a>>> {
    sightings.iter().map(|sighting| sighting.sight.towards(duty.text.each.as_ref(), target)).collect()
}
