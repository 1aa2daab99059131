//! Whether every channel could be used now: connects, secures, signs in, and hands nothing over.

use super::Finding;
use crate::domain::ids::ChannelId;
use crate::shell::config::Config;
use crate::shell::delivery::Outcome;
use std::sync::Arc;
use tokio::task::JoinSet;

const AREA: &str = "channels";

pub async fn look(config: &Config) -> Vec<Finding> {
    if config.channels.is_empty() {
        return vec![Finding::fail(AREA, "there is no channel: nobody can be rung", "add a [[channel]]")];
    }
    let mut probes = JoinSet::new();
    for (id, channel) in &config.channels {
        let (id, channel) = (id.clone(), Arc::clone(channel));
        probes.spawn(async move { (id, channel.probe().await) });
    }
    let mut findings: Vec<(ChannelId, Finding)> =
        probes.join_all().await.into_iter().map(|(id, outcome)| (id.clone(), finding(&id, outcome))).collect();
    findings.sort_by(|a, b| a.0.cmp(&b.0));
    findings.into_iter().map(|(_, finding)| finding).collect()
}

fn finding(id: &ChannelId, outcome: Outcome) -> Finding {
    match outcome {
        Outcome::Delivered { receipt } => Finding::ok(AREA, format!("`{id}`: {receipt}")),
        Outcome::Failed { reason, text, .. } => {
            let (text, hint) =
                text.split_once("\nhint: ").unwrap_or((text.as_str(), "mend the channel's settings or its server"));
            Finding::fail(AREA, format!("`{id}` ({reason}): {text}"), hint)
        }
    }
}
