//! The clocks ring: what arrived by mail and by webhook, held against what the record says was sent.

use super::{GLANCE, PATIENCE, Story, Told};
use crate::domain::board::{Card, ClockLine, ClockView};
use crate::domain::law::Mode;
use crate::domain::standard_webhooks as webhooks;
use crate::shell::demo::checks::{self, Step};
use crate::shell::demo::screen::{Ink, cut};
use crate::shell::demo::script::NEVER_IN_AN_ALERT;
use crate::shell::demo::tables;
use crate::shell::wall_clock;
use crate::sim::read_mail::{Mail, read_mail};
use crate::sim::smtp_sink::Received;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

impl Story {
    pub(super) async fn letters(&mut self, card: &Card) -> Told {
        self.scene("The clocks ring, as the mail sink received it").await;
        let views = self.delivered(card).await;
        let views = self.need(Step::Rang, views)?;
        let received = self.mail.received();
        let kept = self.keep_letters(&received);
        let mails: Vec<Mail> = received.iter().filter_map(|letter| read_mail(&letter.raw)).collect();
        for mail in &mails {
            let to = format!("{:<21}", mail.header("To").unwrap_or_default());
            self.screen.line(&format!("   {} {}", self.screen.ink(Ink::Faint, &to), cut(&mail.subject, 66)));
        }
        self.screen.line("");
        let about = |clock: &ClockLine| mails.iter().filter(|mail| checks::is_about(mail, clock)).collect();
        let urgent: Vec<_> = tables::most_urgent(card).map(about).unwrap_or_default();
        if let Some(mail) = urgent.first() {
            tables::letter(&self.screen, mail, 21);
        }
        let taken = |view: &ClockView, channel: &str| -> BTreeSet<String> {
            let taken = view.alerts.iter().filter(|alert| alert.channel == channel && alert.state == "delivered");
            taken.map(|alert| alert.id.clone()).collect()
        };
        // A letter names the clocks that are open when it goes out: one that closed just before is not in it.
        let open = views.iter().filter(|view| view.line.standing.is_open());
        let outcome = open
            .map(|view| checks::letters(&about(&view.line), taken(view, "mail").len(), &view.line, &NEVER_IN_AN_ALERT))
            .find(Result::is_err)
            .unwrap_or(Ok(()));
        let outcome = outcome.and(kept);
        self.note(Step::Rang, outcome, &format!("{} mails, each one on record with what the mail server answered", mails.len()));
        // One letter may be about many clocks.
        let wanted = views.iter().flat_map(|view| taken(view, "soc-desk")).collect::<BTreeSet<String>>().len();
        let outcome = self.sound_webhooks(wanted);
        self.note(Step::Signed, outcome, &format!("{wanted} webhooks to the desk of the SOC, every signature sound"));
        Ok(())
    }

    /// Puts the letters, text and HTML as they came, where a mail program can open them.
    fn keep_letters(&self, received: &[Received]) -> Told {
        let folder = self.house.path("mail");
        let write = || {
            std::fs::create_dir_all(&folder)?;
            received
                .iter()
                .enumerate()
                .try_for_each(|(at, letter)| std::fs::write(folder.join(format!("{:02}.eml", at + 1)), &letter.raw))
        };
        self.screen.say(&format!("{}/", folder.display()));
        write().map_err(|error| format!("the letters cannot be written to {}: {error}", folder.display()))
    }

    /// Every clock in full, once all its alerts were taken by their channels.
    async fn delivered(&self, card: &Card) -> Told<Vec<ClockView>> {
        let _waiting = self.screen.waiting("waiting for the letters");
        let watch = wall_clock::stopwatch();
        loop {
            let views = self.views(card).await?;
            // A rehearsal wakes nobody, and a clock that closed first has no more to say.
            let rings = |view: &ClockView| view.line.standing.is_open() && view.line.mode != Mode::Shadow;
            let rang = |view: &ClockView| !rings(view) || !view.alerts.is_empty();
            let taken =
                |view: &ClockView| view.alerts.iter().all(|alert| matches!(alert.state.as_str(), "delivered" | "dropped"));
            let Some(late) = views.iter().find(|view| !(rang(view) && taken(view))) else { return Ok(views) };
            if watch.elapsed() > PATIENCE.to_std().unwrap_or_default() {
                let failure = late.alerts.iter().find_map(|alert| alert.last_failure.as_deref()).unwrap_or("no reason on record");
                let s = PATIENCE.num_seconds();
                return Err(format!("the alerts of {} were not delivered within {s} s: {failure}", late.line.id));
            }
            wall_clock::sleep(GLANCE).await;
        }
    }

    /// Every clock of a card in full.
    pub(super) async fn views(&self, card: &Card) -> Told<Vec<ClockView>> {
        let mut views = Vec::new();
        for clock in &card.clocks {
            views.push(self.client.clock(&clock.id, &self.house.officer).await?);
        }
        Ok(views)
    }

    fn sound_webhooks(&self, wanted: usize) -> Told {
        let secret = webhooks::read_secret(self.house.hook_secret.expose_secret()).map_err(|fault| fault.to_string())?;
        let (calls, now_s) = (self.hook.received(), wall_clock::now().timestamp());
        for call in &calls {
            let header = |name| call.header(name);
            let (id, at) = (header(webhooks::ID_HEADER), header(webhooks::TIMESTAMP_HEADER));
            let signature = header(webhooks::SIGNATURE_HEADER);
            webhooks::verify(&[secret.expose_secret()], id, at, &call.body, signature, now_s, webhooks::TOLERANCE_S)
                .map_err(|fault| format!("a webhook is not soundly signed: {fault}"))?;
        }
        match calls.len() {
            0 => Err("no webhook arrived".to_owned()),
            got if got != wanted => Err(format!("{got} webhooks arrived, {wanted} are on record")),
            _ => Ok(()),
        }
    }
}
