//! The page a letter's link opens: looking changes nothing, pressing acknowledges, and bad links say what to do.

use crate::support::{Answer, Daemon, exchange, wait_for};
use serde_json::{Value, json};
use watchbell::sim::read_mail::read_mail;
use watchbell::sim::smtp_sink::Received;

/// A house that was told of something, and the path of the link in the first letter about it.
pub fn rung() -> (Daemon, String) {
    let daemon = Daemon::start(|_| {});
    let event = json!({ "id": "case-17", "title": "Ransom note on PACS-01", "severity": "high" });
    assert_eq!(daemon.post("native", &event).status, 202);
    let path = link_in(&daemon, 0);
    (daemon, path)
}

/// The path of the link in the nth mail.
fn link_in(daemon: &Daemon, nth: usize) -> String {
    let mail = read_mail(&daemon.mails(nth + 1)[nth].raw).expect("a readable message");
    let text = mail.text.expect("a text");
    let link = text.split_whitespace().find_map(|word| word.strip_prefix("https://watchbell.example.org"));
    let link = link.unwrap_or_else(|| panic!("no link in\n{text}")).to_owned();
    assert!(mail.html.is_some_and(|html| html.contains(&link)), "the same in both bodies");
    link
}

fn look(daemon: &Daemon, path: &str) -> Answer {
    daemon.request("GET", path, None, None)
}

fn press(daemon: &Daemon, path: &str, form: &str) -> Answer {
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        daemon.address(),
        form.len(),
    );
    exchange(daemon.address(), request.as_bytes()).expect("an answer")
}

/// The only clock there is, as the API gives it.
pub fn clock(daemon: &Daemon) -> Value {
    let clocks = daemon.get("/v1/clocks").json();
    clocks.as_array().and_then(|clocks| clocks.first()).expect("a clock").clone()
}

#[test]
fn looking_shows_the_clock_and_changes_nothing() {
    let (daemon, path) = rung();
    let before = clock(&daemon);
    for method in ["GET", "HEAD", "GET", "GET"] {
        assert_eq!(daemon.request(method, &path, None, None).status, 200, "{method}");
    }
    assert_eq!(daemon.request("PUT", &path, None, None).status, 405);
    assert_eq!((&clock(&daemon), &before["acknowledged"]), (&before, &Value::Null));

    let page = look(&daemon, &path);
    for words in ["min left", "America/New_York", "Held by</dt><dd>nobody", "I take it", "<form method=\"post\">", "Mercy"] {
        assert!(page.text().contains(words), "{words} in\n{}", page.text());
    }
    // Thin: neither the title nor a fact, no script, nothing loaded, no way on to another site.
    for absent in ["Ransom", "PACS-01", "<script", "src=", "http://", "https://", "@import", "url("] {
        assert!(!page.text().contains(absent), "{absent} in\n{}", page.text());
    }
    let head = page.head.to_lowercase();
    let names: Vec<&str> = head.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let once: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(once.len(), names.len(), "each header once: {head}");
    for header in [
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "x-robots-tag: noindex",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(head.contains(header), "{header} in\n{head}");
    }
}

#[test]
fn pressing_acknowledges_under_the_name_given_and_the_page_says_so() {
    let (daemon, path) = rung();
    let pressed = press(&daemon, &path, "name=Ada+Keller+%28on+call%29&lease=");
    assert_eq!(pressed.status, 303, "{}", pressed.text());
    let location = pressed.head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a location");
    assert_eq!(format!("/a/{location}"), path, "it leads back to the page, below whatever path a proxy serves it");
    assert_eq!(clock(&daemon)["acknowledged"][0], "Ada Keller (on call)");
    let page = look(&daemon, &path);
    assert!(page.text().contains("Held by</dt><dd>Ada Keller (on call) until "), "{}", page.text());
    assert!(page.text().contains("I take it over"), "{}", page.text());
    let log = daemon.log();
    let token = path.trim_start_matches("/a/");
    assert!(!log.contains(token) && !log.contains(&token[..40]), "the link stands in no log:\n{log}");
}

#[test]
fn a_name_is_needed_and_is_shown_as_text_whatever_it_is() {
    let (daemon, path) = rung();
    for form in ["", "name=", "name=%20%20&lease=4h", "name=x&lease=400d", "name=x&lease=soon", "%ff=%", &"name=x".repeat(2000)] {
        let refused = press(&daemon, &path, form);
        assert_eq!(refused.status, 422, "{form}");
        assert!(refused.text().contains("role=\"alert\"") && refused.text().contains("<form"), "{}", refused.text());
    }
    assert_eq!(clock(&daemon)["acknowledged"], Value::Null);
    assert_eq!(press(&daemon, &path, "name=%3Cscript%3Ealert(1)%3C%2Fscript%3E").status, 303);
    let page = look(&daemon, &path);
    assert!(page.text().contains("&lt;script&gt;") && !page.text().contains("<script"), "{}", page.text());
}

#[test]
fn a_forged_or_cut_link_opens_nothing_and_says_what_to_do() {
    let (daemon, path) = rung();
    let mut forged = path.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.insert(30, last);
    for path in [forged.as_str(), &path[..path.len() - 9], "/a/x", "/a/%ff%00"] {
        for answer in [look(&daemon, path), press(&daemon, path, "name=Eve")] {
            assert!(matches!(answer.status, 404 | 400), "{path}: {}", answer.status);
            assert!(answer.status == 400 || answer.text().contains("watchbell board"), "{}", answer.text());
        }
    }
    assert_eq!(clock(&daemon)["acknowledged"], Value::Null);
}

#[test]
fn a_closed_clock_asks_for_nothing() {
    let (daemon, path) = rung();
    let id = clock(&daemon)["id"].as_str().expect("an id").to_owned();
    let incident = id.split('~').next().expect("an incident").to_owned();
    let answers = json!({ "facts": { "breach.suspected": false }, "ground": "the note was an exercise" });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &answers).status, 200);
    let page = look(&daemon, &path);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("This clock is closed") && !page.text().contains("<form"), "{}", page.text());
    let pressed = press(&daemon, &path, "name=Ada");
    assert_eq!(pressed.status, 303);
    assert_eq!(clock_of(&daemon, &id)["line"]["acknowledged"], Value::Null);
}

fn clock_of(daemon: &Daemon, id: &str) -> Value {
    daemon.get(&format!("/v1/clocks/{id}")).json()
}

#[test]
fn links_outlive_a_restart_and_end_with_the_key() {
    let (mut daemon, path) = rung();
    daemon.kill();
    daemon.restart();
    assert_eq!(look(&daemon, &path).status, 200);
    daemon.kill();
    std::fs::remove_file(daemon.store().join("link-key")).expect("the key is there");
    daemon.restart();
    assert_eq!(look(&daemon, &path).status, 404);
}

#[test]
fn a_flood_of_guesses_is_slowed_down_and_good_links_still_work() {
    let (daemon, path) = rung();
    // More than two minutes' worth, so that a change of minute cannot hide the limit.
    let refused = (0..300).filter(|guess| look(&daemon, &format!("/a/guess{guess}")).status == 429).count();
    assert!(refused > 0, "none of 300 guesses was slowed down");
    assert_eq!(look(&daemon, &path).status, 200);
}

#[test]
fn who_is_removed_is_removed_with_lease_and_link_and_a_known_person_is_not_asked_for_a_name() {
    let token = watchbell::domain::ingest::TokenDigest::of("wbt_grace").to_hex();
    let daemon = Daemon::start(|config| {
        config.add(&format!(
            "[[person]]\nname = \"Grace\"\ntoken_sha256 = [\"{token}\"]\nmay = [\"read\", \"act\"]\n\
             reach = [{{ channel = \"mail\", to = \"soc@example.org\" }}]\n"
        ));
    });
    let event = json!({ "id": "case-17", "title": "Ransom note on PACS-01", "severity": "high" });
    assert_eq!(daemon.post("native", &event).status, 202);
    let path = link_in(&daemon, 0);
    let page = look(&daemon, &path);
    assert!(page.text().contains("On record it is Grace") && !page.text().contains("name=\"name\""), "{}", page.text());
    assert_eq!(press(&daemon, &path, "lease=").status, 303);
    assert_eq!(clock(&daemon)["acknowledged"][0], "Grace");
    let id = clock(&daemon)["id"].as_str().expect("an id").to_owned();
    let by_token = |body: &str| daemon.request("POST", &format!("/v1/clocks/{id}/ack"), Some("wbt_grace"), Some(body)).status;
    assert_eq!(by_token("{}"), 200);

    // Both the person and the address leave the house.
    let config = std::fs::read_to_string(daemon.config()).expect("the configuration");
    let (config, _) = config.split_once("[[person]]\nname = \"Grace\"").expect("she is in it");
    std::fs::write(daemon.config(), config.replace("soc@example.org", "desk@example.org")).expect("written");
    assert_eq!(daemon.act("/-/reload", &json!({})).status, 202);
    let gone = crate::support::wait_for("the link dies", || Some(look(&daemon, &path)).filter(|page| page.status == 410));
    assert!(gone.text().contains("This link has ended"), "{}", gone.text());
    crate::support::wait_for("the token dies", || (by_token("{}") == 401).then_some(()));
    crate::support::wait_for("the lease ends", || clock(&daemon)["acknowledged"].is_null().then_some(()));
    // And the bell rings on, at the address that is left.
    crate::support::wait_for("a letter to who is left", || {
        daemon.mail.received().iter().any(|mail| mail.to.iter().any(|to| to.contains("desk@example.org"))).then_some(())
    });
}

/// The triage clock of an incident, closed or not.
fn triage(daemon: &Daemon) -> Value {
    let clocks = daemon.get("/v1/clocks?closed=true").json();
    let is = |clock: &&Value| clock["duty"] == "house.triage";
    clocks.as_array().and_then(|clocks| clocks.iter().find(is)).expect("the house's clock").clone()
}

#[test]
fn the_page_says_what_is_at_stake_and_lets_its_reader_answer_the_opening_question() {
    let (daemon, path) = rung();
    let page = look(&daemon, &path);
    for words in ["If it is a breach", "(CERT-In Directions 2022", "May this be a breach of personal data?", "On what ground"] {
        assert!(page.text().contains(words), "{words} in\n{}", page.text());
    }
    for (form, says) in [
        ("answer=yes&name=Ada", "Say on what ground"),
        ("answer=perhaps&name=Ada&ground=seen", "Choose one of the answers"),
        ("answer=yes&ground=seen", "Say who you are"),
    ] {
        let refused = press(&daemon, &path, form);
        assert_eq!(refused.status, 422, "{form}");
        assert!(refused.text().contains(says), "{form}: {}", refused.text());
        assert_eq!(triage(&daemon)["standing"], "running", "{form}");
    }
    assert_eq!(press(&daemon, &path, "answer=unknown&name=Ada&ground=the+image+is+being+taken").status, 303);
    assert_ne!(triage(&daemon)["standing"], "met", "nobody can say: the clock keeps running");
    assert_eq!(press(&daemon, &path, "answer=yes&name=Ada&ground=a+note+was+left").status, 303);
    assert_eq!(triage(&daemon)["standing"], "met");
    let incident = triage(&daemon)["id"].as_str().and_then(|id| id.split('~').next()).expect("an incident").to_owned();
    let facts = daemon.get(&format!("/v1/incidents/{incident}")).json()["facts"].clone();
    let said = facts.as_array().and_then(|facts| facts.iter().find(|fact| fact["key"] == "breach.suspected").cloned());
    let by = said.as_ref().and_then(|said| said["by"].as_str()).unwrap_or_default().to_owned();
    assert!(by.starts_with("Ada, by the link sent to "), "the address's word, with the name typed: {said:?}");
    assert_eq!(press(&daemon, &path, "answer=no&name=Ada&ground=a+drill").status, 409, "it has been answered");
    assert!(!look(&daemon, &path).text().contains("May this be a breach"), "and is asked no more");
}

#[test]
fn a_no_said_on_the_page_is_told_to_everybody_else_who_was_rung_and_can_be_taken_back() {
    let daemon = Daemon::start(|config| {
        config.replace(
            r#"members = [{ channel = "mail", to = "soc@example.org" }]"#,
            r#"members = [{ channel = "mail", to = "soc@example.org" }, { channel = "mail", to = "night@example.org" }]"#,
        );
    });
    let event = json!({ "id": "case-18", "title": "A laptop is gone", "severity": "high" });
    assert_eq!(daemon.post("native", &event).status, 202);
    let path = link_in(&daemon, 0);
    let first = daemon.mails(2)[0].to.clone();
    assert_eq!(press(&daemon, &path, "answer=no&name=Ada&ground=it+was+found+unopened").status, 303);
    assert_eq!(triage(&daemon)["standing"], "met");
    let closing = |received: &Received| {
        let mail = read_mail(&received.raw).expect("a readable message");
        mail.subject.starts_with("Closed: Say whether").then(|| (received.to.clone(), mail))
    };
    let (to, mail) = wait_for("a letter that says so", || daemon.mails(3).iter().find_map(closing));
    assert_ne!(to, first, "whoever said so is not told");
    let text = mail.text.expect("a text").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Ada, by the link sent to") && text.contains("can be taken back"), "{text}");
    let incident = triage(&daemon)["id"].as_str().and_then(|id| id.split('~').next()).expect("an incident").to_owned();
    let yes = json!({ "facts": { "breach.suspected": true }, "ground": "it was opened after all", "settles": true });
    assert_eq!(daemon.act(&format!("/v1/incidents/{incident}/claims"), &yes).status, 200);
    let clocks = daemon.get("/v1/clocks").json();
    assert!(clocks.as_array().is_some_and(|clocks| clocks.iter().any(|clock| clock["duty"] != "house.triage")), "{clocks}");
}
