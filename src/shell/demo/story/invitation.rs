//! After the story: the daemon stays up, and whoever likes may talk to it.

use super::{GLANCE, Story};
use crate::domain::ids::IncidentId;
use crate::shell::demo::screen::{Ink, cut};
use crate::shell::wall_clock;
use crate::sim::read_mail::read_mail;

impl Story {
    /// Says where the daemon is and what to try.
    pub fn invite(&self, incident: &IncidentId) {
        let screen = &self.screen;
        screen.line("");
        screen.line(&screen.ink(Ink::Strong, "   It stays up until Ctrl-C. Look around:"));
        screen.pair("address", &self.house.url(), Ink::Plain);
        screen.pair("token file", &self.house.officer_token().display().to_string(), Ink::Plain);
        screen.line("");
        let program = std::env::args().next().unwrap_or_else(|| "watchbell".to_owned());
        let reach = format!("--url {} --token-file {}", self.house.url(), self.house.officer_token().display());
        let answer = "risk.level=high --because \"health data was copied\"";
        for command in [
            vec!["board".to_owned(), reach.clone()],
            vec![format!("incident show {incident}"), reach.clone()],
            vec![format!("answer {incident}"), answer.to_owned(), reach.clone()],
        ] {
            screen.line(&format!("   {program} {}", command.join(" \\\n     ")));
        }
    }

    /// Says each further mail as it comes in. Never ends by itself.
    pub async fn read_on(&self) {
        let mut read = self.mail.received().len();
        self.screen.line("");
        loop {
            for letter in self.mail.received().iter().skip(read) {
                read += 1;
                if let Some(mail) = read_mail(&letter.raw) {
                    let to = format!("mail to {}", mail.header("To").unwrap_or_default());
                    self.screen.line(&format!("   {}  {}", self.screen.ink(Ink::Faint, &to), cut(&mail.subject, 60)));
                }
            }
            wall_clock::sleep(GLANCE).await;
        }
    }
}
