//! Of several limits that may apply, the strictest that has a number is the one that runs.

use std::path::Path;
use watchbell::domain::law::{Rulebook, cases};
use watchbell::shell::rulebook;

const FIRST: &str = r#"
[[due]]
when = { yes = "cert-in.below-faq" }
says = "without undue delay"
cite = "CERT-In FAQ 2022"
verification = "choice"
limit = { prompt = {} }
"#;

const LAST: &str = r#"
[[due]]
says = "within 6 hours"
cite = "CERT-In Directions 2022, direction (ii)"
verification = "secondary"
limit = { hours = { count = 6 } }
"#;

const EITHER: &str = r#"
[[due]]
when = { no = "cert-in.below-faq" }
says = "within 6 hours"
cite = "CERT-In Directions 2022, direction (ii)"
verification = "secondary"
limit = { hours = { count = 6 } }

[[due]]
says = "without undue delay"
cite = "CERT-In FAQ 2022"
verification = "choice"
limit = { prompt = {} }
"#;

const CASES: &str = r#"
[[case]]
name = "the_number_runs_until_somebody_says_that_it_does_not_apply"
source = "the strictest arguable limit with a number"
at = "2026-11-21T10:00:00+05:30"
[case.facts]
"organisation.places" = ["IN"]
"organisation.zone" = "Asia/Kolkata"
"breach.suspected" = true
"incident.cyber" = true
"noticed.at" = "2026-11-21T09:00:00+05:30"
[case.expect."in.cert_in.report"]
owed = "owed"
due = "2026-11-21T15:00:00+05:30"
outer = "none"
missing = ["cert-in.below-faq"]
remark = "this one may, and asks for no delay: without undue delay (CERT-In FAQ 2022; a choice of interpretation, the law is silent)"
[[case.then]]
facts = { "cert-in.below-faq" = true }
expect = { "in.cert_in.report" = { due = "none", missing = [] } }
[[case.then]]
facts = { "cert-in.below-faq" = false }
expect = { "in.cert_in.report" = { due = "2026-11-21T15:00:00+05:30", outer = "none", missing = [] } }
"#;

/// How the case goes when the duty of CERT-In has these due cases instead of its own.
fn failures(due: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut texts = rulebook::texts_of(&dir).expect("the rules folder is readable");
    for text in &mut texts {
        match text.path.as_str() {
            "in-cert-in/cases.toml" => text.text = CASES.to_owned(),
            "in-cert-in/report.toml" => {
                let head = text.text.split("[[due]]").next().expect("a part before the first case");
                let rest = &text.text[text.text.find("[[content]]").expect("the report has contents")..];
                text.text = format!("{head}{due}\n{rest}");
            }
            _ => {}
        }
    }
    let (rulebook, _) = Rulebook::load(&texts);
    let outcomes = cases::run(&rulebook);
    let outcome = outcomes.iter().find(|outcome| outcome.pack.as_str() == "in-cert-in").expect("the pack has a case");
    assert!(outcome.compared > 0, "{outcome:?}");
    outcome.failures.clone()
}

#[test]
fn a_case_without_a_number_never_hides_one_with_a_number() {
    assert_eq!(failures(&format!("{FIRST}{LAST}")), Vec::<String>::new(), "the case without a number comes first");
    assert_eq!(failures(EITHER), Vec::<String>::new(), "the case without a number comes last");
}
