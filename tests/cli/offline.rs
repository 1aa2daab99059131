//! Commands that need no daemon.

use crate::support::{Daemon, SOURCE_TOKEN};
use crate::{run, run_with, stolen_laptop};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use watchbell::domain::ingest::TokenDigest;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn facts_are_found_by_key_and_by_word() {
    let all = run(["facts", "-o", "json"]).done().json();
    assert!(all.as_array().expect("a list").len() > 100);
    let found = run(["facts", "ENCRYPTED"]).done();
    found.shows("data.encrypted\n").shows("takes true or false; for example true");
    assert!(!found.out.contains("people.total\n"), "{found:?}");
    run(["facts", "breach.suspected"]).done().shows("a judgement: a named person states it, with a ground");
    run(["facts", "peeple.total"]).fails(1, "hint: did you mean `people.total`?");
}

#[test]
fn facts_of_the_house_come_with_its_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("watchbell.toml");
    let own = "[[fact]]\nkey = \"house.board-informed\"\ntype = \"yes-no\"\nquestion = \"Has the board been informed?\"\n";
    // A secret that this user cannot read is no hindrance.
    let source = "[[source]]\nname = \"a\"\nmapping = \"wazuh\"\norganisations = []\ntoken_files = [\"not-for-me\"]\n";
    fs::write(&config, format!("[store]\npath = \"store\"\n\n{source}\n{own}")).expect("a file");
    run(["facts", "board-informed", "--config", text(&config)]).done().shows("Has the board been informed?");
    run(["facts", "board-informed"]).fails(1, "no fact has `board-informed`");
    run(["facts", "--config", "/nowhere/watchbell.toml"]).fails(1, "cannot read the configuration /nowhere/watchbell.toml");
    run(["facts", "--rules", "/nowhere"]).fails(1, "cannot read the rules in /nowhere");
}

#[test]
fn a_payload_is_tried_on_a_mapping() {
    let fixture = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sources/wazuh/bare.json"));
    let read = run(["map", "--source", "wazuh", text(&fixture)]).done();
    read.shows("read as ").shows("1 event").shows("claims").shows("event.received-at = ");
    let read = run(["map", "--source", "wazuh", text(&fixture), "--at", "2026-11-21T10:00:00Z", "-o", "json"]).done().json();
    assert_eq!(read["reports"].as_array().map(Vec::len), Some(1), "{read}");

    let event = json!({ "title": "Stolen laptop", "facts": { "people.total": 7 } }).to_string();
    run_with(["map", "--source", "native", "-"], &[], &event).done().shows("people.total = 7");
    let wrong = json!({ "titel": "Stolen laptop" }).to_string();
    run_with(["map", "--source", "native", "-"], &[], &wrong).fails(3, "would refuse it (event-invalid)");
    run_with(["map", "--source", "native", "-"], &[], "{").fails(3, "json-truncated");
    run(["map", "--source", "wasuh", "-"]).fails(1, "hint: did you mean `wazuh`? there are ");
    run(["map", "--source", "wazuh", "/nowhere.json"]).fails(1, "cannot read the payload `/nowhere.json`");
}

#[test]
fn a_payload_without_a_source_is_guessed_and_the_reason_told() {
    let fixture = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sources/thehive/case-update.json"));
    let guessed = run(["map", text(&fixture)]).done();
    guessed.shows("read as TheHive case or alert: 1 event");
    assert!(
        guessed.err.contains("no --source given; taken for TheHive case or alert (`--source thehive`): it finds "),
        "{guessed:?}"
    );
    let event = json!({ "title": "Stolen laptop", "labels": { "ward": "north" } }).to_string();
    let native = run_with(["map", "-", "-o", "json"], &[], &event).done();
    assert!(native.err.contains("every field is one of the native event"), "{native:?}");
    assert_eq!(native.json()["source"], "native");
    run_with(["map", "-"], &[], "{\"zzz\": 1}").fails(1, "no mapping knows this payload\nhint: name it with `--source`");
    run_with(["map", "-"], &[], "{").fails(1, "json-truncated");
    run_with(["map", "-"], &[], "[{\"contentUri\": \"https://a.example\"}]").fails(3, "would refuse it (not-an-event)");
}

#[test]
fn a_binary_cloudevent_is_tried_with_its_headers() {
    let args =
        ["map", "--source", "cloudevents", "-", "--header", "ce-id: 7", "--header", "ce-source: /a", "--header", "ce-type: x.y"];
    let args = [&args[..], &["--header", "ce-time: 2026-11-20T10:00:00Z"]].concat();
    run_with(args, &[], "{\"a\": 1}").done().shows("event.occurred-at = 2026-11-20T10:00:00Z  [header:ce-time]").shows("/a|7");
}

#[test]
fn the_schema_of_the_native_event_is_printed() {
    let schema = run(["map", "--schema"]).done().json();
    assert!(schema["definitions"]["event"]["properties"]["facts"].to_string().contains("people.total"));
    assert_eq!(schema, run(["rules", "schema", "event"]).done().json());
    run(["map"]).fails(2, "FILE");
}

#[test]
fn a_mapping_being_written_is_tried_from_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mapping = folder.path().join("mine.toml");
    let good = "name = \"mine\"\ntitle = \"Mine\"\nproduct = \"Mine\"\n\n[fields]\nkind = [{ constant = \"security-alert\" }]\n\
                title = [{ pointer = \"/headline\" }]\nupdate_id = [{ header = \"x-version\" }]\n";
    fs::write(&mapping, good).expect("a file");
    let args = ["map", "--source", text(&mapping), "-", "--header", "X-Version: v9"];
    run_with(args, &[], r#"{"headline":"Fire"}"#).done().shows("Fire").shows("v9");
    fs::write(&mapping, good.replace("headline", "headline~")).expect("a file");
    run_with(args, &[], "{}").fails(1, "the mapping has faults");
    fs::write(&mapping, good.replace("pointer = \"/headline\"", "jmespath = \"parts[?a==\"")).expect("a file");
    run_with(args, &[], "{}").fails(1, "not a JMESPath expression");
    fs::write(&mapping, good.replace("pointer = \"/headline\"", "jmespath = \"parts[0].text\"")).expect("a file");
    run_with(args, &[], r#"{"parts":[{"text":"Fire"}]}"#).done().shows("title        Fire");
    fs::write(&mapping, good.replace("headline", "headline~")).expect("a file");
    fs::write(&mapping, "name = 3").expect("a file");
    let said = run_with(args, &[], "{}");
    said.fails(1, "mine.toml:1:8");
}

#[test]
fn a_token_comes_with_its_digest_and_a_webhook_secret_alone() {
    let made = run(["token", "-o", "json"]).done().json();
    let (token, digest) = (made["token"].as_str().expect("a token"), made["sha256"].as_str().expect("a digest"));
    assert_eq!(TokenDigest::of(token).to_hex(), digest);
    let shown = run(["token"]).done();
    let words: Vec<&str> = shown.out.split_whitespace().collect();
    assert_eq!((words[0], words[2], words.len()), ("token", "sha256", 4));
    assert_eq!(TokenDigest::of(words[1]).to_hex(), words[3]);
    assert_ne!(words[1], token, "two tokens are alike");
    let secret = run(["token", "--webhook"]).done();
    assert!(secret.out.starts_with("whsec_") && secret.out.lines().count() == 1, "{secret:?}");
}

#[test]
fn completions_are_printed_for_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        run(["completions", shell]).done().shows("check-config");
    }
}

#[test]
fn a_configuration_is_in_order_or_every_fault_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("watchbell.toml");
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).expect("the example");
    let digest = |token: &str| watchbell::domain::ingest::TokenDigest::of(token).to_hex();
    let sound = example.replace("example.org", "mercy.internal");
    let sound = sound.replace(&"0".repeat(64), &digest("a sender's")).replace(&"1".repeat(64), &digest("a person's"));
    fs::write(&file, &sound).expect("a file");
    let said = run(["check-config", "--config", text(&file)]).done();
    said.shows("is in order: 1 organisation, 2 sources, 1 person, 1 channel, 2 ladders");
    assert_eq!(run(["check-config", text(&file), "-o", "json"]).done().json()["ok"], true, "the name alone will do");

    // It can be run, and is not in order: each thing with its line.
    for (from, to, told) in [
        ("soc@mercy.internal", "soc@example.com", "team `soc` has `soc@example.com`"),
        ("smtp.mercy.internal", "smtp.example.net", "channel `mail` has `smtp.example.net`"),
        (&digest("a person's"), &"f".repeat(64), "has the example's placeholder for a token"),
        ("127.0.0.1:8740", "0.0.0.0:8740", "tokens and facts go there unencrypted"),
        ("127.0.0.1:8740", "[::]:8740", "tokens and facts go there unencrypted"),
    ] {
        assert!(sound.contains(from), "{from}");
        fs::write(&file, sound.replace(from, to)).expect("a file");
        let said = run(["check-config", "--config", text(&file)]);
        assert_eq!(said.code, 3, "{to}: {said:?}");
        assert!(said.err.contains(told) && said.err.contains("watchbell.toml:"), "{to}: {said:?}");
        let said = run(["check-config", "--config", text(&file), "-o", "json"]).json();
        assert!(said["ok"] == false && said["not_in_order"][0].as_str().is_some_and(|text| text.contains(told)), "{said}");
    }
    let proxied =
        sound.replace("127.0.0.1:8740", "0.0.0.0:8740").replace("trusted_proxies = []", "trusted_proxies = [\"10.0.0.7\"]");
    fs::write(&file, proxied).expect("a file");
    run(["check-config", "--config", text(&file)]).done();

    // A slip in a choice is answered with the choices.
    for (from, to, told, choices) in [
        (
            "may = [\"read\", \"act\"]",
            "may = [\"raed\", \"act\"]",
            "`raed` is none of the choices",
            "did you mean `read`? there are `read`, `act` and `operate`",
        ),
        ("tls = \"starttls\"", "tls = \"ssl\"", "`ssl` is none of the choices", "there are `none`, `starttls` and `implicit`"),
    ] {
        fs::write(&file, sound.replace(from, to)).expect("a file");
        let said = run(["check-config", "--config", text(&file)]);
        said.fails(3, told);
        said.fails(3, choices);
        assert!(!said.err.contains("variant"), "{said:?}");
    }

    let faulty =
        example.replace("mapping = \"wazuh\"", "mapping = \"wasuh\"").replace("channel = \"mail\"", "channel = \"male\"");
    fs::write(&file, faulty).expect("a file");
    let said = run(["check-config", text(&file)]);
    said.fails(3, "there is no mapping `wasuh`");
    said.fails(3, "there is no channel `male`");
    assert!(said.err.contains("watchbell.toml:"), "{said:?}");
    let said = run(["check-config", text(&file), "-o", "json"]);
    assert_eq!((said.code, said.json()["ok"].as_bool()), (3, Some(false)));
    run(["check-config", "/nowhere.toml"]).fails(1, "cannot read the configuration /nowhere.toml");
}

#[test]
fn the_readmes_first_curl_posts_to_a_source_of_the_example() {
    let read = |name: &str| fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("it is there");
    let readme = read("README.md");
    let (_, after) = readme.split_once("curl -X POST").expect("a curl");
    let (_, after) = after.split_once("/v1/events/").expect("its address");
    let name = after.split_whitespace().next().expect("a name");
    assert!(read("config.example.toml").contains(&format!("name = \"{name}\"\nmapping = \"native\"")), "{name}");
}

#[test]
fn what_is_cited_in_several_places_is_told_of_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/us-ftc");
    let pack = folder.path().join("us-ftc");
    for entry in walk(std::path::Path::new(built_in)) {
        let to = pack.join(entry.strip_prefix(built_in).expect("below it"));
        fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        let text = fs::read_to_string(&entry).expect("a rule");
        fs::write(to, text.replace("cite = \"16 CFR 318", "cite = \" 16 CFR 318")).expect("written");
    }
    let said = run(["rules", "check", text(folder.path())]);
    assert_eq!(said.code, 3, "{said:?}");
    let told: Vec<&str> = said.out.split("\n\n").filter(|fault| fault.contains("is no citation")).collect();
    let once: std::collections::BTreeSet<&str> = told.iter().copied().collect();
    assert!(!told.is_empty() && once.len() == told.len(), "{told:#?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn where_the_daemon_is_and_whose_token_is_shown_can_stand_in_a_file() {
    let daemon = Daemon::start(|_| {});
    let folder = daemon.folder().join("config/watchbell");
    fs::create_dir_all(&folder).expect("a folder");
    let settings = |lines: &str| fs::write(folder.join("client.toml"), lines).expect("a file");
    let token = folder.join("token");
    let mode = |mode: u32| fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("our own file");
    fs::write(&token, format!("{}\n", crate::support::PERSON_TOKEN)).expect("a file");
    let home = daemon.folder().join("config");
    let board = |more: &[&str]| run_with(["board"].iter().chain(more), &[("XDG_CONFIG_HOME", text(&home))], "");

    settings(&format!("url = \"{}\"\ntoken_file = \"token\"\n", daemon.url()));
    mode(0o640);
    board(&[]).fails(1, "others than you can read the token in ");
    board(&[]).fails(1, "hint: chmod 600 ");
    mode(0o600);
    board(&[]).done().shows("no open incident");
    board(&["--url", &daemon.url()]).done().shows("no open incident");
    board(&["--url", "http://127.0.0.1:1"]).fails(1, "no token");
    settings("urll = \"http://127.0.0.1:1\"\n");
    board(&[]).fails(1, "did you mean `url`?");
}

#[test]
fn what_no_pack_covers_is_told_of_the_configuration_and_a_word_of_counsel_answers_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("watchbell.toml");
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).expect("the example");
    let checked = |config: &str| {
        fs::write(&file, config).expect("a file");
        run(["check-config", text(&file)])
    };
    let said = checked(&example);
    for part in ["organisation `mercy`: not covered by any pack in use: United States (US)", "(eu.nis2)"] {
        assert!(said.err.contains(part), "`{part}` is not in {}", said.err);
    }
    let unset = checked(&example.replace("  \"organisation.sectors\" = [\"health\"]\n", ""));
    assert_eq!(unset.err.matches("`organisation.sectors` is not set").count(), 1, "{}", unset.err);
    assert!(!unset.err.contains("eu.nis2"), "{}", unset.err);

    let word = |subject: &str, until: &str| {
        format!(
            "{example}\n[[counsel]]\n{subject}\nsays = \"no people there\"\nby = \"J. Ruiz\"\non = \"2026-01-02\"\nuntil = \"{until}\"\n"
        )
    };
    let answered = checked(&word("place = \"US\"", "2099-01-01"));
    assert!(!answered.err.contains("United States (US)") && answered.err.contains("(eu.nis2)"), "{}", answered.err);
    assert!(checked(&word("place = \"US\"", "2026-01-03")).err.contains("the word of J. Ruiz about `US` counts no longer"));

    for (config, says) in [
        (word("place = \"UK\"", "2099-01-01"), "`UK` is no country in ISO 3166-1; did you mean `GB` (United Kingdom)?"),
        (word("regime = \"eu.nis3\"", "2099-01-01"), "there is no regime `eu.nis3`"),
        (word("place = \"US\"\nregime = \"eu.nis2\"", "2099-01-01"), "about one `place` or one `regime`"),
        (word("place = \"US\"\norganisation = \"mercey\"", "2099-01-01"), "there is no organisation `mercey`"),
        (word("place = \"US\"", "2026-01-01"), "it is said before it ends"),
        (example.replace("[\"US\", \"DE\", \"IN\"]", "[\"US\", \"EL\"]"), "`EL` is no country in ISO 3166-1; did you mean `GR`"),
        (example.replace("[\"US\", \"DE\", \"IN\"]", "[\"US-ZZ\"]"), "`US-ZZ` is no part of United States (US)"),
    ] {
        checked(&config).fails(3, says);
    }
}

#[test]
fn the_journal_is_verified_beside_a_daemon_and_names_the_place_of_a_fault() {
    let mut daemon = Daemon::start(|_| {});
    stolen_laptop(&daemon);
    assert_eq!(daemon.post("native", &json!({ "title": "Second", "id": "T-2" })).status, 202);
    let store = daemon.store();
    let live = run(["journal", "verify", "--store", text(&store)]).done();
    live.shows("chains       3").shows("heads        sha256:").shows("whole: every frame, sequence and link holds");

    assert!(daemon.stop().success());
    let once = run(["journal", "verify", "--store", text(&store), "-o", "json"]).done().json();
    assert_eq!(
        (&once["whole"], once["heads"].as_array().map(Vec::len)),
        (&json!(true), Some(3)),
        "two incidents, and what the house had loaded: {once}"
    );
    assert_eq!(once, run(["journal", "verify", "--store", text(&store), "-o", "json"]).done().json());

    let rebuilt = run(["journal", "reindex", "--store", text(&store)]).done();
    rebuilt.shows(&format!("the index is made anew from {} envelopes", once["envelopes"]));
    daemon.restart();
    assert_eq!(daemon.get("/v1/board").json()["cards"].as_array().map(Vec::len), Some(2));
    run(["journal", "reindex", "--store", text(&store)]).fails(1, "is in use by process");
    assert!(daemon.stop().success());

    let segment = fs::read_dir(store.join("journal")).expect("a journal").next().expect("a segment").expect("a segment").path();
    let mut bytes = fs::read(&segment).expect("a segment");
    let place = bytes.windows(13).position(|window| window == b"Stolen laptop").expect("the title is in the record");
    bytes[place] = b'B';
    fs::write(&segment, bytes).expect("a segment");
    let damaged = run(["journal", "verify", "--store", text(&store)]);
    assert_eq!(damaged.code, 3, "{damaged:?}");
    let name = segment.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    assert!(damaged.err.contains(&format!("the journal is damaged in `{name}` at offset ")), "{damaged:?}");
    damaged.shows("DAMAGED");
    let damaged = run(["journal", "verify", "--store", text(&store), "-o", "json"]);
    assert_eq!((damaged.code, &damaged.json()["fault"]["file"]), (3, &json!(name)), "{damaged:?}");

    run(["journal", "verify", "--store", "/nowhere"]).fails(1, "there is no store in `/nowhere`");
    run(["journal", "reindex", "--store", "/nowhere"]).fails(1, "there is no store in `/nowhere`");
}

#[test]
fn a_token_in_the_environment_never_shows_in_help() {
    let env = [("WATCHBELL_TOKEN", SOURCE_TOKEN)];
    let help = run_with(["board", "--help"], &env, "").done();
    assert!(!help.out.contains(SOURCE_TOKEN), "{help:?}");
}
