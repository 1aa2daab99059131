//! Who is on call: a pure function of a rota and an instant.
//!
//! A rota has layers. The first that is on duty at an instant gives the person: whose turn it is there,
//! by civil days in the rota's zone, or the next in the list when that person is off. An override stands
//! before every layer. A day on which the clocks change is one day: its handover is at the same civil
//! time as on any other.

use crate::domain::instant::{Datelike, Duration, Instant, NaiveDate, NaiveTime, Weekday, Zone, is_sane_date};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// Who is on call when.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rota {
    /// The name.
    pub name: String,
    /// The zone its days and times of day are counted in.
    pub zone: Zone,
    /// Its layers; the first that is on duty gives the person.
    #[serde(rename = "layer")]
    pub layers: Vec<Layer>,
}

/// People who take turns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Their names, in the order of their turns.
    pub people: Vec<String>,
    /// The day on which the first of them takes over.
    #[serde(deserialize_with = "date")]
    pub from: NaiveDate,
    /// The time of day at which the next takes over.
    #[serde(default = "nine", deserialize_with = "time_of_day")]
    pub handover: NaiveTime,
    /// How many days a turn lasts.
    #[serde(default = "a_week", deserialize_with = "days")]
    pub turn: u32,
    /// When the layer is on duty; always if empty.
    #[serde(default)]
    pub only: Vec<Window>,
}

/// Hours of some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which it begins; every day if empty.
    #[serde(default, deserialize_with = "weekdays")]
    pub days: Vec<Weekday>,
    /// When it begins.
    #[serde(default = "midnight", deserialize_with = "time_of_day")]
    pub from: NaiveTime,
    /// When it ends; at or before its beginning means on the day after.
    #[serde(default = "midnight", deserialize_with = "time_of_day")]
    pub until: NaiveTime,
}

/// Somebody stands in for whoever would be on call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Its id.
    pub id: String,
    /// The rota.
    pub rota: String,
    /// Who is on call instead.
    pub who: String,
    /// From when.
    pub from: Instant,
    /// Until when; that moment is no longer theirs.
    pub until: Instant,
    /// Why.
    pub because: String,
    /// Who recorded it.
    pub by: String,
    /// When it was recorded.
    pub at: Instant,
}

/// Days on which somebody is not on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DayOff {
    /// The first.
    pub first: NaiveDate,
    /// The last.
    pub last: NaiveDate,
}

/// Who is on call, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnCall {
    /// The person.
    pub who: String,
    /// Why they are: `turn`, `for Ada, who is off`, `override: …`.
    pub because: String,
}

/// Who is on call for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// From when.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
    /// Who, and by what; none where nobody is.
    pub on_call: Option<OnCall>,
}

impl DayOff {
    /// Whether a day is one of them.
    pub fn covers(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

impl Override {
    /// Whether it stands at an instant.
    pub fn covers(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

impl Rota {
    /// Who is on call at an instant; `None` when no layer is on duty. Of overrides that stand, the one
    /// recorded last counts. `is_off` says who has a day off then; where all have, the person whose turn it
    /// is stays.
    pub fn on_call(&self, at: Instant, overrides: &[Override], is_off: &dyn Fn(&str) -> bool) -> Option<OnCall> {
        let standing = overrides.iter().filter(|over| over.rota == self.name && over.covers(at));
        if let Some(over) = standing.max_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id))) {
            return Some(OnCall { who: over.who.clone(), because: format!("override: {}", over.because) });
        }
        let layer = self.layers.iter().find(|layer| layer.is_on_duty(at, self.zone) && !layer.people.is_empty())?;
        let turn = layer.turn_at(at, self.zone);
        let whose = &layer.people[turn];
        let in_turn = layer.people.iter().cycle().skip(turn).take(layer.people.len());
        let stand_in = in_turn.into_iter().find(|who| !is_off(who));
        Some(match stand_in {
            Some(who) if who != whose => OnCall { who: who.clone(), because: format!("for {whose}, who is off") },
            Some(_) => OnCall { who: whose.clone(), because: "turn".into() },
            None => OnCall { who: whose.clone(), because: "turn; everybody is off".into() },
        })
    }

    /// Who is on call from one instant to another, one after the other. `zones` are those in which days off
    /// begin and end besides the rota's own.
    pub fn duties(
        &self,
        (from, until): (Instant, Instant),
        overrides: &[Override],
        zones: &[Zone],
        on_call: &dyn Fn(Instant) -> Option<OnCall>,
    ) -> Vec<Duty> {
        let mut edges: Vec<Instant> =
            overrides.iter().filter(|over| over.rota == self.name).flat_map(|o| [o.from, o.until]).collect();
        let times = self.layers.iter().flat_map(|layer| {
            let hours = layer.only.iter().flat_map(|window| [window.from, window.until]);
            hours.chain([layer.handover])
        });
        let times: Vec<NaiveTime> = times.collect();
        let (mut day, last) = (self.zone.date_of(from) - Duration::days(1), self.zone.date_of(until) + Duration::days(1));
        while day <= last {
            edges.extend(times.iter().map(|time| self.zone.instant_of(day.and_time(*time)).0));
            edges.extend(zones.iter().chain([&self.zone]).map(|zone| zone.start_of(day).0));
            day += Duration::days(1);
        }
        edges.retain(|edge| (from..until).contains(edge));
        edges.push(from);
        edges.sort();
        edges.dedup();
        let mut duties: Vec<Duty> = Vec::new();
        for edge in edges {
            let on_call = on_call(edge);
            match duties.last_mut() {
                Some(before) if before.on_call == on_call => {}
                before => {
                    before.into_iter().for_each(|before| before.until = edge);
                    duties.push(Duty { from: edge, until, on_call });
                }
            }
        }
        duties
    }

    /// Everybody who may be on call by a layer.
    pub fn people(&self) -> impl Iterator<Item = &String> {
        self.layers.iter().flat_map(|layer| &layer.people)
    }

    /// A time of the week at which no layer is on duty, in the rota's zone.
    pub fn gap(&self) -> Option<(Weekday, NaiveTime)> {
        let covers = |day: Weekday, time: NaiveTime| self.layers.iter().any(|layer| layer.covers(day, time));
        let edges = self.layers.iter().flat_map(|layer| &layer.only).flat_map(|window| [window.from, window.until]);
        let mut edges: Vec<NaiveTime> = edges.chain([NaiveTime::MIN]).collect();
        edges.sort();
        edges.dedup();
        // Between two edges nothing changes, so that looking at the edges is looking at the week.
        let week = (0..7_u8).filter_map(|day| Weekday::try_from(day).ok());
        week.flat_map(|day| edges.iter().map(move |time| (day, *time))).find(|(day, time)| !covers(*day, *time))
    }
}

impl Layer {
    fn is_on_duty(&self, at: Instant, zone: Zone) -> bool {
        let civil = zone.civil(at);
        self.covers(civil.weekday(), civil.time())
    }

    fn covers(&self, day: Weekday, time: NaiveTime) -> bool {
        self.only.is_empty() || self.only.iter().any(|window| window.covers(day, time))
    }

    /// Whose turn it is, by their place in the list. Before the first day the turns are counted backwards.
    fn turn_at(&self, at: Instant, zone: Zone) -> usize {
        let today = zone.date_of(at);
        let (handover, _) = zone.instant_of(today.and_time(self.handover));
        let day = if at < handover { today - Duration::days(1) } else { today };
        let turns = (day - self.from).num_days().div_euclid(i64::from(self.turn.max(1)));
        let people = i64::try_from(self.people.len()).unwrap_or(1).max(1);
        usize::try_from(turns.rem_euclid(people)).unwrap_or(0)
    }
}

impl Window {
    fn covers(&self, day: Weekday, time: NaiveTime) -> bool {
        let begins = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.until {
            return begins(day) && (self.from..self.until).contains(&time);
        }
        (begins(day) && time >= self.from) || (begins(day.pred()) && time < self.until)
    }
}

fn nine() -> NaiveTime {
    NaiveTime::MIN + Duration::hours(9)
}
fn midnight() -> NaiveTime {
    NaiveTime::MIN
}
fn a_week() -> u32 {
    7
}

fn read_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(is_sane_date)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    read_date(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no day; write `2026-11-23`")))
}

fn time_of_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    let read = NaiveTime::parse_from_str(&text, "%H:%M").ok().filter(|_| text.len() == 5);
    read.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time of day; write `09:00`")))
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    let read = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| (1..=366).contains(days));
    read.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no length of a turn; write whole days, `1d` or `7d`")))
}

fn weekdays<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Weekday>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let read = |name: &String| {
        name.parse()
            .map_err(|_| serde::de::Error::custom(format!("`{name}` is no day of the week; write `mon`, `tue` and so on")))
    };
    names.iter().map(read).collect()
}

impl<'de> Deserialize<'de> for DayOff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let (first, last) = text.split_once("..").unwrap_or((&text, &text));
        let read = read_date(first).zip(read_date(last)).filter(|(first, last)| first <= last);
        read.map(|(first, last)| Self { first, last }).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no day off; write `2026-12-24`, or `2026-12-24..2027-01-03`"))
        })
    }
}
