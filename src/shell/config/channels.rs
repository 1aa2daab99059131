//! Channels as meant: each kind's settings with its secrets read from their files.

use super::Reader;
use super::raw::Length;
use super::raw_channels::{RawChannel, RawCommand, RawEmail, RawNtfy, RawPagerDuty, RawSlack, RawTeams, RawWebhook};
use crate::domain::ids::ChannelId;
use crate::shell::delivery::{
    Channel, ChannelFault, CommandChannel, CommandSettings, EmailChannel, EmailSettings, HttpSettings, NtfyChannel, NtfySettings,
    PAGERDUTY_EVENTS, PagerDutyChannel, PagerDutySettings, SLACK_API, SlackChannel, SlackSettings, TeamsChannel, WebhookChannel,
    WebhookSettings,
};
use crate::shell::quota::Quota;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// An attempt that has not ended after three minutes is made again, so that none may take as long.
const TIMEOUT_MAX: Duration = Duration::from_secs(120);

/// A channel, or why there is none; nothing when a fault was told already.
type Made = Option<Result<Arc<dyn Channel>, ChannelFault>>;

fn made<C: Channel + 'static>(channel: Result<C, ChannelFault>) -> Made {
    Some(channel.map(|channel| Arc::new(channel) as Arc<dyn Channel>))
}

impl Reader<'_> {
    pub(super) fn channels(&mut self, raw: &[RawChannel]) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
        let mut channels: BTreeMap<ChannelId, Arc<dyn Channel>> = BTreeMap::new();
        for channel in raw {
            let id = ChannelId::from(channel.id.as_str());
            let twice = match self.channel(channel, &id) {
                Some(Ok(made)) => channels.insert(id, made).is_some(),
                Some(Err(ChannelFault { problem, hint, .. })) => {
                    self.fault(&channel.id, format!("channel `{}`: {problem}", channel.id), hint);
                    false
                }
                None => false,
            };
            if twice {
                self.fault(&channel.id, format!("two channels are called `{}`", channel.id), "an id names one");
            }
        }
        channels
    }

    pub(super) fn quota(&mut self, text: Option<&str>) -> Option<Quota> {
        let quota = text.map(|text| (text, Quota::parse(text)));
        if let Some((text, None)) = quota {
            self.fault(text, format!("`per_recipient` is `{text}`"), "write how many letters in how long a time: `20 in 1h`");
        }
        quota?.1
    }

    fn channel(&mut self, raw: &RawChannel, id: &ChannelId) -> Made {
        let RawChannel { email, webhook, slack, teams, pagerduty, ntfy, command, .. } = raw;
        match (email, webhook, slack, teams, pagerduty, ntfy, command) {
            (Some(email), None, None, None, None, None, None) => self.email(email, id),
            (None, Some(webhook), None, None, None, None, None) => self.webhook(webhook, id),
            (None, None, Some(slack), None, None, None, None) => self.slack(slack, id),
            (None, None, None, Some(teams), None, None, None) => self.teams_workflow(teams, id),
            (None, None, None, None, Some(pagerduty), None, None) => self.pagerduty(pagerduty, id),
            (None, None, None, None, None, Some(ntfy), None) => self.ntfy(ntfy, id),
            (None, None, None, None, None, None, Some(command)) => self.command(command, id),
            _ => {
                let text = format!("channel `{id}` has no kind, or two");
                self.fault(
                    id.as_str(),
                    text,
                    "give it one of `email`, `webhook`, `slack`, `teams`, `pagerduty`, `ntfy`, `command`",
                );
                None
            }
        }
    }

    fn email(&mut self, raw: &RawEmail, id: &ChannelId) -> Made {
        let password = raw.password_file.as_ref().and_then(|file| self.secret_text(file));
        let settings = EmailSettings {
            host: raw.host.clone(),
            port: raw.port,
            tls: raw.tls,
            username: raw.username.clone(),
            password,
            from: raw.from.clone(),
            hello_name: raw.hello_name.clone(),
            timeout: self.channel_timeout(id, raw.timeout),
        };
        made(EmailChannel::new(id.clone(), settings))
    }

    fn webhook(&mut self, raw: &RawWebhook, id: &ChannelId) -> Made {
        let secrets = raw.secret_files.iter().filter_map(|file| self.webhook_secret(file)).collect();
        let url = match (&raw.url, &raw.url_file) {
            (Some(url), None) => Some(SecretString::from(url.as_str())),
            (None, Some(file)) => self.secret_text(file),
            _ => {
                let hint = "a URL with a token in it belongs into a file";
                self.fault(id.as_str(), "a webhook needs `url` or `url_file`, one of them", hint);
                None
            }
        };
        let http = self.http(id, url?, raw.allow_private, raw.timeout);
        made(WebhookChannel::new(id.clone(), WebhookSettings { http, secrets }))
    }

    fn slack(&mut self, raw: &RawSlack, id: &ChannelId) -> Made {
        let (url, bot_token) = match (&raw.url_file, &raw.bot_token_file) {
            (Some(file), None) => (self.secret_text(file)?, None),
            (None, Some(file)) => {
                let url = raw.api_url.as_deref().unwrap_or(SLACK_API);
                (SecretString::from(url), Some(self.secret_text(file)?))
            }
            _ => {
                let hint = "an incoming webhook's URL in `url_file`, or a bot's token in `bot_token_file`";
                self.fault(id.as_str(), "Slack needs `url_file` or `bot_token_file`, one of them", hint);
                return None;
            }
        };
        let http = self.http(id, url, raw.allow_private, raw.timeout);
        made(SlackChannel::new(id.clone(), SlackSettings { http, bot_token }))
    }

    fn teams_workflow(&mut self, raw: &RawTeams, id: &ChannelId) -> Made {
        let url = self.secret_text(&raw.url_file)?;
        let http = self.http(id, url, raw.allow_private, raw.timeout);
        made(TeamsChannel::new(id.clone(), http))
    }

    fn pagerduty(&mut self, raw: &RawPagerDuty, id: &ChannelId) -> Made {
        let routing_key = self.secret_text(&raw.routing_key_file)?;
        let url = SecretString::from(raw.url.as_deref().unwrap_or(PAGERDUTY_EVENTS));
        let http = self.http(id, url, raw.allow_private, raw.timeout);
        made(PagerDutyChannel::new(id.clone(), PagerDutySettings { http, routing_key }))
    }

    fn ntfy(&mut self, raw: &RawNtfy, id: &ChannelId) -> Made {
        let token = match &raw.token_file {
            Some(file) => Some(self.secret_text(file)?),
            None => None,
        };
        let http = self.http(id, SecretString::from(raw.url.as_str()), raw.allow_private, raw.timeout);
        made(NtfyChannel::new(id.clone(), NtfySettings { http, token }))
    }

    fn command(&mut self, raw: &RawCommand, id: &ChannelId) -> Made {
        let timeout = self.channel_timeout(id, raw.timeout);
        made(CommandChannel::new(id.clone(), CommandSettings { argv: raw.argv.clone(), timeout }))
    }

    fn http(&mut self, id: &ChannelId, url: SecretString, allow_private: bool, timeout: Length) -> HttpSettings {
        HttpSettings { url, allow_private, timeout: self.channel_timeout(id, timeout) }
    }

    fn channel_timeout(&mut self, id: &ChannelId, timeout: Length) -> Duration {
        let timeout = timeout.0.to_std().unwrap_or_default();
        if timeout > TIMEOUT_MAX {
            let text = format!("channel `{id}`: `timeout` is longer than {} s", TIMEOUT_MAX.as_secs());
            self.fault(id.as_str(), text, "20 s suit most servers; a failed attempt is made again");
        }
        timeout
    }
}
