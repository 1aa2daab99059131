//! A signal to one address that all is well, or that it is not: no alert, and no letter.

use super::http_attempt::{Body, HttpSettings, Receiver};
use super::{ChannelFault, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use secrecy::{ExposeSecret, SecretString};

/// The address and the one below it for trouble.
#[derive(Debug)]
pub struct Beacon {
    well: Receiver,
    trouble: Receiver,
}

impl Beacon {
    /// Checks the settings; opens nothing. The address may hold a token, so it is never printed.
    ///
    /// # Errors
    /// As every channel over HTTP, under the name `heartbeat`.
    pub fn new(settings: &HttpSettings) -> Result<Self, ChannelFault> {
        let id = ChannelId::from("heartbeat");
        let below = SecretString::from(below(settings.url.expose_secret(), "fail"));
        let trouble = Receiver::new(&id, &HttpSettings { url: below, ..settings.clone() })?;
        Ok(Self { well: Receiver::new(&id, settings)?, trouble })
    }

    /// Signals once. The words of the trouble travel with it: they hold no secret and no fact.
    ///
    /// # Errors
    /// In words, why it did not arrive.
    pub async fn ping(&self, trouble: Option<&str>, now: Instant) -> Result<(), String> {
        let receiver = if trouble.is_some() { &self.trouble } else { &self.well };
        let request = receiver.post("text/plain; charset=utf-8", trouble.unwrap_or_default().as_bytes().to_vec());
        match receiver.send(request, Body::Ignored, now).await {
            Ok(_) | Err(Outcome::Delivered { .. }) => Ok(()),
            Err(Outcome::Failed { text, .. }) => Err(text),
        }
    }
}

/// The address one step below: `/ping/x?a=b` and `fail` make `/ping/x/fail?a=b`.
fn below(url: &str, step: &str) -> String {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{step}{query}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_goes_one_step_below() {
        assert_eq!(below("https://hc-ping.com/abc", "fail"), "https://hc-ping.com/abc/fail");
        assert_eq!(below("https://hc-ping.com/abc/?create=1", "fail"), "https://hc-ping.com/abc/fail?create=1");
    }
}
