//! What is to ring for a clock, and what people say about it: hand-over and silence.

use super::App;
use super::api::{Answer, act, clock_key, incident};
use super::auth::caller;
use super::extract::Path;
use super::wire::{HandOver, SilenceClock};
use crate::domain::board::ClockView;
use crate::domain::incident::{Command, LadderView, Moment, Refusal, VIA_API, preview};
use crate::shell::config::May;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

/// `GET /v1/clocks/{id}/ladder`: every rung, past and future.
pub async fn ladder(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path) -> Answer<LadderView> {
    caller(&app, &headers, May::Read)?;
    let (id, key) = clock_key(&app, &public)?;
    let incident = incident(&app, id.as_str()).await?;
    let rules = app.desk.rules();
    let moment = Moment { now: wall_clock::now(), rulebook: &rules.rulebook, house: &rules.house };
    preview(&incident, &key, &moment).map(axum::Json).ok_or_else(|| Refusal::NoClock(key).into())
}

/// `POST /v1/clocks/{id}/hand-over`
pub async fn hand_over(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let HandOver { to } = super::read_json(&app, body, &headers).await?;
    act(&app, &id, &key, Command::HandOver { clock: key.clone(), by: caller.name, to, via: VIA_API.into() }).await
}

/// `POST /v1/clocks/{id}/silence`
pub async fn silence(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let SilenceClock { reason, until } = super::read_json(&app, body, &headers).await?;
    let (by, until, via) = (caller.name, until.0, VIA_API.into());
    act(&app, &id, &key, Command::Silence { clock: key.clone(), by, reason, until, via }).await
}

/// `DELETE /v1/clocks/{id}/silence`
pub async fn end_silence(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    act(&app, &id, &key, Command::EndSilence { clock: key.clone(), by: caller.name }).await
}
