//! `watchbell demo`: the main job end to end on this machine, with nothing to configure.
//!
//! A real daemon in a process of its own, real HTTP, real SMTP to a sink of our own. The demo knows
//! the daemon only from outside, as a SIEM and two people do: its API, its mail, its files. Each step
//! it promises is checked as it happens; one that was not seen is said plainly.

mod checks;
mod client;
mod house;
mod process;
mod screen;
mod script;
mod story;
mod tables;

use crate::shell::wall_clock;
use checks::Ledger;
use house::House;
use screen::{Ink, Screen};
use std::io;
use story::Story;
use tokio::signal::unix::{SignalKind, signal};

/// How the demo is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// End once the story is told.
    pub exit: bool,
    /// Leave the folder where it is.
    pub keep: bool,
}

/// Runs the demo; gives whether every step was seen.
///
/// # Errors
/// Whatever the system says of ports, files and signals.
pub async fn run(options: Options) -> io::Result<bool> {
    let screen = Screen::of_stdout();
    let watch = wall_clock::stopwatch();
    let mut story = Story::begin(screen, screen.live && !options.exit).await?;
    let told = tokio::select! {
        told = story.tell() => Some(told),
        () = asked_to_stop()? => None,
    };
    let complete = told.is_some() && story.ledger.is_complete();
    match &told {
        None => {
            screen.line("");
            screen.say("Stopped before the end.");
        }
        Some(told) => {
            sum_up(&screen, &story.ledger, watch.elapsed());
            if !complete {
                explain(&screen, told.as_ref().err(), &story.house);
            }
        }
    }
    if let (Some(Ok(incident)), false) = (&told, options.exit) {
        story.invite(incident);
        tokio::select! {
            () = story.read_on() => {}
            () = asked_to_stop()? => {}
        }
    }
    clear_up(&screen, story, options.keep).await;
    Ok(complete)
}

/// Resolves on Ctrl-C, SIGTERM, or when the terminal goes away.
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

fn sum_up(screen: &Screen, ledger: &Ledger, took: std::time::Duration) {
    let seen = ledger.outcomes().filter(|(_, outcome)| outcome.is_ok()).count();
    screen.line("");
    let all = checks::Step::ALL.len();
    screen.line(&screen.ink(Ink::Strong, &format!("   {seen} of {all} steps seen in {:.1} s", took.as_secs_f32())));
    for (step, outcome) in ledger.outcomes() {
        match outcome {
            Ok(()) => screen.seen(step.promise()),
            Err(why) => screen.missed(&format!("{}: {why}", step.promise())),
        }
    }
}

fn explain(screen: &Screen, why: Option<&String>, house: &House) {
    screen.line("");
    if let Some(why) = why {
        screen.say(&format!("The demo could not go on: {why}."));
    }
    let tail = process::tail(&house.log());
    if tail.is_empty() {
        screen.say("The daemon logged nothing.");
    } else {
        screen.say("The last lines of the daemon's log:");
        screen.quote(tail.iter().map(String::as_str));
    }
    screen.say(
        "What to do: run it again; if it fails in the same place, `watchbell demo --exit --keep` leaves the folder with \
         configuration, store and log behind, to look at or to send along.",
    );
}

async fn clear_up(screen: &Screen, story: Story, keep: bool) {
    let house = story.end().await;
    screen.line("");
    if keep {
        screen.say(&format!("The daemon is ended. The folder is kept: {}", house.keep().display()));
    } else {
        screen.say("The daemon is ended, its folder removed.");
    }
}
