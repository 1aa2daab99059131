//! Who is rung: people, rotas, teams, ladders and fallbacks, checked against one another.

use super::raw::{RawAddress, RawConfig, RawMember};
use super::{Reader, there_are};
use crate::domain::escalation::{Ladder, Rota, Rung, Subject, When, choose, inherit};
use crate::domain::ids::ChannelId;
use crate::domain::incident::{Address, Contact, House, Member, Team};
use crate::domain::ingest::Severity;
use crate::domain::instant::Duration;
use crate::domain::law::{PackFault, Rulebook};
use std::collections::{BTreeMap, BTreeSet};

/// The clocks by which the daemon tells its operator of itself.
const OPERATORS_DUTIES: [&str; 4] = ["house.delivery", "house.quarantine", "house.source", "house.watch"];

impl Reader<'_> {
    /// The part of the house's policy that says who is rung.
    pub(super) fn ringing(&mut self, raw: &RawConfig, rulebook: &Rulebook) -> House {
        let people = self.contacts(raw);
        let rotas = self.rotas(raw, &people);
        let teams = self.teams(raw, &people, &rotas);
        let ladders = self.ladders(raw, &teams, rulebook);
        let fallbacks = self.fallbacks(raw);
        let tracks = raw.channels.iter().filter(|channel| channel.tracks || channel.pagerduty.is_some());
        let tracking = tracks.map(|channel| channel.id.as_str().into()).collect();
        House { ladders, teams, people, rotas, fallbacks, tracking, ..House::default() }
    }

    fn address(&mut self, raw: &RawConfig, address: &RawAddress) -> Address {
        self.channel_is_there(raw, &address.channel);
        Address { channel: address.channel.as_str().into(), to: address.to.clone() }
    }

    fn channel_is_there(&mut self, raw: &RawConfig, channel: &str) {
        let known: Vec<&str> = raw.channels.iter().map(|channel| channel.id.as_str()).collect();
        if !known.contains(&channel) {
            self.fault(channel, format!("there is no channel `{channel}`"), there_are(&known, channel));
        }
    }

    fn contacts(&mut self, raw: &RawConfig) -> BTreeMap<String, Contact> {
        let mut contacts = BTreeMap::new();
        for person in &raw.people {
            let reach = person.reach.iter().map(|address| self.address(raw, address)).collect();
            let contact = Contact { reach, zone: person.zone, days_off: person.days_off.clone() };
            if contacts.insert(person.name.clone(), contact).is_some() {
                self.fault(
                    &person.name,
                    format!("two people are called `{}`", person.name),
                    "a name stands for one in the record",
                );
            }
        }
        contacts
    }

    fn rotas(&mut self, raw: &RawConfig, people: &BTreeMap<String, Contact>) -> BTreeMap<String, Rota> {
        let mut rotas = BTreeMap::new();
        for rota in &raw.rotas {
            for person in rota.people() {
                self.can_be_reached(person, people);
            }
            if rota.people().next().is_none() {
                self.fault(&rota.name, format!("nobody is in rota `{}`", rota.name), "add a [[rota.layer]] with `people`");
            } else if let Some((day, time)) = rota.gap() {
                let text = format!("nobody is on call by rota `{}` on {day} at {}", rota.name, time.format("%H:%M"));
                self.fault(&rota.name, text, "add a layer without `only`, or widen the hours");
            }
            if rotas.insert(rota.name.clone(), rota.clone()).is_some() {
                self.fault(&rota.name, format!("two rotas are called `{}`", rota.name), "a name names one");
            }
        }
        rotas
    }

    fn can_be_reached(&mut self, person: &str, people: &BTreeMap<String, Contact>) {
        match people.get(person) {
            None => {
                let known: Vec<&str> = people.keys().map(String::as_str).collect();
                self.fault(person, format!("there is no person `{person}`"), there_are(&known, person));
            }
            Some(contact) if contact.reach.is_empty() => {
                let text = format!("`{person}` is to be rung and cannot be reached");
                self.fault(person, text, "give that [[person]] `reach = [{ channel = \"…\", to = \"…\" }]`");
            }
            Some(_) => {}
        }
    }

    fn teams(
        &mut self,
        raw: &RawConfig,
        people: &BTreeMap<String, Contact>,
        rotas: &BTreeMap<String, Rota>,
    ) -> BTreeMap<String, Team> {
        let mut teams = BTreeMap::new();
        for team in &raw.teams {
            let members: Vec<Member> =
                team.members.iter().filter_map(|member| self.member(raw, &team.name, member, people, rotas)).collect();
            if team.members.is_empty() {
                self.fault(&team.name, format!("nobody is in team `{}`", team.name), "add members with channel and address");
            }
            teams.insert(team.name.clone(), Team { members });
        }
        teams
    }

    fn member(
        &mut self,
        raw: &RawConfig,
        team: &str,
        member: &RawMember,
        people: &BTreeMap<String, Contact>,
        rotas: &BTreeMap<String, Rota>,
    ) -> Option<Member> {
        match (&member.channel, &member.person, &member.rota) {
            (Some(channel), None, None) => {
                self.channel_is_there(raw, channel);
                Some(Member::Address(Address { channel: channel.as_str().into(), to: member.to.clone() }))
            }
            (None, Some(person), None) if member.to.is_empty() => {
                self.can_be_reached(person, people);
                Some(Member::Person(person.clone()))
            }
            (None, None, Some(rota)) if member.to.is_empty() => {
                if !rotas.contains_key(rota) {
                    let known: Vec<&str> = rotas.keys().map(String::as_str).collect();
                    self.fault(rota, format!("there is no rota `{rota}`"), there_are(&known, rota));
                }
                Some(Member::Rota(rota.clone()))
            }
            _ => {
                let text = format!("a member of team `{team}` is not one of address, person and rota");
                self.fault(team, text, "write `{ channel = \"…\", to = \"…\" }`, `{ person = \"…\" }` or `{ rota = \"…\" }`");
                None
            }
        }
    }

    /// The ladders with what they inherit.
    fn ladders(&mut self, raw: &RawConfig, teams: &BTreeMap<String, Team>, rulebook: &Rulebook) -> Vec<Ladder> {
        for ladder in &raw.ladders {
            let unknown: BTreeSet<&String> = ladder.teams().filter(|team| !teams.contains_key(*team)).collect();
            for team in unknown {
                let known: Vec<&str> = teams.keys().map(String::as_str).collect();
                self.fault(team, format!("there is no team `{team}`"), there_are(&known, team));
            }
            for wanted in &ladder.duties {
                let names = |duty: &str| duty == wanted || (wanted.ends_with('.') && duty.starts_with(wanted.as_str()));
                if !rulebook.duties().any(|(_, duty)| names(duty.text.id.as_str())) {
                    self.fault(wanted, format!("no duty begins with `{wanted}`"), "see `watchbell rules list`");
                }
            }
            self.packs(&ladder.packs, rulebook);
            for severity in ladder.severities.iter().filter(|severity| !Severity::NAMES.contains(&severity.as_str())) {
                self.fault(severity, format!("there is no severity `{severity}`"), there_are(&Severity::NAMES, severity));
            }
        }
        let written: Vec<Ladder> = self.operator(raw, teams).into_iter().chain(raw.ladders.iter().cloned()).collect();
        match inherit(&written) {
            Ok(ladders) => {
                self.every_duty_has_one(&ladders, rulebook);
                ladders
            }
            Err(faults) => {
                faults.iter().for_each(|fault| self.fault(fault.word(), fault.to_string(), fault.hint()));
                Vec::new()
            }
        }
    }

    /// The ladder of what the daemon tells of itself, unless the house wrote one for it.
    fn operator(&mut self, raw: &RawConfig, teams: &BTreeMap<String, Team>) -> Option<Ladder> {
        let team = raw.operator.team.as_ref()?;
        if !teams.contains_key(team) {
            let known: Vec<&str> = teams.keys().map(String::as_str).collect();
            self.fault(team, format!("there is no team `{team}`"), there_are(&known, team));
        }
        let written: BTreeSet<&String> = raw.ladders.iter().flat_map(|ladder| &ladder.duties).collect();
        let duties: Vec<String> =
            OPERATORS_DUTIES.map(str::to_owned).into_iter().filter(|duty| !written.contains(duty)).collect();
        let rung = |when| Rung { when, to: vec![team.clone()], unless_acknowledged: None, then: Vec::new() };
        let whens = [When::Start, When::ShareLeft(50), When::Expiry, When::EveryOverdue(Duration::hours(1))];
        let rungs = whens.into_iter().map(rung).collect();
        (!duties.is_empty()).then(|| Ladder { name: "operator".into(), duties, rungs, ..Ladder::default() })
    }

    fn every_duty_has_one(&mut self, ladders: &[Ladder], rulebook: &Rulebook) {
        let rung = |duty: &str, pack: &str| {
            let chosen = |severity: &&str| choose(ladders, &Subject { duty, pack, severity }).is_some();
            Severity::NAMES.iter().all(chosen)
        };
        let mut silent = rulebook.duties().filter(|(pack, duty)| !rung(duty.text.id.as_str(), pack.head.id.as_str()));
        if let Some((_, first)) = silent.next() {
            let text = match silent.count() {
                0 => format!("no ladder is for every severity of `{}`, so its clocks might never ring", first.text.id),
                more => format!(
                    "no ladder is for every severity of `{}` and {more} other duties, so their clocks might never ring",
                    first.text.id
                ),
            };
            let fault = PackFault::of_file(self.file, text);
            self.faults.push(fault.hint("add a [[ladder]] without `for`, `pack` and `severity`: it is for all others"));
        }
    }

    fn fallbacks(&mut self, raw: &RawConfig) -> BTreeMap<ChannelId, Address> {
        let mut fallbacks = BTreeMap::new();
        for channel in &raw.channels {
            let Some(fallback) = &channel.fallback else { continue };
            let address = self.address(raw, fallback);
            if fallback.channel == channel.id {
                let text = format!("channel `{}` falls back to itself", channel.id);
                self.fault(&channel.id, text, "name another channel: this one is what fails");
            }
            fallbacks.insert(channel.id.as_str().into(), address);
        }
        fallbacks
    }
}
