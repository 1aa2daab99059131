//! Logs and metrics. Neither ever holds a secret, a fact or a payload.

use super::config::LogFormat;
use super::delivery::Outcome;
use crate::domain::ids::ChannelId;
use crate::domain::incident::Event;
use crate::domain::instant::Duration;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::io::IsTerminal;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// What the daemon counts.
pub struct Metrics {
    registry: Registry,
    /// Events taken, by source and answer.
    pub intake_total: Family<IntakeLabels, Counter>,
    /// Alerts handed to a channel, by integration.
    pub notifications_total: Family<ChannelLabels, Counter>,
    /// Alerts a channel did not take, by integration and reason.
    pub notifications_failed_total: Family<FailureLabels, Counter>,
    /// How long attempts took, in seconds.
    pub notification_latency_s: Histogram,
    /// How late incidents were woken, in seconds.
    pub lateness_s: Histogram,
    /// How long the oldest wake has been overdue, in seconds.
    pub oldest_overdue_s: Gauge,
    /// How often the clock was found set back.
    pub clock_set_back_total: Counter,
    /// Wakes found due at the last look; no more are counted than one look takes.
    pub wakes_due: Gauge,
    /// Attempts to deliver under way.
    pub deliveries_under_way: Gauge,
    /// Incidents replayed to compare what should have rung with what did.
    pub self_check_total: Counter,
    /// Incidents where these differ.
    pub self_check_differences: Gauge,
    /// How long each source that must be heard of has been silent, in seconds.
    pub source_silent_s: Family<SourceLabels, Gauge>,
    /// Heartbeats, by what became of them.
    pub heartbeats_total: Family<HeartbeatLabels, Counter>,
    /// Rungs that fell.
    pub rungs_total: Counter,
    /// Rungs passed over and recorded.
    pub missed_catchup_total: Counter,
    /// Clocks whose limit passed.
    pub expired_total: Counter,
    /// Incidents set aside because waking them failed.
    pub set_aside_total: Counter,
    /// Whether the last reload succeeded.
    pub config_last_reload_successful: Gauge,
    /// Attempts put off: a channel down, or a recipient who got many.
    pub held_total: Counter,
    /// Alerts that have failed for half an hour.
    pub dead_letters: Gauge,
    /// Messages in quarantine since the start.
    pub quarantined_total: Counter,
    /// Requests turned away, by reason.
    pub turned_away_total: Family<TurnedAwayLabels, Counter>,
    /// TLS handshakes that failed.
    pub tls_handshakes_failed_total: Counter,
}

/// By reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TurnedAwayLabels {
    /// `busy`, `slow-head`, `slow-body` or `slow-request`.
    pub reason: &'static str,
}

/// By source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SourceLabels {
    /// The configured source.
    pub source: String,
}

/// By outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HeartbeatLabels {
    /// `well`, `trouble` or `unsent`.
    pub outcome: &'static str,
}

/// By source and answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct IntakeLabels {
    /// The configured source.
    pub source: String,
    /// `accepted`, `duplicate`, `quarantined`, `noted` or `refused`.
    pub answer: &'static str,
}

/// By channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ChannelLabels {
    /// The configured channel.
    pub integration: String,
}

/// By channel and reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FailureLabels {
    /// The configured channel.
    pub integration: String,
    /// The class of the failure.
    pub reason: &'static str,
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Arc<Self> {
        let seconds = || Histogram::new([0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86_400.0]);
        let mut metrics = Self {
            registry: Registry::with_prefix("watchbell"),
            intake_total: Family::default(),
            notifications_total: Family::default(),
            notifications_failed_total: Family::default(),
            notification_latency_s: seconds(),
            lateness_s: seconds(),
            oldest_overdue_s: Gauge::default(),
            clock_set_back_total: Counter::default(),
            wakes_due: Gauge::default(),
            deliveries_under_way: Gauge::default(),
            self_check_total: Counter::default(),
            self_check_differences: Gauge::default(),
            source_silent_s: Family::default(),
            heartbeats_total: Family::default(),
            rungs_total: Counter::default(),
            missed_catchup_total: Counter::default(),
            expired_total: Counter::default(),
            set_aside_total: Counter::default(),
            config_last_reload_successful: Gauge::default(),
            held_total: Counter::default(),
            dead_letters: Gauge::default(),
            quarantined_total: Counter::default(),
            turned_away_total: Family::default(),
            tls_handshakes_failed_total: Counter::default(),
        };
        metrics.config_last_reload_successful.set(1);
        let m = &mut metrics;
        let registry = &mut m.registry;
        registry.register("intake", "Events taken, by source and answer", m.intake_total.clone());
        registry.register("notifications", "Alerts handed to a channel", m.notifications_total.clone());
        registry.register("notifications_failed", "Alerts a channel did not take", m.notifications_failed_total.clone());
        registry.register("notification_latency_seconds", "How long attempts took", m.notification_latency_s.clone());
        registry.register("clock_fire_lateness_seconds", "How late incidents were woken", m.lateness_s.clone());
        registry.register("oldest_overdue_seconds", "How long the oldest wake has been overdue", m.oldest_overdue_s.clone());
        registry.register("clock_set_back", "How often the clock was found set back", m.clock_set_back_total.clone());
        registry.register("wakes_due", "Wakes found due at the last look", m.wakes_due.clone());
        registry.register("deliveries_under_way", "Attempts to deliver under way", m.deliveries_under_way.clone());
        registry.register(
            "self_check_incidents",
            "Incidents replayed to compare what should have rung with what did",
            m.self_check_total.clone(),
        );
        registry.register("self_check_differences", "Incidents where these differ", m.self_check_differences.clone());
        registry.register("source_silent_seconds", "How long a source has been silent", m.source_silent_s.clone());
        registry.register("heartbeats", "Heartbeats, by what became of them", m.heartbeats_total.clone());
        registry.register("rungs", "Rungs that fell", m.rungs_total.clone());
        registry.register("missed_catchup", "Rungs passed over and recorded", m.missed_catchup_total.clone());
        registry.register("clocks_expired", "Clocks whose limit passed", m.expired_total.clone());
        registry.register("incidents_set_aside", "Incidents set aside because waking them failed", m.set_aside_total.clone());
        registry.register(
            "config_last_reload_successful",
            "Whether the last reload succeeded",
            m.config_last_reload_successful.clone(),
        );
        registry.register("notifications_held", "Attempts put off", m.held_total.clone());
        registry.register("dead_letters", "Alerts that have failed for half an hour", m.dead_letters.clone());
        registry.register("quarantined", "Messages put into quarantine", m.quarantined_total.clone());
        registry.register("requests_turned_away", "Requests turned away, by reason", m.turned_away_total.clone());
        registry.register("tls_handshakes_failed", "TLS handshakes that failed", m.tls_handshakes_failed_total.clone());
        Arc::new(metrics)
    }

    /// Counts a request that was turned away.
    pub fn turn_away(&self, reason: &'static str) {
        self.turned_away_total.get_or_create(&TurnedAwayLabels { reason }).inc();
    }

    /// The metrics in OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }

    /// Counts what a wake decided.
    pub fn count_events(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::RungFell { .. } => drop(self.rungs_total.inc()),
                Event::RungsSkipped { rungs, .. } => drop(self.missed_catchup_total.inc_by(rungs.len() as u64)),
                Event::Expired { .. } => drop(self.expired_total.inc()),
                _ => {}
            }
        }
    }

    /// Counts an attempt.
    pub fn count_delivery(&self, channel: &ChannelId, outcome: &Outcome, took: Duration) {
        let integration = channel.to_string();
        self.notification_latency_s.observe(took.num_milliseconds().max(0) as f64 / 1000.0);
        match outcome {
            Outcome::Delivered { .. } => drop(self.notifications_total.get_or_create(&ChannelLabels { integration }).inc()),
            Outcome::Failed { reason, .. } => {
                let labels = FailureLabels { integration, reason: reason.as_str() };
                self.notifications_failed_total.get_or_create(&labels).inc();
            }
        }
    }
}

/// Starts logging to standard error. A second call does nothing.
pub fn start_logging(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("WATCHBELL_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A log kept in a file or a journal holds no colour codes.
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => base.try_init(),
        LogFormat::Json => base.json().try_init(),
    };
}
