//! The outage: a person takes a clock, the daemon is killed in the same breath, and started again.

use super::{Story, Told};
use crate::domain::board::Card;
use crate::shell::demo::checks::{self, Snapshot, Step};
use crate::shell::demo::screen::{Ink, cut};
use crate::shell::demo::{script, tables};

/// SIGKILL: a process can neither see nor refuse it.
const SIGKILL: i32 = 9;
/// Differences that are shown.
const SHOWN: usize = 5;

/// The incident as it was before the outage.
pub(super) struct Before {
    card: Card,
    snapshot: Snapshot,
}

impl Story {
    /// A person owns the most urgent clock; gives everything as it then is.
    pub(super) async fn owner(&mut self, card: &Card) -> Told<Before> {
        self.scene("The person on call takes the most urgent clock").await;
        let clock = tables::most_urgent(card).ok_or_else(|| "no clock has an end".to_owned());
        let clock = self.need(Step::Owned, clock)?;
        let view = self.client.acknowledge(&clock.id, &self.house.on_call, "2h").await;
        let view = self.need(Step::Owned, view)?;
        let outcome = match &view.line.acknowledged {
            Some((by, until)) => {
                let zone = script::zone_of(&clock.duty, clock.zone);
                self.screen.pair("clock", &tables::title(clock), Ink::Plain);
                self.screen.pair("owned by", &format!("{by}, until {}", zone.in_words(*until)), Ink::Plain);
                Ok(())
            }
            None => Err(format!("{} has no owner although its acknowledgement was taken", clock.id)),
        };
        self.note(Step::Owned, outcome, "it rings again when that time is over; the clock keeps running");
        let before = self.snapshot(card).await;
        self.need(Step::Kept, before)
    }

    async fn snapshot(&self, card: &Card) -> Told<Before> {
        let shape = |error: serde_json::Error| format!("a view cannot be written as JSON: {error}");
        let view = self.client.incident(&card.incident, &self.house.officer).await?;
        let mut snapshot = Snapshot::new();
        for clock in self.views(&view.card).await? {
            snapshot.insert(clock.line.id.clone(), checks::fields(&serde_json::to_value(&clock).map_err(shape)?));
        }
        snapshot.insert(view.card.incident.to_string(), checks::fields(&serde_json::to_value(&view).map_err(shape)?));
        Ok(Before { card: view.card, snapshot })
    }

    pub(super) async fn kill(&mut self) -> Told {
        self.scene("Killed without warning").await;
        let Some(mut daemon) = self.daemon.take() else {
            return self.need(Step::Killed, Err("there is no daemon to kill".to_owned()));
        };
        let ended = daemon.kill().await.map_err(|error| format!("the daemon could not be killed: {error}"));
        let ended = self.need(Step::Killed, ended)?;
        let answers = self.client.board(&self.house.officer).await.is_ok();
        let outcome = match ended {
            _ if answers => Err("something still answers where the daemon was".to_owned()),
            Some(SIGKILL) => Ok(()),
            other => Err(format!("the daemon ended by signal {other:?}, not by SIGKILL")),
        };
        self.note(Step::Killed, outcome, &format!("SIGKILL to process {}: no time to write anything down", daemon.id));
        Ok(())
    }

    pub(super) async fn start_again(&mut self) -> Told {
        self.scene("Started again").await;
        let took = self.start_daemon().await;
        let took = self.need(Step::Restarted, took)?;
        let id = self.daemon.as_ref().map_or(0, |daemon| daemon.id);
        self.note(Step::Restarted, Ok(()), &format!("on watch after {} ms as process {id}", took.num_milliseconds()));
        Ok(())
    }

    pub(super) async fn compare(&mut self, before: &Before) -> Told {
        let after = self.snapshot(&before.card).await;
        let after = self.need(Step::Kept, after)?;
        for clock in &after.card.clocks {
            let (was, is) = (before.snapshot.get(&clock.id), after.snapshot.get(&clock.id));
            let fields = is.map_or(0, std::collections::BTreeMap::len);
            let (word, ink) = if was == is { ("same", Ink::Good) } else { ("differs", Ink::Bad) };
            let word = self.screen.ink(ink, &format!("{word:<7}"));
            let fields = self.screen.ink(Ink::Faint, &format!("{fields:>3} fields"));
            let until = tables::short_until(clock);
            let duty = clock.towards.iter().fold(clock.duty.clone(), |duty, towards| format!("{duty} {towards}"));
            self.screen.line(&format!("   {word} {fields} {:<29} {until}", cut(&duty, 29)));
        }
        let differences = checks::differences(&before.snapshot, &after.snapshot);
        for difference in differences.iter().take(SHOWN) {
            self.screen.missed(difference);
        }
        let (clocks, fields) = (after.card.clocks.len(), after.snapshot.values().map(|view| view.len()).sum::<usize>());
        let outcome = match differences.len() {
            0 => Ok(()),
            1 => Err("one field differs".to_owned()),
            many => Err(format!("{many} fields differ")),
        };
        self.note(Step::Kept, outcome, &format!("{clocks} clocks and their incident, {fields} fields: none differs"));
        Ok(())
    }
}
