//! HTTP: intake of events, the API for people, health for machines.
//!
//! Knows the desk, never the store's inside nor delivery's; every problem is RFC 9457.

mod acknowledge;
mod admission;
mod alerts;
mod api;
mod auth;
mod calendar;
mod extract;
mod intake;
mod joining;
mod log;
mod ops;
mod patience;
mod payloads;
mod problem;
mod quarantine;
mod register;
mod relations;
mod reported;
mod ringing;
mod rotas;
mod serve;
mod subscription;
mod taking;
mod wire;

pub use admission::DRILL_HEADER;
use admission::{Issuers, Proxies, Room};
pub use intake::take_on_trust;
pub use problem::Problem;
pub use serve::{Keeping, serve, serve_router};
pub use taking::Taken;

use super::config::{Door, Payloads, Person, Source};
use super::courier::Courier;
use super::desk::Desk;
use super::operator;
use super::payload_keys::PayloadKeys;
use super::scheduler::Scheduler;
use super::telemetry::Metrics;
use super::watch::Receipts;
use crate::domain::ids::SourceId;
use crate::domain::ingest;
use crate::domain::joining::JoinRule;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;
use tower_http::catch_panic::CatchPanicLayer;

/// What every request may need.
pub struct App {
    /// Takes commands.
    pub desk: Arc<Desk>,
    /// For the state of channels.
    pub courier: Arc<Courier>,
    /// For readiness.
    pub scheduler: Arc<Scheduler>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// The keys that messages are sealed under.
    pub keys: Arc<PayloadKeys>,
    /// Room for bodies in memory.
    pub room: Room,
    /// The keys of issuers.
    pub issuers: Issuers,
    /// Whose word about a client's address is taken.
    pub proxies: Proxies,
    /// When each source was last heard of.
    pub receipts: Arc<Receipts>,
    /// Rung when somebody asks for a reload.
    pub reload: Notify,
    /// How often the page of a link may be asked for.
    page_limit: acknowledge::Limit,
    live: RwLock<Arc<Live>>,
}

/// What a reload replaces.
pub struct Live {
    /// Where events come from.
    pub sources: BTreeMap<SourceId, Source>,
    /// By which rules reports join an incident of another name.
    pub joins: Vec<JoinRule>,
    /// How long messages are kept, and what is replaced in them before.
    pub payloads: Payloads,
    /// Who may use the API.
    pub people: Vec<Person>,
}

impl App {
    /// The state behind the routes.
    pub fn new(
        desk: Arc<Desk>,
        courier: Arc<Courier>,
        scheduler: Arc<Scheduler>,
        metrics: Arc<Metrics>,
        keys: Arc<PayloadKeys>,
        door: &Door,
        live: Live,
    ) -> Arc<Self> {
        let live = RwLock::new(Arc::new(live));
        Arc::new(Self {
            desk,
            courier,
            scheduler,
            room: Room::new(door.bodies_bytes, door.body_timeout, Arc::clone(&metrics)),
            metrics,
            body_limit: door.body_limit,
            keys,
            issuers: Issuers::default(),
            proxies: Proxies { trusted: door.trusted_proxies.clone(), header: door.forwarded_header },
            receipts: Arc::default(),
            reload: Notify::new(),
            page_limit: acknowledge::Limit::default(),
            live,
        })
    }

    /// Sources and people in use.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whom each source speaks for.
    pub fn spoken_for(&self) -> operator::Organisations {
        self.live().spoken_for()
    }

    /// Puts others in use.
    pub fn swap_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }
}

impl Live {
    /// Whom each source speaks for.
    pub fn spoken_for(&self) -> operator::Organisations {
        self.sources.iter().map(|(name, source)| (name.to_string(), source.organisations.clone())).collect()
    }
}

/// Every route.
pub fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/events/{source}", post(intake::post_event).options(admission::may_deliver))
        .route("/v1/events/{source}/{key}", post(intake::post_event_with_key))
        .route("/v1/board", get(api::board))
        .route("/v1/incidents", get(api::board).post(reported::open))
        .route("/v1/incidents/{id}/notes", post(reported::note))
        .route("/v1/incidents/{id}", get(api::show_incident))
        .route("/v1/incidents/{id}/log", get(log::show))
        .route("/v1/incidents/{id}/export", get(log::export))
        .route("/v1/register", get(register::show))
        .route("/v1/config/history", get(log::loaded))
        .route("/v1/incidents/{id}/claims", post(api::answer))
        .route("/v1/incidents/{id}/merge", post(relations::merge))
        .route("/v1/incidents/{id}/split", post(relations::split))
        .route("/v1/incidents/{id}/messages/{number}", get(payloads::show))
        .route("/v1/alerts", get(alerts::list))
        .route("/v1/incidents/{id}/alerts", get(alerts::of_incident))
        .route("/v1/incidents/{id}/alerts/{alert}/redeliver", post(alerts::redeliver))
        .route("/v1/clocks", get(api::list_clocks))
        .route("/v1/clocks/{id}", get(api::show_clock))
        .route("/v1/clocks/{id}/ack", post(api::ack))
        .route("/v1/clocks/{id}/ladder", get(ringing::ladder))
        .route("/v1/clocks/{id}/hand-over", post(ringing::hand_over))
        .route("/v1/clocks/{id}/silence", post(ringing::silence).delete(ringing::end_silence))
        .route("/v1/clocks/{id}/meet", post(api::meet))
        .route("/v1/clocks/{id}/meet-each", post(api::meet_each))
        .route("/v1/clocks/{id}/file", post(api::file))
        .route("/v1/clocks/{id}/reopen", post(api::reopen))
        .route("/v1/clocks/{id}/determine", post(api::determine))
        .route("/v1/clocks/{id}/pause", post(api::pause))
        .route("/v1/clocks/{id}/resume", post(api::resume))
        .route("/v1/clocks/{id}/notice", get(api::notice))
        .route("/v1/rotas", get(rotas::list))
        .route("/v1/rotas/{name}", get(rotas::show))
        .route("/v1/rotas/{name}/overrides", post(rotas::stand_in))
        .route("/v1/rotas/{name}/overrides/{id}", axum::routing::delete(rotas::withdraw))
        .route("/v1/quarantine", get(quarantine::list))
        .route("/v1/quarantine/remap", post(quarantine::remap_all))
        .route("/v1/quarantine/{id}", get(quarantine::show))
        .route("/v1/quarantine/{id}/remap", post(quarantine::remap))
        .route("/v1/quarantine/{id}/drop", post(quarantine::drop_kept))
        .route("/a/{token}", get(acknowledge::show).post(acknowledge::take))
        .route("/v1/calendar.ics", get(calendar::feed))
        .route("/metrics", get(ops::metrics))
        .route("/-/healthy", get(ops::healthy))
        .route("/-/ready", get(ops::ready))
        .route("/-/reload", post(ops::reload))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

async fn no_route(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(80).collect();
    Problem::not_found("no-route", format!("nothing is at `{path}`")).hint("events go to /v1/events/{source}")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "not with this method", "this address takes another method")
        .hint("events, answers and acknowledgements are POST; everything else is GET")
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked; the daemon goes on");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an error of ours", "the request could not be served")
        .hint("the log has the place; nothing was acknowledged")
        .into_response()
}

async fn read_json<T: DeserializeOwned>(app: &App, body: Body, headers: &HeaderMap) -> Result<T, Problem> {
    parse_json(&app.room.read(body, headers, app.body_limit).await?.bytes)
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let json = ingest::read_strict(bytes).map_err(|unreadable| {
        let code = unreadable.refusal.code();
        Problem::new(StatusCode::BAD_REQUEST, code, "the body cannot be read", unreadable.to_string())
            .hint(unreadable.refusal.hint())
    })?;
    serde_json::from_value(json).map_err(|error| {
        Problem::invalid("wrong-members", error.to_string())
            .hint("name the members as asked; times carry an offset, lengths look like `4h`")
    })
}
