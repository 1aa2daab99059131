//! `watchbell answer`

use super::Outcome;
use super::changes::{Change, changes, lines};
use super::client::Remote;
use super::exit::Exit;
use super::incident::hints;
use super::output::{Output, counted, print_json, print_text};
use super::table_file;
use crate::domain::board::IncidentView;
use crate::domain::instant::Instant;
use clap::Args;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

/// Answer questions about an incident, and see what that changes.
///
/// Answers are claims under your name. They are kept with the moment and never erased; a later answer
/// supersedes an earlier one. A value is read as JSON where it is JSON, else as text; `null` says "not known".
/// `KEY=@FILE` reads it from a file: a `.csv` with a line of column names is a list with a member for each line.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell answer inc-7h3k9qd2w4xz8m5n breach.suspected=true --because \"phishing page seen\"
  watchbell answer inc-7h3k9qd2w4xz8m5n aware.at=2026-11-21T09:14:00+01:00 --because \"the SOC's call\"
  watchbell answer inc-7h3k9qd2w4xz8m5n hipaa.discovered-at=2026-11-20T15:00:00Z --for clinic --because \"told by the vendor\"
  watchbell answer inc-7h3k9qd2w4xz8m5n people.total='{\"at-least\": 400}'
  watchbell answer inc-7h3k9qd2w4xz8m5n people.by-place='{\"US-OH\": 620, \"DE\": 31}'
  watchbell answer inc-7h3k9qd2w4xz8m5n data.encrypted=null      nobody knows any more
  watchbell answer inc-7h3k9qd2w4xz8m5n processor.principals=@customers.csv      columns name and reach

`watchbell incident show` lists the open questions, `watchbell facts` every key there is.")]
pub struct GiveAnswer {
    /// The incident, such as inc-7h3k9qd2w4xz8m5n
    incident: String,
    /// Answers by fact key
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = pair)]
    answers: Vec<(String, Value)>,
    /// On what a judgement rests, or why an earlier word was wrong
    #[arg(long = "because", alias = "ground", value_name = "TEXT")]
    ground: Option<String>,
    /// These answers settle what is disputed: they outweigh every earlier word
    #[arg(long)]
    settles: bool,
    /// Say it of this organisation alone, where the incident concerns several; without it an answer counts for
    /// each of them that has none of its own
    #[arg(long = "for", value_name = "ORGANISATION")]
    organisation: Option<String>,
    /// Why it is so although facts on record speak against it
    #[arg(long, value_name = "TEXT")]
    although: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

pub fn pair(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE, such as breach.suspected=true")?;
    if key.is_empty() || key.chars().any(char::is_whitespace) {
        return Err("the key before `=` is no fact key; `watchbell facts` lists them".into());
    }
    let value = match value.strip_prefix('@').filter(|path| !path.is_empty()) {
        Some(path) => of_file(Path::new(path))?,
        None => read(value),
    };
    Ok((key.to_owned(), value))
}

fn read(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))
}

/// A value that stands in a file.
fn of_file(path: &Path) -> Result<Value, String> {
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
        let rows = table_file::read(path)?;
        return Ok(rows.into_iter().map(|row| Value::Object(row.into_iter().map(|(k, v)| (k, v.into())).collect())).collect());
    }
    let text = std::fs::read_to_string(path).map_err(|fault| format!("`{}` cannot be read: {fault}", path.display()))?;
    Ok(read(text.trim_end_matches(['\r', '\n'])))
}

impl GiveAnswer {
    pub async fn run(self, output: Output) -> Outcome {
        let keys: Vec<String> = self.answers.iter().map(|(key, _)| key.clone()).collect();
        let mut facts = Map::new();
        for (key, value) in self.answers {
            if facts.insert(key.clone(), value).is_some() {
                return Err(format!("`{key}` is answered twice\nhint: give each key once").into());
            }
        }
        let api = self.remote.open()?;
        let before: IncidentView = api.incident(&self.incident).await?.read()?;
        let mut body = json!({ "facts": facts, "settles": self.settles });
        if let Some(ground) = self.ground {
            body["ground"] = ground.into();
        }
        if let Some(organisation) = self.organisation {
            body["organisation"] = organisation.into();
        }
        if let Some(although) = self.although {
            body["although"] = although.into();
        }
        let answer = api.post(&["v1", "incidents", &self.incident, "claims"], &body).await?;
        let after: IncidentView = answer.read()?;
        let changes = changes(&before, &after);
        match output {
            Output::Json => print_json(&json!({ "changes": changes, "incident": answer.read::<Value>()? }))?,
            Output::Text => print_text(&text(&changes, &before, &after, (&keys, answer.now)))?,
        }
        Ok(Exit::Done)
    }
}

fn text(changes: &[Change], before: &IncidentView, after: &IncidentView, (keys, now): (&[String], Instant)) -> String {
    let mut text = String::from("your answers are on record\n");
    after.notes.iter().for_each(|note| _ = writeln!(text, "{note}"));
    for fact in after.facts.iter().filter(|fact| keys.contains(&fact.key)) {
        if let Some(by) = &fact.settled_by {
            let _ = writeln!(text, "{}: what stands is {}, as {by} settled it; --settles settles it anew", fact.key, fact.words);
        }
    }
    if changes.is_empty() {
        text.push_str("no clock has changed\n");
    }
    lines(changes, now).iter().for_each(|line| _ = writeln!(text, "{line}"));
    for beside in &after.suggestions {
        if before.suggestions.iter().all(|known| known.suggestion != beside.suggestion) {
            let _ = writeln!(text, "{}", beside.words);
        }
    }
    if let Some(next) = after.questions.first() {
        let open = counted(after.questions.len(), "question");
        let verb = if after.questions.len() == 1 { "is" } else { "are" };
        let _ = writeln!(text, "\n{open} {verb} open; next: {} ({})", next.question, next.key);
        hints(next).for_each(|hint| _ = writeln!(text, "  {hint}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_where_it_is_json_and_text_elsewhere() {
        let read = |text| pair(text).map(|(_, value)| value);
        assert_eq!(read("a=true"), Ok(json!(true)));
        assert_eq!(read("a={\"at-least\": 400}"), Ok(json!({ "at-least": 400 })));
        assert_eq!(read("a=2026-11-21T09:14:00+01:00"), Ok(json!("2026-11-21T09:14:00+01:00")));
        assert_eq!(read("a=x=y"), Ok(json!("x=y")));
        assert_eq!(read("a="), Ok(json!("")));
        assert_eq!(read("a=null"), Ok(Value::Null));
        assert!(read("breach.suspected").is_err());
        assert!(read("=true").is_err());
    }

    #[test]
    fn a_value_is_read_from_a_file_and_of_a_table_each_line_is_a_member() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("it is written");
            pair(&format!("a=@{}", path.display())).map(|(_, value)| value)
        };
        let clinics = json!([{ "name": "North, Inc.", "reach": "a@north.example" }, { "name": "South" }]);
        assert_eq!(file("a.csv", "\u{feff}Name , reach\r\n\"North, Inc.\",a@north.example\r\nSouth,\r\n,\r\n"), Ok(clinics));
        assert_eq!(file("a.json", "{\"DE\": 31}\n"), Ok(json!({ "DE": 31 })));
        assert_eq!(file("a.txt", "two\nlines\n"), Ok(json!("two\nlines")));
        let uneven = file("b.csv", "name,reach\nNorth\n").expect_err("a cell is missing");
        assert!(uneven.contains("line 2"), "{uneven}");
        assert!(file("c.csv", "").is_err());
        assert!(pair("a=@/no/such/file").is_err());
    }
}
