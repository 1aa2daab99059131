//! Those for whom a processor holds data, as a table: listed, told, and met by one act.

use crate::support::Daemon;
use crate::{ask, stolen_laptop};
use std::fmt::Write;

#[test]
fn forty_are_listed_from_a_table_and_met_by_a_table_of_times() {
    let daemon = Daemon::start(|config| {
        config.replace(r#"["covered-entity", "controller"]"#, r#"["business-associate"]"#);
    });
    let id = stolen_laptop(&daemon);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it is written");
        path.display().to_string()
    };
    let known =
        ["breach.suspected=true", "hipaa.phi=true", "hipaa.impermissible=true", "--because", "the laptop held ward lists"];
    ask(&daemon, ["answer", &id].iter().chain(&known)).done();
    let clock = format!("{id}~us.hipaa.covered_entity~mercy");
    let met = ["clock", "meet", &clock, "--what", "told by mail", "--filed-at", "now"];
    let refused = ask(&daemon, met);
    refused.fails(1, "it stands for each of those in `processor.principals`");

    let mut table = String::from("Name,Reach\n");
    (1..=40).for_each(|nth| _ = writeln!(table, "\"Clinic {nth:02}, Inc.\",privacy@clinic{nth}.example"));
    let list = format!("processor.principals=@{}", file("customers.csv", &table));
    let answered = ask(&daemon, ["answer", &id, &list]).done();
    answered.shows("no. 1 (45 CFR 164.410)").shows("and 39 more of the list alike");
    let shown = ask(&daemon, ["incident", "show", &id]).done();
    shown.shows("and 39 more that stand alike").shows("1 Clinic 01, Inc., 2 Clinic 02, Inc.").shows("and 10 more");
    ask(&daemon, ["clock", "show", &format!("{clock}~7")]).done().shows("Clinic 07, Inc. <privacy@clinic7.example>");
    ask(&daemon, ["notice", "show", &format!("{clock}~7")]).done().shows("Clinic 07, Inc. <privacy@clinic7.example>");

    let wrong = file("wrong.csv", "who,filed_at,reference\n1,yesterday,\n,now,\n");
    let each = |file: &str| ask(&daemon, ["clock", "meet", &clock, "--what", "told by mail", "--each", file]);
    each(&wrong).fails(1, "entry 1: a time needs its date");
    each(&wrong).fails(1, "entry 2: `who` is missing");
    each(&file("stranger.csv", "who,filed_at\n1,now\nClinic 99,now\n"))
        .fails(1, "line 2: `Clinic 99` is neither a number nor a name");
    let told = file("told.csv", "who,filed_at,reference\n1,now,MSG-1\n\"clinic 02, inc.\",now,MSG-2\n");
    each(&told).done().shows("met: 2 clocks").shows("38 of the list still to be told");
    ask(&daemon, ["clock", "show", &format!("{clock}~2")]).done().shows("MSG-2");
    each(&told).fails(1, "line 1: `1` is met already");

    ask(&daemon, ["clock", "ack", &clock]).done().shows("owns it until");
    ask(&daemon, ["clock", "show", &format!("{clock}~40")]).done().shows("Ada Keller");
    let log = ask(&daemon, ["incident", "log", &id]).done();
    log.shows("to Clinic 02, Inc. <privacy@clinic2.example>");
}
