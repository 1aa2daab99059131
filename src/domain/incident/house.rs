//! The house's own policy: who is rung by which ladder, and by which channel they are reached.

use super::event::ClockKey;
use super::state::{Clock, Incident};
use crate::domain::escalation::{DayOff, Duty, Ladder, OnCall, Override, Rota, Subject, choose};
use crate::domain::ids::{ChannelId, PackId};
use crate::domain::instant::{Duration, Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// The house's own policy.
#[derive(Clone, Debug, Default)]
pub struct House {
    /// The ladders, each with what it inherits; the one that names a clock most closely is used.
    pub ladders: Vec<Ladder>,
    /// The teams by name.
    pub teams: BTreeMap<String, Team>,
    /// The people who can be reached by name.
    pub people: BTreeMap<String, Contact>,
    /// The rotas by name.
    pub rotas: BTreeMap<String, Rota>,
    /// Who stands in for whom; from the record, not from the configuration.
    pub overrides: Vec<Override>,
    /// Where an alert goes as well when its channel does not take it.
    pub fallbacks: BTreeMap<ChannelId, Address>,
    /// Channels that keep an incident of their own: they are told of acknowledgements and ends.
    pub tracking: BTreeSet<ChannelId>,
    /// The usual length of an acknowledgement.
    pub lease: Duration,
    /// How long before a limit no acknowledgement and no silence holds; at most a third of the clock.
    pub last_call: Duration,
    /// Packs that are used although they are not enabled by themselves.
    pub with_packs: Vec<PackId>,
    /// Packs that are not used although they are enabled by themselves.
    pub without_packs: Vec<PackId>,
    /// Whether clocks of law that is not in force ring.
    pub ring_shadow: bool,
    /// When the policy was read: who is not in it was removed then at the latest. None where nobody can be removed.
    pub read_at: Option<Instant>,
}

/// People who are rung together.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Team {
    /// Who is in it.
    pub members: Vec<Member>,
}

/// Somebody in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// An address, whoever reads there.
    Address(Address),
    /// A person, by every way they can be reached.
    Person(String),
    /// Whoever is on call by a rota when the rung falls.
    Rota(String),
}

/// A way to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Over which channel.
    pub channel: ChannelId,
    /// At which address there.
    pub to: String,
}

/// How it was said by somebody who has a token.
pub const VIA_API: &str = "api";

impl Address {
    /// How it was said by whoever opened a link that was sent here.
    pub fn link_in_words(&self) -> String {
        format!("link sent to {} over {}", self.to, self.channel)
    }

    /// The address in such words.
    fn in_words_of_link(via: &str) -> Option<Self> {
        let (to, channel) = via.strip_prefix("link sent to ")?.rsplit_once(" over ")?;
        Some(Self { channel: channel.into(), to: to.to_owned() })
    }
}

/// How a person is reached, and when not.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contact {
    /// Every way to reach them; all are used.
    pub reach: Vec<Address>,
    /// The zone their days off are counted in; a rota's own unless set.
    pub zone: Option<Zone>,
    /// Days on which no rota has them on call.
    pub days_off: Vec<DayOff>,
}

/// Somebody reached, and how it came to be them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Where.
    pub address: Address,
    /// For which team.
    pub team: String,
    /// Who, where that is known.
    pub person: Option<String>,
    /// By which rota.
    pub rota: Option<String>,
}

impl House {
    /// The ladder of a clock.
    pub fn ladder(&self, incident: &Incident, key: &ClockKey, clock: &Clock) -> Option<&Ladder> {
        let subject = Subject { duty: key.duty.as_str(), pack: clock.law.pack.as_str(), severity: &incident.opened.severity };
        choose(&self.ladders, &subject)
    }

    /// Everybody these teams have at an instant, each address once.
    pub fn reach(&self, teams: &[String], at: Instant) -> Vec<Reached> {
        let mut reached: Vec<Reached> = Vec::new();
        for team in teams {
            for member in self.teams.get(team).into_iter().flat_map(|team| &team.members) {
                for one in self.reach_member(team, member, at) {
                    if reached.iter().all(|before| before.address != one.address) {
                        reached.push(one);
                    }
                }
            }
        }
        reached
    }

    fn reach_member(&self, team: &str, member: &Member, at: Instant) -> Vec<Reached> {
        let (people, rota) = match member {
            Member::Address(address) => {
                return vec![Reached { address: address.clone(), team: team.to_owned(), person: None, rota: None }];
            }
            Member::Person(name) => (vec![name.clone()], None),
            Member::Rota(name) => (self.on_duty(name, at), Some(name.clone())),
        };
        let ways = people.iter().flat_map(|name| self.ways_to(name).iter().map(move |address| (name, address)));
        let reached = |(name, address): (&String, &Address)| Reached {
            address: address.clone(),
            team: team.to_owned(),
            person: Some(name.clone()),
            rota: rota.clone(),
        };
        ways.map(reached).collect()
    }

    /// Whom a rota wakes. When nobody is on call, or who is cannot be reached, that is everybody of the rota.
    fn on_duty(&self, rota: &str, at: Instant) -> Vec<String> {
        let reachable = |on_call: &OnCall| !self.ways_to(&on_call.who).is_empty();
        let by_layers = || self.on_call_by(rota, &[], at);
        match self.on_call(rota, at).filter(reachable).or_else(|| by_layers().filter(reachable)) {
            Some(on_call) => vec![on_call.who],
            None => {
                let people: BTreeSet<&String> = self.rotas.get(rota).into_iter().flat_map(Rota::people).collect();
                people.into_iter().cloned().collect()
            }
        }
    }

    /// Who is on call by a rota at an instant; `None` when nobody is.
    pub fn on_call(&self, rota: &str, at: Instant) -> Option<OnCall> {
        self.on_call_by(rota, &self.overrides, at)
    }

    /// Who is on call by a rota from one instant to another; empty when there is no such rota.
    pub fn duties(&self, rota: &str, span: (Instant, Instant)) -> Vec<Duty> {
        let Some(rota) = self.rotas.get(rota) else { return Vec::new() };
        let zones: Vec<Zone> = rota.people().filter_map(|name| self.people.get(name)?.zone).collect();
        rota.duties(span, &self.overrides, &zones, &|at| self.on_call(&rota.name, at))
    }

    fn on_call_by(&self, rota: &str, overrides: &[Override], at: Instant) -> Option<OnCall> {
        let rota = self.rotas.get(rota)?;
        let is_off = |who: &str| {
            let contact = self.people.get(who);
            contact.is_some_and(|contact| {
                let today = contact.zone.unwrap_or(rota.zone).date_of(at);
                contact.days_off.iter().any(|days| days.covers(today))
            })
        };
        rota.on_call(at, overrides, &is_off)
    }

    /// Every way to reach a person.
    pub fn ways_to(&self, person: &str) -> &[Address] {
        self.people.get(person).map_or(&[], |contact| &contact.reach)
    }

    /// Every address a team may be reached at, whoever is on call.
    pub fn addresses(&self, team: &str) -> Vec<&Address> {
        let members = self.teams.get(team).into_iter().flat_map(|team| &team.members);
        let own = members.filter_map(|member| match member {
            Member::Address(address) => Some(address),
            Member::Person(_) | Member::Rota(_) => None,
        });
        own.chain(self.people_of(team).into_iter().flat_map(|person| self.ways_to(person))).collect()
    }

    /// Whether anybody or any team is still reached at an address.
    pub fn reaches(&self, address: &Address) -> bool {
        let members = self.teams.values().flat_map(|team| &team.members);
        members.into_iter().any(|member| matches!(member, Member::Address(own) if own == address))
            || self.people.values().any(|contact| contact.reach.contains(address))
            || self.fallbacks.values().any(|own| own == address)
    }

    /// When whoever said something was removed, if they were: a person who is in the policy no more, or whoever reads
    /// at an address that is not in it any more.
    pub fn removed_at(&self, by: &str, via: &str, at: Instant) -> Option<Instant> {
        let read_at = self.read_at.filter(|read_at| at < *read_at)?;
        let is_here = match Address::in_words_of_link(via) {
            Some(address) => self.reaches(&address),
            None => via != VIA_API || self.people.contains_key(by),
        };
        (!is_here).then_some(read_at)
    }

    /// The person an address belongs to, if it is one person's alone.
    pub fn person_at(&self, address: &Address) -> Option<&str> {
        let mut theirs = self.people.iter().filter(|(_, contact)| contact.reach.contains(address)).map(|(name, _)| name.as_str());
        theirs.next().filter(|_| theirs.next().is_none())
    }

    /// The team for which whoever reads at an address acknowledges a clock, where several teams must each.
    pub fn team_at(&self, incident: &Incident, key: &ClockKey, address: &Address) -> Option<String> {
        let ladder = self.ladder(incident, key, incident.clocks.get(key)?)?;
        let reads_there = |team: &&String| {
            let members = self.teams.get(*team).into_iter().flat_map(|team| &team.members);
            let by_address = |member: &Member| matches!(member, Member::Address(of_team) if of_team == address);
            let by_name = self.people_of(team).into_iter().any(|person| self.ways_to(person).contains(address));
            by_name || members.into_iter().any(by_address)
        };
        ladder.acknowledge.iter().find(reads_there).cloned()
    }

    /// The names of everybody who can be reached.
    pub fn reachable(&self) -> impl Iterator<Item = &str> {
        self.people.iter().filter(|(_, contact)| !contact.reach.is_empty()).map(|(name, _)| name.as_str())
    }

    /// Whether a person may speak for a team: they are in it, or it names nobody.
    pub fn speaks_for(&self, team: &str, person: &str) -> bool {
        let people = self.people_of(team);
        people.is_empty() || people.contains(person)
    }

    /// Whether a person is in a team by name, themselves or by a rota.
    pub fn is_in(&self, team: &str, person: &str) -> bool {
        self.people_of(team).contains(person)
    }

    fn people_of(&self, team: &str) -> BTreeSet<&str> {
        let mut people = BTreeSet::new();
        for member in self.teams.get(team).into_iter().flat_map(|team| &team.members) {
            match member {
                Member::Address(_) => {}
                Member::Person(name) => _ = people.insert(name.as_str()),
                Member::Rota(rota) => {
                    people.extend(self.rotas.get(rota).into_iter().flat_map(Rota::people).map(String::as_str));
                    let stand_ins = self.overrides.iter().filter(|over| over.rota == *rota);
                    people.extend(stand_ins.map(|over| over.who.as_str()));
                }
            }
        }
        people
    }
}

/// Enough of an address to tell it from others of the house.
pub fn masked(to: &str) -> String {
    let (name, domain) = to.split_once('@').map_or((to, None), |(name, domain)| (name, Some(domain)));
    let beginning: String = name.chars().take(2).collect();
    let cut = if beginning.len() < name.len() { "…" } else { "" };
    domain.map_or_else(|| format!("{beginning}{cut}"), |domain| format!("{beginning}{cut}@{domain}"))
}
