//! From an empty folder to duties with dates: the daemon, the alert, the answers.

use super::{PATIENCE, Story, Told};
use crate::domain::board::Card;
use crate::domain::ids::IncidentId;
use crate::domain::incident::Standing;
use crate::domain::instant::Duration;
use crate::shell::demo::checks::{self, Step};
use crate::shell::demo::process::Process;
use crate::shell::demo::screen::Ink;
use crate::shell::demo::script::{DUTIES, NEVER_IN_AN_ALERT};
use crate::shell::demo::tables;
use crate::shell::wall_clock;
use crate::sim::read_mail::read_mail;

impl Story {
    pub(super) async fn start(&mut self) -> Told {
        self.scene("The daemon starts").await;
        let took = self.start_daemon().await;
        let took = self.need(Step::Started, took)?;
        let (id, url) = (self.daemon.as_ref().map_or(0, |daemon| daemon.id), self.house.url());
        self.note(Step::Started, Ok(()), &format!("on watch after {} ms: {url}, process {id}", took.num_milliseconds()));
        self.screen.pair("store", &self.house.path("store").display().to_string(), Ink::Plain);
        self.screen.pair("mail", &format!("SMTP to {}, a sink of the demo's own", self.mail.address()), Ink::Plain);
        Ok(())
    }

    /// Starts a daemon on the house's store; gives how long it took to be ready.
    pub(super) async fn start_daemon(&mut self) -> Told<Duration> {
        let _waiting = self.screen.waiting("the daemon starts");
        let mut daemon = Process::start(&self.house).map_err(|error| format!("the daemon cannot be started: {error}"))?;
        let ready = daemon.ready(&self.client.http, &self.house.url(), PATIENCE).await;
        self.daemon = Some(daemon);
        ready
    }

    pub(super) async fn alert(&mut self) -> Told<IncidentId> {
        self.scene("The SIEM posts an alert").await;
        let alert = self.night.alert();
        let rule = &alert["rule"];
        let title = rule["description"].as_str().unwrap_or_default();
        self.screen.pair("Wazuh", &format!("level {}: {title}", rule["level"]), Ink::Plain);
        let answer = self.client.post("/v1/events/wazuh", &self.house.siem, &alert).await;
        let answer = self.need(Step::Taken, answer)?;
        let incident = self.need(Step::Taken, checks::taken(answer.status, &answer.body))?;
        let seen = format!("202 after {} ms, on disk before it was said: {incident}", answer.took.num_milliseconds());
        self.note(Step::Taken, Ok(()), &seen);
        let again = self.client.post("/v1/events/wazuh", &self.house.siem, &alert).await;
        let outcome = again.and_then(|answer| checks::repeated(answer.status, &answer.body, &incident));
        self.note(Step::Repeated, outcome, "sent once more, as senders do: the same incident, nothing new");
        Ok(incident)
    }

    pub(super) async fn first_ring(&mut self, incident: &IncidentId) -> Told {
        self.scene("It rings: nobody has said yet whether this is a breach").await;
        let letters = {
            let _waiting = self.screen.waiting("waiting for the first mail");
            self.mail.wait_for(1, PATIENCE.to_std().unwrap_or_default()).await
        };
        let mail = letters.and_then(|letters| read_mail(&letters.first()?.raw));
        let mail = self.need(Step::Triaged, mail.ok_or_else(|| format!("no mail within {} s", PATIENCE.num_seconds())))?;
        tables::letter(&self.screen, &mail, 9);
        let card = self.card(incident).await;
        let card = self.need(Step::Triaged, card)?;
        let clock = card.clocks.iter().find(|clock| clock.duty == "house.triage");
        let outcome = clock
            .ok_or_else(|| "the house's own clock is not there".to_owned())
            .and_then(|clock| checks::letter(&mail, clock, &NEVER_IN_AN_ALERT));
        let supposed = self.client.incident(incident, &self.house.on_call).await;
        if let Some(first) = self.need(Step::Triaged, supposed)?.if_a_breach.first() {
            let until = tables::supposed(first, wall_clock::now());
            self.screen.say(&format!("If it is one, the nearest limit is: {}, {until}.", first.title));
        }
        self.note(Step::Triaged, outcome, "a thin mail: which clock, how long, what is asked; nothing of the incident itself");
        Ok(())
    }

    pub(super) async fn first_answer(&mut self, incident: &IncidentId) -> Told {
        self.scene("The person on call answers one question").await;
        let (facts, ground) = self.night.on_call_says();
        self.screen.pair("asked", "May this touch data about people, or the systems that hold it?", Ink::Plain);
        self.screen.pair("answered", &format!("yes: {ground}"), Ink::Plain);
        let view = self.client.answer(incident, &self.house.on_call, facts, Some(ground)).await;
        let view = self.need(Step::Found, view)?;
        let count = |wanted: fn(Standing) -> bool| view.card.clocks.iter().filter(|clock| wanted(clock.standing)).count();
        let (open, provisional) = (count(Standing::is_open), count(|standing| standing == Standing::Provisional));
        self.screen.say(&format!(
            "{open} clocks run. {provisional} of them are provisional: facts are missing, so each counts from the earliest \
             defensible moment. Unknown is not no."
        ));
        Ok(())
    }

    pub(super) async fn further_answers(&mut self, incident: &IncidentId) -> Told<Card> {
        self.scene("The data protection officer says what is known").await;
        let (facts, (judged, ground)) = (self.night.officer_says(), self.night.officer_judges());
        let count = |answers: &serde_json::Value| answers.as_object().map_or(0, serde_json::Map::len);
        let answers = count(&facts) + count(&judged);
        self.screen.pair("people", "about 1200 in Germany, 8400 in Ohio, 310 in India", Ink::Plain);
        self.screen.pair("data", "names, dates of birth, treatment records: locked, and copied before", Ink::Plain);
        let told = self.client.answer(incident, &self.house.officer, facts, None).await;
        self.need(Step::Found, told)?;
        let view = self.client.answer(incident, &self.house.officer, judged, Some(ground)).await;
        let card = self.need(Step::Found, view)?.card;
        self.screen.say(&format!("{answers} answers. What is owed, and until when:"));
        self.screen.line("");
        tables::duties(&self.screen, &card.clocks, wall_clock::now());
        self.screen.line("");
        let outcome = checks::duties(&card.clocks, &DUTIES);
        self.note(Step::Found, outcome, "three legal orders; each duty with its article and its time, in the zone of its place");
        Ok(card)
    }

    pub(super) async fn questions(&mut self, incident: &IncidentId) -> Told {
        self.scene("What is still asked").await;
        let view = self.client.incident(incident, &self.house.officer).await;
        let view = self.need(Step::Asked, view)?;
        tables::questions(&self.screen, &view.questions);
        let outcome = checks::asked(view.questions.len(), &view.card.clocks);
        self.note(Step::Asked, outcome, "until somebody answers, the stricter reading runs");
        Ok(())
    }
}
