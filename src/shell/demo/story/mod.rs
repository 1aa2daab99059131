//! The story, scene by scene. Each scene does one thing to the daemon, waits until the effect can be
//! seen from outside, shows it, and notes whether it was as promised.

mod drafts;
mod invitation;
mod letters;
mod opening;
mod outage;

use super::checks::{Ledger, Step};
use super::client::Client;
use super::house::House;
use super::process::Process;
use super::screen::{Ink, Screen};
use super::script::Night;
use crate::domain::board::Card;
use crate::domain::ids::IncidentId;
use crate::domain::instant::Duration;
use crate::shell::wall_clock;
use crate::sim::smtp_sink::SmtpSink;
use crate::sim::webhook_sink::WebhookSink;
use std::io;

/// How long anything may take before it counts as not happening.
const PATIENCE: Duration = Duration::seconds(20);
/// How often is looked.
const GLANCE: Duration = Duration::milliseconds(40);
/// Between scenes, for a person who reads along.
const BREATH: Duration = Duration::milliseconds(900);

/// Why the story cannot go on, in words; the ledger has it too.
type Told<T = ()> = Result<T, String>;

/// Everything on stage.
pub struct Story {
    screen: Screen,
    /// What was seen so far.
    pub ledger: Ledger,
    /// The folder and its secrets.
    pub house: House,
    mail: SmtpSink,
    hook: WebhookSink,
    client: Client,
    daemon: Option<Process>,
    night: Night,
    scene: usize,
    slowly: bool,
}

impl Story {
    /// Builds the house and opens its letter boxes; with `slowly`, a person reads along.
    ///
    /// # Errors
    /// Whatever the system says of folders and ports.
    pub async fn begin(screen: Screen, slowly: bool) -> io::Result<Self> {
        let (mail, hook) = (SmtpSink::start().await?, WebhookSink::start().await?);
        let house = House::build(mail.address(), hook.address())?;
        let client = Client::new(house.url()).map_err(io::Error::other)?;
        let night = Night::before(wall_clock::now());
        Ok(Self { screen, ledger: Ledger::default(), house, mail, hook, client, daemon: None, night, scene: 0, slowly })
    }

    /// Tells it from the first scene to the last; gives the incident it was about.
    ///
    /// # Errors
    /// Why it could not go on.
    pub async fn tell(&mut self) -> Told<IncidentId> {
        self.screen.line(&self.screen.ink(Ink::Strong, "Watchbell demo"));
        self.screen.say(
            "A hospital group with patients in Germany, Ohio and India; ransomware on a file server of the patient record. \
             Everything runs on this machine, in a temporary folder.",
        );
        self.start().await?;
        let incident = self.alert().await?;
        self.first_ring(&incident).await?;
        self.first_answer(&incident).await?;
        let card = self.further_answers(&incident).await?;
        self.questions(&incident).await?;
        self.letters(&card).await?;
        self.drafts(&card).await;
        let before = self.owner(&card).await?;
        self.kill().await?;
        self.start_again().await?;
        self.compare(&before).await?;
        Ok(incident)
    }

    /// Ends the daemon; gives the house back.
    pub async fn end(mut self) -> House {
        if let Some(mut daemon) = self.daemon.take() {
            // It ended already, most likely; its folder goes either way.
            let _ = daemon.kill().await;
        }
        self.house
    }

    async fn scene(&mut self, title: &str) {
        if self.slowly && self.scene > 0 {
            wall_clock::sleep(BREATH).await;
        }
        self.scene += 1;
        self.screen.scene(self.scene, title);
    }

    /// Notes how a step went and says so; one that failed does not stop the story.
    fn note(&mut self, step: Step, outcome: Told, seen: &str) {
        match &outcome {
            Ok(()) => self.screen.seen(seen),
            Err(why) => self.screen.missed(why),
        }
        self.ledger.note(step, outcome);
    }

    /// Passes on what a step needs, or notes that without it there is nothing more to tell.
    fn need<T>(&mut self, step: Step, outcome: Told<T>) -> Told<T> {
        outcome.inspect_err(|why| self.ledger.note(step, Err(why.clone())))
    }

    async fn card(&self, incident: &IncidentId) -> Told<Card> {
        let cards = self.client.board(&self.house.officer).await?;
        cards.into_iter().find(|card| card.incident == *incident).ok_or_else(|| format!("{incident} is not on the board"))
    }
}
