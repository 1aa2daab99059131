//! SNS subscriptions: confirmed when the configuration names the topic, kept for a person when it does not.

use super::admission::document;
use super::problem::Problem;
use crate::domain::ingest::sns::{CONFIRMATION, Subscription, SubscriptionFault, TYPE_HEADER};
use crate::shell::config::Source;
use axum::http::{HeaderMap, StatusCode};

/// Whether a delivery asks for a confirmation instead of reporting anything.
pub fn is_asked(headers: &HeaderMap) -> bool {
    headers.get(TYPE_HEADER).is_some_and(|kind| kind == CONFIRMATION)
}

/// Visits the address, if it is the topic's own at SNS and the source takes the topic.
///
/// # Errors
/// Why it was not visited, or what came of the visit; the message belongs into quarantine then, where a person sees it.
pub async fn confirm(source: &Source, body: &[u8]) -> Result<(), Problem> {
    let refused = |fault: SubscriptionFault| Problem::invalid("subscription-not-confirmed", fault.to_string());
    let subscription = Subscription::read(body).map_err(refused)?;
    let address = subscription.address(&source.sns_topics).map_err(refused)?;
    let host = address.host_str().unwrap_or_default().to_owned();
    match document(address.as_str(), false).await {
        Ok(_) => {
            tracing::info!(source = %source.name, topic = %subscription.topic_arn, "an SNS subscription is confirmed");
            Ok(())
        }
        Err(fault) => {
            let detail = format!("{host} could not be visited: {fault}");
            Err(Problem::new(StatusCode::BAD_GATEWAY, "subscription-not-confirmed", "SNS could not be reached", detail)
                .hint("let SNS ask again, or confirm the subscription yourself; the message is in quarantine"))
        }
    }
}
