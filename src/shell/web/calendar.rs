//! `GET /v1/calendar.ics?token=…`: the limits a person is rung for, as a calendar that programs subscribe to.
//!
//! A calendar is shown on walls and shared with colleagues: an entry says which law sets a limit and when
//! it ends, and nothing of the incident. It rings nobody; ringing is the ladders'.

use super::App;
use super::api::damaged_is_told_of_on_the_board;
use super::extract::Query;
use super::problem::Problem;
use crate::domain::board::{Card, ClockLine};
use crate::domain::escalation::{Subject, choose};
use crate::domain::hex::hex;
use crate::domain::ids::{DutyId, IncidentId};
use crate::domain::incident::House;
use crate::domain::ingest::check_bearer;
use crate::domain::instant::{Duration, Instant, rfc3339};
use crate::domain::law::Mode;
use crate::shell::config::{Person, Rules};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icalendar::{Calendar, Class, Component, Event, EventLike, Property};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Cards read at once.
const PAGE: usize = 500;
/// Entries in one calendar; the nearest limits are kept.
const ENTRIES_MAX: usize = 2000;
/// How often programs are asked to look again.
const LOOK_AGAIN: Duration = Duration::minutes(15);

/// Whose calendar.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    token: String,
}

/// The calendar of the person whose token it is; 304 when the caller has it already.
pub async fn feed(State(app): State<Arc<App>>, headers: HeaderMap, Query(whose): Query<Whose>) -> Result<Response, Problem> {
    let live = app.live();
    let person = owner(&live.people, &whose.token)?;
    let rules = app.desk.rules();
    let teams: BTreeSet<&str> = teams_of(&rules.house, &person.name);
    let mut entries = Vec::new();
    let mut after: Option<IncidentId> = None;
    loop {
        let cards = app.desk.cards(after.as_ref(), PAGE)?;
        let Some((last, _)) = cards.last() else { break };
        after = Some(last.clone());
        for (id, bytes) in &cards {
            let card = app.desk.card(id, bytes).await.or_else(damaged_is_told_of_on_the_board)?;
            let Some(card) = card else { continue };
            let open = card.clocks.iter().filter(|clock| clock.standing.is_open() && is_rung(&rules, &card, clock, &teams));
            entries.extend(open.filter_map(|clock| Some((clock.due.or(clock.target)?, card.opened_at, clock.clone()))));
        }
    }
    entries.sort_by(|a, b| (a.0, &a.2.id).cmp(&(b.0, &b.2.id)));
    entries.truncate(ENTRIES_MAX);
    let text = calendar(&entries);
    let etag = format!("\"{}\"", hex(&Sha256::digest(&text)[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if unchanged {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response())
}

/// The person a token belongs to. Every person is tried, so that the time taken does not tell who exists.
fn owner<'p>(people: &'p [Person], token: &str) -> Result<&'p Person, Problem> {
    let offered = format!("Bearer {token}");
    let mut owner = None;
    for person in people {
        if check_bearer(Some(&offered), &person.calendar_tokens).is_ok() {
            owner = Some(person);
        }
    }
    owner.ok_or_else(|| {
        Problem::unauthorised("the calendar's token is nobody's")
            .hint("`watchbell token` makes one; put its SHA-256 into `calendar_token_sha256` of a [[person]]")
    })
}

/// The teams a person is in by name; of somebody who is in none, all of them.
fn teams_of<'h>(house: &'h House, person: &str) -> BTreeSet<&'h str> {
    let theirs: BTreeSet<&str> = house.teams.keys().map(String::as_str).filter(|team| house.is_in(team, person)).collect();
    if theirs.is_empty() { house.teams.keys().map(String::as_str).collect() } else { theirs }
}

/// Whether a clock's ladder rings any of these teams.
fn is_rung(rules: &Rules, card: &Card, clock: &ClockLine, teams: &BTreeSet<&str>) -> bool {
    if clock.mode == Mode::Shadow && !rules.house.ring_shadow {
        return false;
    }
    let duty = DutyId::from(clock.duty.as_str());
    let pack = rules.rulebook.duty(&duty).map_or("", |(pack, _)| pack.head.id.as_str());
    let subject = Subject { duty: &clock.duty, pack, severity: &card.severity };
    let rungs = choose(&rules.house.ladders, &subject).into_iter().flat_map(|ladder| &ladder.rungs);
    rungs.flat_map(|rung| rung.to.iter().chain(&rung.then)).any(|team| teams.contains(team.as_str()))
}

fn calendar(entries: &[(Instant, Instant, ClockLine)]) -> String {
    let mut calendar = Calendar::new();
    calendar.name("Watchbell: limits").ttl(&LOOK_AGAIN);
    calendar.append_property(Property::new("PRODID", concat!("-//Watchbell//", env!("CARGO_PKG_VERSION"), "//EN")));
    for (until, opened_at, clock) in entries {
        calendar.push(entry(*until, *opened_at, clock));
    }
    calendar.to_string()
}

/// An entry at the limit. Its id stays the same wherever the limit moves.
fn entry(until: Instant, opened_at: Instant, clock: &ClockLine) -> Event {
    let what = if clock.due.is_some() { "Limit" } else { "House target, the law says without delay" };
    let law = if clock.mode == Mode::Policy { "the house's own" } else { clock.cite.as_str() };
    let zone = clock.zone;
    Event::new()
        .uid(&format!("{}@watchbell", hex(&Sha256::digest(&clock.id)[..16])))
        .timestamp(opened_at)
        .starts(until)
        .summary(&format!("{what}: {law}"))
        .description(&format!("{} ({})\nwatchbell clock show {}", zone.in_words(until), rfc3339(until), clock.id))
        .class(Class::Private)
        // It takes nobody's time, so that nobody seems busy.
        .add_property("TRANSP", "TRANSPARENT")
        .done()
}
