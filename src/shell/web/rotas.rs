//! Who is on call, and who stands in for whom.

use super::App;
use super::api::Answer;
use super::auth::caller;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::wire::{ExplicitInstant, StandIn};
use crate::domain::escalation::{Duty, OnCall, Override, RecordedOverride, Rota};
use crate::domain::incident::House;
use crate::domain::instant::{Duration, Instant, Zone, rfc3339};
use crate::shell::config::May;
use crate::shell::mint;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How far ahead a rota is shown.
const AHEAD: Duration = Duration::days(28);

/// A rota at an instant.
#[derive(Debug, Serialize, Deserialize)]
pub struct RotaView {
    /// The name.
    pub name: String,
    /// The zone its days are counted in.
    pub zone: Zone,
    /// The instant.
    pub at: Instant,
    /// The same in the rota's zone.
    pub local: String,
    /// Who is on call then; none if nobody is.
    pub on_call: Option<OnCall>,
    /// Who is on call from then on, one after the other.
    pub ahead: Vec<Duty>,
    /// Who stands in for whom, then or later.
    pub overrides: Vec<Override>,
}

/// At which instant.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct At {
    at: Option<ExplicitInstant>,
}

fn view(house: &House, rota: &Rota, at: Instant) -> RotaView {
    RotaView {
        name: rota.name.clone(),
        zone: rota.zone,
        at,
        local: rota.zone.rfc3339(at),
        on_call: house.on_call(&rota.name, at),
        ahead: house.duties(&rota.name, (at, at + AHEAD)),
        overrides: house.overrides.iter().filter(|over| over.rota == rota.name && over.until > at).cloned().collect(),
    }
}

fn rota<'h>(house: &'h House, name: &str) -> Result<&'h Rota, Problem> {
    house.rotas.get(name).ok_or_else(|| Problem::not_found("no-rota", "no such rota").hint("`GET /v1/rotas` lists them"))
}

/// `GET /v1/rotas`
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap, Query(at): Query<At>) -> Answer<Vec<RotaView>> {
    caller(&app, &headers, May::Read)?;
    let rules = app.desk.rules();
    let at = at.at.map_or_else(wall_clock::now, |at| at.0);
    Ok(axum::Json(rules.house.rotas.values().map(|rota| view(&rules.house, rota, at)).collect()))
}

/// `GET /v1/rotas/{name}?at=`
pub async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Path(name): Path, Query(at): Query<At>) -> Answer<RotaView> {
    caller(&app, &headers, May::Read)?;
    let rules = app.desk.rules();
    let at = at.at.map_or_else(wall_clock::now, |at| at.0);
    Ok(axum::Json(view(&rules.house, rota(&rules.house, &name)?, at)))
}

/// `POST /v1/rotas/{name}/overrides`
pub async fn stand_in(State(app): State<Arc<App>>, headers: HeaderMap, Path(name): Path, body: Body) -> Answer<Override> {
    let caller = caller(&app, &headers, May::Act)?;
    let StandIn { who, from, until, because } = super::read_json(&app, body, &headers).await?;
    let (rules, now) = (app.desk.rules(), wall_clock::now());
    let rota = rota(&rules.house, &name)?;
    let (from, until) = (from.0, until.0);
    if until <= from.max(now) {
        let detail = format!("`until` is {}, which is not after `from` or has passed", rfc3339(until));
        return Err(Problem::invalid("past-time", detail).hint("an override ends after it begins, and in the future"));
    }
    if because.trim().is_empty() {
        return Err(Problem::invalid("empty-field", "`because` must not be empty").hint("say it in a few words"));
    }
    if rules.house.ways_to(&who).is_empty() {
        let names: Vec<&str> = rules.house.reachable().collect();
        let problem = Problem::invalid("no-person", format!("nobody called `{who}` can be reached"));
        return Err(problem.hint(format!("there are {}", names.join(", "))));
    }
    let id = mint::override_id().to_string();
    let stands_in = Override { id, rota: rota.name.clone(), who, from, until, because, by: caller.name, at: now };
    app.desk.record_override(&RecordedOverride { stands_in: stands_in.clone(), withdrawn: None }, now).await?;
    Ok(axum::Json(stands_in))
}

/// `DELETE /v1/rotas/{name}/overrides/{id}`
pub async fn withdraw(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path((name, id)): Path<(String, String)>,
) -> Answer<Override> {
    let caller = caller(&app, &headers, May::Act)?;
    let (rules, now) = (app.desk.rules(), wall_clock::now());
    let found = rules.house.overrides.iter().find(|over| over.rota == name && over.id == id && over.until > now).cloned();
    let stands_in = found.ok_or_else(|| {
        Problem::not_found("no-override", "no such override of this rota stands").hint("`GET /v1/rotas/{name}` lists them")
    })?;
    let entry = RecordedOverride { stands_in, withdrawn: Some((caller.name, now)) };
    app.desk.record_override(&entry, now).await?;
    Ok(axum::Json(entry.stands_in))
}
