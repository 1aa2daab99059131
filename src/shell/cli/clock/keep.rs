//! `watchbell clock hand-over|silence`: who keeps a clock, and who keeps it quiet.

use super::act::{Act, Which, cut, length};
use crate::domain::board::ClockView;
use crate::domain::escalation::parse_length;
use crate::domain::instant::{Instant, rfc3339};
use crate::shell::cli::instant_arg::instant;
use crate::shell::cli::output::Output;
use crate::shell::cli::{Outcome, words};
use crate::shell::wall_clock;
use clap::{ArgGroup, Args};
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock hand-over inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --to \"Priya Nair\"

The person is alerted at once. You own the clock until they acknowledge it, and 30 minutes at most.")]
pub struct HandOver {
    #[command(flatten)]
    which: Which,
    /// To whom, by the name of a [[person]] who can be reached
    #[arg(long, value_name = "PERSON")]
    to: String,
}

impl HandOver {
    pub async fn run(self, output: Output) -> Outcome {
        let Self { which, to } = self;
        let body = json!({ "to": to });
        let say = |view: &ClockView, now: Instant| {
            let until = view.line.acknowledged.as_ref().map_or(now, |(_, until)| *until);
            let until = words::moment(until, view.line.zone, now);
            format!("{to} is alerted; it is yours until they acknowledge, and until {until} at most")
        };
        which.each(output, &Act::quiet("hand-over", &body), say).await
    }
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true).args(["until", "lasts", "over"])))]
#[command(after_help = "Examples:
  watchbell clock silence inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --for 2h --because \"exercise of the mail team\"
  watchbell clock silence inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --over

A silence ends by itself, and no later than the last call before the limit. What fell due meanwhile rings then.")]
pub struct Silence {
    #[command(flatten)]
    which: Which,
    /// Why nothing is to ring; it goes into the record
    #[arg(long = "because", alias = "reason", value_name = "TEXT", required_unless_present = "over")]
    reason: Option<String>,
    /// Until when: RFC 3339 with an offset
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Instant>,
    /// For how long, such as 30m or 4h
    #[arg(long = "for", id = "lasts", value_name = "LENGTH", value_parser = length)]
    lasts: Option<String>,
    /// End the silence that stands
    #[arg(long)]
    over: bool,
}

impl Silence {
    pub async fn run(self, output: Output) -> Outcome {
        if self.over {
            let say = |_: &ClockView, _: Instant| "the silence is over; what fell due meanwhile rings now".into();
            return self.which.each(output, &Act::end("silence"), say).await;
        }
        let lasts = self.lasts.as_deref().and_then(parse_length).map(|lasts| wall_clock::now() + lasts);
        let asked = self.until.or(lasts);
        let until = asked.map(rfc3339).unwrap_or_default();
        let body = json!({ "reason": self.reason, "until": until });
        let say = |view: &ClockView, now: Instant| match &view.line.silenced {
            Some((_, until)) => {
                let cut = asked.and_then(|asked| cut(&view.line, asked - now, *until, now)).unwrap_or_default();
                format!("nothing rings until {}\n{}", words::moment(*until, view.line.zone, now), cut.trim_end())
            }
            None => "recorded".into(),
        };
        self.which.each(output, &Act::quiet("silence", &body), say).await
    }
}
