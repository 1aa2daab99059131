//! Drafts of notices: nothing the law asks for is lost, nothing a fact says becomes markup.

use proptest::prelude::*;
use serde::Deserialize;
use watchbell::domain::facts::{Book, Claim, Claimant, Count, FactEntry, FactType, Precision, Value, Vocabulary};
use watchbell::domain::ids::{DutyId, FactKey, IncidentId};
use watchbell::domain::instant::{Zone, parse_rfc3339};
use watchbell::domain::notices::{
    AnswerState, Asked, Block, Contact, Draft, DraftMeta, Element, FactIs, GapKind, Inline, Need, Organisation, Seen, Sight,
    TemplateFault, UNPLACED_HEADING, changes, draft, lint, plain_text,
};
use watchbell::shell::render::{html, html_letter, text, text_letter};

#[derive(Deserialize)]
struct Facts {
    fact: Vec<FactEntry>,
}

#[derive(Deserialize)]
struct Contents {
    element: Vec<Element>,
}

struct Example {
    contents: Vec<Element>,
    template: &'static str,
}

macro_rules! example {
    ($name:literal) => {
        Example {
            contents: toml::from_str::<Contents>(include_str!(concat!("../fixtures/notices/", $name, ".toml"))).unwrap().element,
            template: include_str!(concat!("../fixtures/notices/", $name, ".md.j2")),
        }
    };
}

fn gdpr() -> Example {
    example!("gdpr-authority")
}

fn hipaa() -> Example {
    example!("hipaa-individuals")
}

fn dpdp() -> Example {
    example!("dpdp-people")
}

impl Example {
    fn draft(&self, sight: &Sight, meta: &DraftMeta) -> Draft {
        draft(self.template, &self.contents, sight, meta).unwrap()
    }
}

fn vocabulary() -> Vocabulary {
    let facts: Facts = toml::from_str(include_str!("../fixtures/notices/facts.toml")).unwrap();
    let mut vocabulary = Vocabulary::default();
    for entry in facts.fact {
        assert_eq!(vocabulary.insert(entry), None, "each fact stands once");
    }
    vocabulary
}

fn nothing_known() -> Sight {
    Sight::empty(&vocabulary())
}

fn known(value: Value) -> Seen {
    Seen::Known { value, source: "A. Person".into() }
}

fn words(text: &str) -> Seen {
    known(Value::Text(text.into()))
}

fn set(items: &[&str]) -> Seen {
    known(Value::Set(items.iter().map(|item| item.to_string()).collect()))
}

fn number(number: u64, precision: Precision) -> Seen {
    known(Value::Count(Count { number, precision }))
}

fn instant(text: &str) -> Seen {
    known(Value::Instant(parse_rfc3339(text).unwrap()))
}

fn date(text: &str) -> Seen {
    known(Value::Date(text.parse().unwrap()))
}

fn everything_known() -> Sight {
    nothing_known()
        .with("breach.nature", words("An outside party copied files from one of our file servers after it obtained the password of an employee by a deceptive e-mail."))
        .with("breach.kinds", set(&["confidentiality"]))
        .with("breach.began-at", instant("2026-11-18T02:10:00+01:00"))
        .with("breach.began-on", date("2026-11-18"))
        .with("breach.discovered-on", date("2026-11-20"))
        .with("breach.is-ongoing", known(Value::YesNo(false)))
        .with("awareness.at", instant("2026-11-20T14:20:00+01:00"))
        .with("people.categories", set(&["patients", "employees"]))
        .with("people.total", number(1204, Precision::Exact))
        .with("people.by-place", known(Value::ByPlace([("DE".to_owned(), Count { number: 1204, precision: Precision::Exact })].into())))
        .with("records.total", number(3610, Precision::Exact))
        .with("data.kinds", set(&["name", "date-of-birth", "diagnosis-or-treatment"]))
        .with("consequences.likely", words("Others may learn of a person's health. The data may be used in attempts to deceive the people concerned."))
        .with("measures.taken", words("The account was closed on 20 November 2026 and every session was ended. The server was taken off the network."))
        .with("measures.proposed", words("A second factor will be required for every account by 1 December 2026."))
        .with("measures.investigation", words("We have engaged a forensic firm and have reported the matter to the police."))
        .with("measures.mitigation", words("We have closed the account that was misused and are watching for any use of the copied files."))
        .with("measures.prevention", words("We are requiring a second factor for every account and are training our staff again."))
        .with("advice.steps", words("Be careful with calls and e-mails that mention your treatment.\nLook at the statements of your health insurer and report what you do not recognise."))
        .with("notice.is-late", known(Value::YesNo(false)))
}

fn meta() -> DraftMeta {
    DraftMeta {
        title: "Notification of a personal data breach (Art. 33 GDPR)".into(),
        lang: "en".into(),
        incident: IncidentId::new("inc-01jd3x6q8r2v7m5k"),
        duty: DutyId::new("eu.gdpr.art33.authority"),
        organisation: Organisation {
            name: "Nordlicht Kliniken gGmbH".into(),
            address: Some("Hafenstraße 12\n20457 Hamburg\nGermany".into()),
        },
        contact: Contact {
            name: Some("Office of the Data Protection Officer".into()),
            role: None,
            email: Some("privacy@nordlicht.example".into()),
            phone: Some("+49 40 5550 0199".into()),
            address: None,
            web: None,
        },
        addressee: Some("Hamburg Commissioner for Data Protection and Freedom of Information".into()),
        addressee_fact: None,
        late: false,
        zone: Zone::named("Europe/Berlin").unwrap(),
        due: Some("Mon 23 Nov 2026 14:20 Europe/Berlin (13:20 UTC)".into()),
        held: None,
        derivation: vec![
            "The controller became aware on Fri 20 Nov 2026 14:20 Europe/Berlin (recorded by A. Person).".into(),
            "72 hours are counted from that instant (GDPR Art. 33(1)): Mon 23 Nov 2026 14:20 Europe/Berlin.".into(),
        ],
        not_in_force_until: None,
        not_covered: None,
        answer_for: None,
    }
}

fn marks(blocks: &[Block]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    each_inline(blocks, &mut |inline| {
        if let Inline::Gap { number, mark } = inline {
            found.push((*number, mark.clone()));
        }
    });
    found
}

fn each_inline(blocks: &[Block], look: &mut dyn FnMut(&Inline)) {
    for block in blocks {
        match block {
            Block::Heading { words, .. } | Block::Paragraph(words) => words.iter().for_each(&mut *look),
            Block::Field { label, value } => label.iter().chain(value).for_each(&mut *look),
            Block::Table { head, rows } => head.iter().chain(rows.iter().flatten()).flatten().for_each(&mut *look),
            Block::List { items, .. } => items.iter().for_each(|item| each_inline(item, look)),
            Block::Rule => {}
        }
    }
}

/// The kinds of blocks and inlines, without any words.
fn shape(blocks: &[Block]) -> String {
    let inlines = |words: &Vec<Inline>| {
        // Lines of a fact are runs and breaks in one place: they count as one.
        let mut out = String::new();
        let mut in_fact = false;
        for inline in words {
            let is_fact = matches!(inline, Inline::Run { fact: Some(_), .. });
            match inline {
                Inline::Run { fact: Some(key), .. } if !in_fact => out.push_str(&format!("<{key}>")),
                Inline::Run { fact: None, words, .. } => out.push_str(words),
                Inline::Gap { .. } => out.push('!'),
                Inline::Blank(_) => out.push('_'),
                _ => {}
            }
            in_fact = is_fact || (in_fact && *inline == Inline::Break);
        }
        out
    };
    blocks
        .iter()
        .map(|block| match block {
            Block::Heading { level, words } => format!("h{level}({})", inlines(words)),
            Block::Paragraph(words) => format!("p({})", inlines(words)),
            Block::Field { label, value } => format!("f({}:{})", inlines(label), inlines(value)),
            Block::Table { head, rows } => {
                let rows: Vec<String> =
                    std::iter::once(head).chain(rows).map(|row| row.iter().map(inlines).collect::<Vec<_>>().join("|")).collect();
                format!("t({})", rows.join("/"))
            }
            Block::List { ordered, items } => {
                format!("l{ordered}({})", items.iter().map(|item| shape(item)).collect::<Vec<_>>().join("/"))
            }
            Block::Rule => "rule".into(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn element(id: &str, facts: &[&str], need: Need) -> Element {
    let facts = facts.iter().map(|key| FactKey::from(*key)).collect();
    let (id, says, cite) = (id.into(), format!("the {id}"), "Art. 1".into());
    Element { id, says, cite, facts, need, combine: Default::default(), asked: None }
}

fn fault(template: &str, contents: &[Element], sight: &Sight) -> TemplateFault {
    draft(template, contents, sight, &meta()).unwrap_err()
}

#[test]
fn the_example_templates_pass_the_lint() {
    for example in [gdpr(), hipaa(), dpdp()] {
        let faults = lint(example.template, &example.contents, &vocabulary());
        assert!(faults.is_empty(), "{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn with_nothing_known_one_draft_lists_every_gap_and_marks_each_in_its_place() {
    for example in [gdpr(), hipaa(), dpdp()] {
        let draft = example.draft(&nothing_known(), &meta());
        for element in example.contents.iter().filter(|element| !element.facts.is_empty()) {
            let gap = draft.gaps.iter().position(|gap| gap.element.as_ref() == Some(&element.id));
            let gap = gap.unwrap_or_else(|| panic!("element `{}` has no gap", element.id));
            assert_eq!(draft.gaps[gap].missing, element.facts);
            assert!(marks(&draft.blocks).iter().any(|(number, _)| *number == gap + 1), "gap of `{}` has no mark", element.id);
        }
        assert!(!draft.is_complete());
        assert_eq!(draft.unplaced, Vec::<String>::new());
        assert_eq!(draft.facts_used, vec![]);
    }
}

#[test]
fn with_everything_known_nothing_is_missing() {
    for example in [gdpr(), hipaa(), dpdp()] {
        let draft = example.draft(&everything_known(), &meta());
        assert!(draft.is_complete(), "{:?}", draft.gaps);
        assert_eq!(draft.gaps, vec![]);
        assert_eq!(draft.unplaced, Vec::<String>::new());
        assert_eq!(marks(&draft.blocks), vec![]);
    }
}

#[test]
fn a_mark_tells_what_is_missing_and_where_the_law_asks_it() {
    let draft = gdpr().draft(&nothing_known(), &meta());
    let marks: Vec<String> = marks(&draft.blocks).into_iter().map(|(_, mark)| mark).collect();
    assert!(marks.contains(&"[MISSING: approximate number of data subjects concerned (GDPR Art. 33(3)(a))]".into()), "{marks:?}");
    assert!(marks.contains(&"[MISSING: What happened (GDPR Art. 33(3)(a))]".into()), "of two facts, which one: {marks:?}");
}

#[test]
fn an_element_the_template_forgets_stands_at_the_end_with_its_answer_or_its_mark() {
    let contents = [element("nature", &["breach.nature"], Need::Must), element("number", &["people.total"], Need::Must)];
    let sight = nothing_known().with("breach.nature", words("A theft."));
    let draft = draft("# Nothing to report\n", &contents, &sight, &meta()).unwrap();
    assert_eq!(draft.unplaced, ["nature", "number"]);
    assert_eq!(plain_text(heading(&draft.blocks[1])), UNPLACED_HEADING);
    assert_eq!(shape(&draft.blocks[2..]), "f(the nature (Art. 1):<breach.nature>)\nf(the number (Art. 1):!)");
    assert_eq!(draft.holes().count(), 1);
}

fn heading(block: &Block) -> &[Inline] {
    match block {
        Block::Heading { words, .. } => words,
        other => panic!("a heading, not {other:?}"),
    }
}

#[test]
fn a_condition_in_the_template_cannot_hide_a_gap() {
    let contents = [element("nature", &["breach.nature"], Need::IfKnown)];
    let draft =
        draft("{% if known(\"breach.nature\") %}{{ say(\"breach.nature\") }}{% endif %}", &contents, &nothing_known(), &meta())
            .unwrap();
    assert_eq!(draft.unplaced, ["nature"]);
    assert_eq!(marks(&draft.blocks).len(), 1);
}

#[test]
fn fixed_words_cannot_close_the_gap_of_a_fact() {
    let contents = [element("nature", &["breach.nature"], Need::Must)];
    let draft = draft("All is told.{{ covers(\"nature\") }}", &contents, &nothing_known(), &meta()).unwrap();
    assert_eq!(draft.holes().count(), 1);
    assert_eq!(draft.unplaced, ["nature"]);
}

#[test]
fn an_element_without_facts_is_a_gap_until_the_template_covers_it() {
    let contents = [element("contact", &[], Need::Must)];
    let open = draft("Words.", &contents, &nothing_known(), &meta()).unwrap();
    assert_eq!((open.holes().count(), open.unplaced.len()), (1, 1));
    assert_eq!(open.elements[0].state, AnswerState::Hole);
    let covered = draft("Words.{{ covers(\"contact\") }}", &contents, &nothing_known(), &meta()).unwrap();
    assert!(covered.is_complete());
    assert_eq!(covered.elements[0].state, AnswerState::InTheWording);
}

#[test]
fn each_hole_says_how_to_close_it_and_the_command_reads_back() {
    let contents = [element("nature", &["breach.nature"], Need::Must), element("number", &["people.total"], Need::Must)];
    let template = "{{ element(\"nature\") }} {{ element(\"number\") }} {{ organisation.address }}";
    let organisation = Organisation { address: None, ..meta().organisation };
    let draft = draft(template, &contents, &nothing_known(), &DraftMeta { organisation, ..meta() }).unwrap();
    let how: Vec<&str> = draft.holes().flat_map(|(_, gap)| &gap.how).map(String::as_str).collect();
    assert_eq!(how.len(), 2, "the fixture's vocabulary has no address: {how:?}");
    assert_eq!(how[0], "watchbell answer inc-01jd3x6q8r2v7m5k breach.nature='\"words\"'");
    assert_eq!(how[1], "watchbell answer inc-01jd3x6q8r2v7m5k people.total=512");
    assert!(how.iter().all(|how| !how.contains("--for")), "one organisation is concerned: {how:?}");
    let address = draft.holes().find(|(_, gap)| gap.element.is_none()).map(|(_, gap)| gap.missing.clone());
    assert_eq!(address, Some(vec!["organisation.address".into()]), "and the address names its fact");
}

#[test]
fn reasons_for_a_delay_are_asked_for_once_the_notice_is_late() {
    let late = Element { asked: Some(Asked::Late {}), ..element("delay", &["breach.nature"], Need::IfAny) };
    let contents = [late];
    let of = |late, sight: &Sight| draft("{{ element(\"delay\") }}", &contents, sight, &DraftMeta { late, ..meta() }).unwrap();
    let in_time = of(false, &nothing_known());
    assert!(in_time.is_complete());
    assert_eq!(in_time.elements[0].state, AnswerState::NotAsked);
    assert_eq!(text_letter(&in_time), "none: this notice is in time\n");
    assert_eq!(of(true, &nothing_known()).holes().count(), 1);
    let said = of(false, &nothing_known().with("breach.nature", words("The officer was ill.")));
    assert_eq!(text_letter(&said), "The officer was ill.\n", "what was said is printed all the same");
}

#[test]
fn an_element_of_an_addendum_is_no_gap_of_a_first_report() {
    let is = FactIs { fact: "breach.nature".into(), of: vec!["high".into()] };
    let contents = [Element { asked: Some(Asked::Is(is)), ..element("number", &["people.total"], Need::Must) }];
    let holes = |sight: &Sight| draft("{{ element(\"number\") }}", &contents, sight, &meta()).unwrap().holes().count();
    assert_eq!(holes(&nothing_known()), 0);
    assert_eq!(holes(&nothing_known().with("breach.nature", words("low"))), 0);
    assert_eq!(holes(&nothing_known().with("breach.nature", words("high"))), 1);
}

#[test]
fn a_count_by_place_is_told_for_one_country_with_its_parts() {
    let exact = |number| Count { number, precision: Precision::Exact };
    let about = Count { number: 30, precision: Precision::About };
    let places = [("IN".to_owned(), exact(1)), ("IN-MH".to_owned(), about), ("DE".to_owned(), exact(900))];
    let sight = nothing_known().with("people.by-place", known(Value::ByPlace(places.into())));
    let template =
        "{% if within(\"people.by-place\", \"IN\") %}{{ within(\"people.by-place\", \"IN\") }}{% else %}nobody said{% endif %}";
    let told = |sight: &Sight| text_letter(&draft(template, &[], sight, &meta()).unwrap());
    assert_eq!(told(&sight), "about 31\n");
    assert_eq!(told(&nothing_known()), "nobody said\n");
}

#[test]
fn blank_words_do_not_answer_a_must() {
    let contents = [element("nature", &["breach.nature"], Need::Must), element("data", &["data.kinds"], Need::Must)];
    let sight = nothing_known().with("breach.nature", words(" \u{200b}\n\t")).with("data.kinds", set(&[]));
    let draft = draft("{{ element(\"nature\") }} {{ element(\"data\") }}", &contents, &sight, &meta()).unwrap();
    assert_eq!(draft.holes().count(), 2);
}

#[test]
fn an_empty_list_is_said_as_none_where_the_law_asks_if_there_is_any() {
    let contents = [element("data", &["data.kinds"], Need::IfAny)];
    let draft = draft("{{ element(\"data\") }}", &contents, &nothing_known().with("data.kinds", set(&[])), &meta()).unwrap();
    assert!(draft.is_complete());
    assert_eq!(text_letter(&draft), "none\n");
}

#[test]
fn a_recorded_not_known_closes_the_gap_only_where_the_law_asks_for_what_is_known() {
    let at = parse_rfc3339("2026-11-20T13:20:00Z").unwrap();
    let not_known = |by: Claimant| {
        let mut book = Book::default();
        book.record(Claim::of("breach.began-on", None, by, at));
        Sight::of(&book, &vocabulary())
    };
    let draft_of = |sight: &Sight, need| {
        draft("{{ day(\"breach.began-on\") }}", &[element("date", &["breach.began-on"], need)], sight, &meta()).unwrap()
    };
    let by_person = not_known(Claimant::Person("A. Person".into()));
    assert_eq!(text_letter(&draft_of(&by_person, Need::IfKnown)), "not known\n");
    assert!(draft_of(&by_person, Need::IfKnown).is_complete());
    assert_eq!(draft_of(&by_person, Need::IfKnown).elements[0].state, AnswerState::NotKnown);
    assert!(!draft_of(&by_person, Need::Must).is_complete());
    assert!(
        !draft_of(&not_known(Claimant::Product("siem".into())), Need::IfKnown).is_complete(),
        "a product cannot say what nobody knows"
    );
}

#[test]
fn a_fact_that_two_elements_ask_for_is_held_to_the_stricter_need() {
    let contents = [element("date", &["breach.began-on"], Need::IfKnown), element("timing", &["breach.began-on"], Need::Must)];
    let sight = nothing_known().with("breach.began-on", Seen::NotKnown { source: "A. Person".into() });
    let draft = draft("{{ day(\"breach.began-on\") }}", &contents, &sight, &meta()).unwrap();
    assert_eq!(text_letter(&draft), "[MISSING: the timing (Art. 1), no. 1]\n");
}

#[test]
fn a_dispute_is_a_gap_that_names_both_answers() {
    let said = vec![
        (Value::Count(Count { number: 512, precision: Precision::About }), "siem".to_owned()),
        (Value::Count(Count { number: 1204, precision: Precision::Exact }), "A. Person".to_owned()),
    ];
    let sight = everything_known().with("people.total", Seen::Disputed(said));
    let draft = gdpr().draft(&sight, &meta());
    let gap = &draft.gaps[0];
    assert_eq!(
        (gap.kind, gap.said.as_slice()),
        (GapKind::Disputed, ["about 512 (siem)".to_owned(), "1,204 (A. Person)".to_owned()].as_slice())
    );
    assert!(marks(&draft.blocks)[0].1.starts_with("[DISPUTED: "));
    assert!(!draft.facts_used.contains(&"people.total".into()));
}

#[test]
fn an_estimate_is_printed_as_one_and_does_not_hold_the_notice_up() {
    let draft = gdpr().draft(&everything_known().with("people.total", number(1200, Precision::About)), &meta());
    assert!(draft.is_complete());
    assert_eq!(draft.estimates().map(|(_, gap)| gap.said.join("")).collect::<Vec<_>>(), ["about 1,200 (A. Person)"]);
    assert!(text_letter(&draft).contains("about 1,200"));
}

#[test]
fn any_one_fact_answers_an_element_that_takes_any() {
    let sight = nothing_known().with("measures.proposed", words("New locks."));
    let draft = gdpr().draft(&sight, &meta());
    assert!(!draft.gaps.iter().any(|gap| gap.element.as_deref() == Some("measures")));
    assert_eq!(draft.unplaced, Vec::<String>::new());
}

#[test]
fn words_of_the_house_that_are_not_configured_are_gaps() {
    let mut meta = meta();
    meta.organisation.address = None;
    meta.contact.email = None;
    meta.contact.phone = None;
    let draft = gdpr().draft(&everything_known(), &meta);
    assert_eq!(draft.unplaced, ["contact"]);
    let gaps: Vec<&str> = draft.holes().map(|(_, gap)| gap.says.as_str()).collect();
    assert_eq!(
        gaps,
        ["postal address of the organisation", "name and contact details of the data protection officer or other contact point"]
    );
}

const HOSTILE: [&str; 12] = [
    "# Heading\n\n## Another\n",
    "- item\n- item\n\n1. one",
    "| a | b |\n|---|---|\n| c | d |",
    "Term\n: definition",
    "[click](javascript:alert(1)) ![x](http://x.example/p.png) <https://x.example>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ organisation.name }}{% for i in range(9) %}x{% endfor %}{# gone #}",
    "**bold** _em_ `code` ~~~\nfence\n~~~",
    "\n\n---\n\n***\n\n> quote",
    "\u{e000}0\u{e001} \u{e000}99999\u{e001} \u{e000}",
    "</p></main></body> &lt; &#x3c; \" onload=\"x",
    "\u{202e}desrever\u{202c} \u{2067}x\u{2069}",
];

#[test]
fn hostile_facts_stay_words() {
    for example in [gdpr(), hipaa(), dpdp()] {
        let calm = shape(&example.draft(&everything_known(), &meta()).blocks);
        for hostile in HOSTILE {
            let draft = example.draft(&everything_known().with("breach.nature", words(hostile)), &meta());
            assert_eq!(shape(&draft.blocks), calm, "{hostile:?}");
            let page = html(&draft);
            for tag in ["<script", "<img", "<a href=\"http", "<a href=\"java", "<blockquote", "\u{202e}", "\u{2067}"] {
                assert!(!page.contains(tag), "{hostile:?} put {tag} on the page");
            }
            assert_eq!(page.matches("</main>").count(), 1);
        }
    }
}

#[test]
fn hostile_words_of_the_house_stay_words() {
    let calm = shape(&gdpr().draft(&everything_known(), &meta()).blocks);
    for hostile in HOSTILE {
        let mut meta = meta();
        meta.organisation.name = hostile.into();
        meta.title = hostile.into();
        meta.due = Some(hostile.into());
        meta.lang = "en\"><script>".into();
        let draft = gdpr().draft(&everything_known(), &meta);
        let heads = |shape: &str| shape.lines().map(|line| line.chars().take(2).collect::<String>()).collect::<Vec<_>>();
        assert_eq!(heads(&shape(&draft.blocks)), heads(&calm), "{hostile:?}");
        assert!(!html(&draft).contains("<script"), "{hostile:?}");
    }
}

proptest! {
    #[test]
    fn no_words_of_a_fact_change_the_shape_of_a_notice(text in "\\PC*|[#*_`<>\\[\\](){}|!:\\\\\n -]{1,60}") {
        let text = format!("x{text}");
        let example = hipaa();
        let calm = shape(&example.draft(&everything_known(), &meta()).blocks);
        let draft = example.draft(&everything_known().with("breach.nature", words(&text)).with("advice.steps", words(&text)), &meta());
        prop_assert_eq!(shape(&draft.blocks), calm);
    }

    #[test]
    fn no_notice_is_complete_while_a_must_is_unknown(missing in proptest::sample::subsequence(vec!["breach.nature", "breach.kinds", "consequences.likely"], 1..=3)) {
        let sight = missing.iter().fold(everything_known(), |sight, key| sight.with(key, Seen::Unknown));
        let draft = gdpr().draft(&sight, &meta());
        let gone: Vec<&str> = draft.holes().flat_map(|(_, gap)| gap.missing.iter().map(FactKey::as_str)).collect();
        prop_assert_eq!(gone, missing);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (gdpr().draft(&everything_known(), &meta()), gdpr().draft(&everything_known(), &meta()));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
    assert_eq!((html(&one), text(&one)), (html(&two), text(&two)));
    let read: Draft = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
    assert_eq!(read, one);
}

#[test]
fn the_digest_changes_with_the_words_and_with_nothing_else() {
    let before = gdpr().draft(&everything_known(), &meta());
    let after = gdpr().draft(&everything_known().with("people.total", number(1205, Precision::Exact)), &meta());
    assert_ne!(before.digest, after.digest);
    let mut later = meta();
    later.due = Some("Tue 24 Nov 2026 14:20 Europe/Berlin".into());
    assert_eq!(gdpr().draft(&everything_known(), &later).digest, before.digest, "the working sheet is not the notice");
    assert!(before.digest.starts_with("sha256:") && before.digest.len() == 71);
}

#[test]
fn changes_are_told_in_the_words_of_the_law() {
    let empty = gdpr().draft(&everything_known().with("people.total", Seen::Unknown), &meta());
    let about = gdpr().draft(&everything_known().with("people.total", number(1200, Precision::About)), &meta());
    let exact = gdpr().draft(&everything_known(), &meta());
    let name = "approximate number of data subjects concerned (GDPR Art. 33(3)(a))";
    assert_eq!(changes(&empty, &about), [format!("{name}: answered: about 1,200")]);
    assert_eq!(changes(&about, &exact), [format!("{name}: from: about 1,200 to: 1,204")]);
    assert_eq!(changes(&exact, &empty), [format!("{name}: answer withdrawn; it was: 1,204")]);
    assert_eq!(changes(&exact, &exact), Vec::<String>::new());
    let late = gdpr().draft(&everything_known().with("notice.is-late", known(Value::YesNo(true))), &meta());
    assert_eq!(changes(&exact, &late), ["the wording changed; the answers to what the law asks did not"]);
}

#[test]
fn a_tag_at_the_end_of_a_line_does_not_join_the_next_label_to_the_value() {
    let template = "One\n: {% if true %}first{% endif %}\n\nTwo\n: second {# remark #}\n\n{% if true %}\nThree\n: third\n: fourth\n{% endif %}\n";
    let draft = draft(template, &[], &nothing_known(), &meta()).unwrap();
    assert_eq!(text_letter(&draft), "One:\n    first\nTwo:\n    second\nThree:\n    third\n    fourth\n");
}

#[test]
fn a_label_too_close_to_the_value_above_it_is_a_fault() {
    let fault = fault("One\n: first\nTwo\n: second\n", &[], &nothing_known());
    assert!(fault.says.starts_with("the value of a field runs on"), "{fault}");
}

#[test]
fn nothing_printed_is_lost_between_the_cells_of_a_table() {
    let template = "| a |\n|---|\n| {{ say(\"people.total\") }} | {{ say(\"records.total\") }} |\n";
    let lost = fault(template, &[], &everything_known());
    assert!(lost.says.contains("no place"), "{lost}");
    let link = fault("[a]: {{ say(\"people.total\") }}\n", &[], &everything_known());
    assert!(link.says.contains("no place"), "{link}");
}

#[test]
fn lists_in_lists_without_end_are_refused() {
    assert!(fault(&format!("{}x", "- ".repeat(5000)), &[], &nothing_known()).says.contains("too deep"));
}

#[test]
fn a_list_is_told_in_the_order_of_the_vocabulary_and_without_ambiguity() {
    let say = |items: &[&str]| {
        text_letter(&draft("{{ say(\"data.kinds\") }}", &[], &nothing_known().with("data.kinds", set(items)), &meta()).unwrap())
    };
    assert_eq!(say(&["date-of-birth", "name", "account-number"]), "name, date of birth and account number\n");
    assert_eq!(say(&["name", "a-kind-listed-no-longer"]), "name and a kind listed no longer\n");
    assert_eq!(say(&["diagnosis-or-treatment", "name"]), "name; diagnosis or treatment\n");
}

#[test]
fn a_number_that_is_not_free_of_charge_is_no_hipaa_contact_by_itself() {
    let mut meta = meta();
    meta.contact.email = None;
    let charged = hipaa().draft(&everything_known(), &meta);
    assert_eq!(charged.unplaced, ["contact"]);
    let free = hipaa().draft(&everything_known().with("contact.phone-is-toll-free", known(Value::YesNo(true))), &meta);
    assert!(free.is_complete() && text_letter(&free).contains("by telephone, toll-free: +49"));
}

#[test]
fn the_steps_of_the_deadline_can_be_printed() {
    let draft = draft("{% for step in derivation %}\n{{ loop.index }}. {{ step }}\n{% endfor %}", &[], &nothing_known(), &meta())
        .unwrap();
    assert!(matches!(draft.blocks.as_slice(), [Block::List { ordered: true, items }] if items.len() == 2), "{:?}", draft.blocks);
}

#[test]
fn unknown_is_neither_yes_nor_no() {
    let template = "{% if yes(\"notice.is-late\") %}yes{% elif no(\"notice.is-late\") %}no{% else %}unknown{% endif %}";
    let say = |sight: &Sight| text_letter(&draft(template, &[], sight, &meta()).unwrap());
    assert_eq!(say(&nothing_known()), "unknown\n");
    assert_eq!(say(&nothing_known().with("notice.is-late", known(Value::YesNo(false)))), "no\n");
    assert_eq!(say(&nothing_known().with("notice.is-late", known(Value::YesNo(true)))), "yes\n");
}

#[test]
fn times_are_told_with_zone_and_utc() {
    let say = |template: &str, at: &str| {
        text_letter(&draft(template, &[], &nothing_known().with("awareness.at", instant(at)), &meta()).unwrap())
    };
    assert_eq!(
        say("{{ when(\"awareness.at\") }}", "2026-11-20T13:20:00Z"),
        "20 November 2026 at 14:20 Europe/Berlin (13:20 UTC)\n"
    );
    assert_eq!(
        say("{{ when(\"awareness.at\") }}", "2026-11-20T23:30:00Z"),
        "21 November 2026 at 00:30 Europe/Berlin (20 November 2026 at 23:30 UTC)\n"
    );
    assert!(say("{{ say(\"awareness.at\") }}", "2026-11-20T13:20:07Z").contains("14:20:07"));
    assert_eq!(say("{{ day(\"awareness.at\") }}", "2026-11-20T23:30:00Z"), "21 November 2026\n");
}

#[test]
fn a_rehearsal_is_marked_on_every_page() {
    let mut meta = meta();
    meta.not_in_force_until = Some("13 May 2027".into());
    let draft = dpdp().draft(&everything_known(), &meta);
    let banner = "Rehearsal: this duty is not in force until 13 May 2027.";
    for page in [html(&draft), html_letter(&draft), text(&draft), text_letter(&draft)] {
        assert!(page.contains(banner));
    }
    assert!(html_letter(&draft).contains("content: \"Rehearsal\""), "each printed sheet is marked");
    let live = dpdp().draft(&everything_known(), &self::meta());
    assert!(html(&live).contains("content: \"DRAFT – not filed\"") && html_letter(&live).contains("content: \"\""));
    assert!(!html(&live).contains("Rehearsal") && !text(&live).contains("Rehearsal"));
    assert_ne!(draft.digest, live.digest, "a rehearsal's approval does not stand for the live notice");
}

#[test]
fn a_template_that_does_not_end_is_stopped() {
    let many = format!(
        "{{% for a in each(\"data.kinds\") %}}{}x{}{{% endfor %}}",
        "{% for b in each(\"data.kinds\") %}".repeat(7),
        "{% endfor %}".repeat(7)
    );
    let kinds: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let sight = nothing_known().with("data.kinds", set(&kinds.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(fault(&many, &[], &sight).says, "the template takes too many steps");
}

#[test]
fn faults_name_the_line_and_the_nearest_name() {
    let contents = [element("nature", &["breach.nature"], Need::Must)];
    for (template, expected) in [
        ("one\n{{ say(\"people.totl\") }}", "line 2: no fact `people.totl`; did you mean `people.total`?"),
        (
            "one\ntwo\n{{ organisation.nme }}",
            "line 3: `organisation.nme` is not a name a notice knows; did you mean `organisation.name`?",
        ),
        ("{% if false %}\n{{ sya(\"x\") }}{% endif %}", "line 2: `sya` is not a name a notice knows"),
        ("\n\n{{ element(\"natur\") }}", "line 3: the duty has no element `natur`; did you mean `nature`?"),
        ("\n{% if yes(\"people.total\") %}{% endif %}", "line 2: fact `people.total` is not answered by yes or no"),
        ("\n{{ when(\"people.total\") }}", "line 2: fact `people.total` is no time; write it with `say`"),
        (
            "\n{% if has(\"data.kinds\", \"nme\") %}{% endif %}",
            "line 2: fact `data.kinds` has no word `nme`; did you mean `name`?",
        ),
    ] {
        assert_eq!(fault(template, &contents, &nothing_known()).to_string(), expected);
    }
    let broken = fault("one\n{% if %}", &contents, &nothing_known());
    assert_eq!(broken.line, Some(2), "{broken}");
    assert!(fault("<b>loud</b>", &contents, &nothing_known()).says.starts_with("notices take no HTML"));
    assert!(fault("x\n\n    code", &contents, &nothing_known()).says.contains("indented"));
}

#[test]
fn the_lint_finds_every_fault_at_once_in_every_branch() {
    let contents = [
        element("nature", &["breach.nature"], Need::Must),
        element("number", &["people.total"], Need::Must),
        element("odd", &["no.such-fact"], Need::Must),
    ];
    let template = "{{ say(\"breach.nature\") }}\n{% if at_least(\"people.total\", 99999999) %}\n{{ say('brech.nature') }}\n{{ met(\"numbr\") }}{% endif %}\n{# say(\"remark\") #}";
    let faults: Vec<String> = lint(template, &contents, &vocabulary()).iter().map(ToString::to_string).collect();
    assert!(faults.iter().any(|f| f == "line 3: no fact `brech.nature`; did you mean `breach.nature`?"), "{faults:#?}");
    assert!(faults.iter().any(|f| f == "line 4: the duty has no element `numbr`; did you mean `number`?"), "{faults:#?}");
    assert!(faults.iter().any(|f| f.starts_with("element `odd`: no fact `no.such-fact`")), "{faults:#?}");
    assert!(faults.iter().any(|f| f.starts_with("element `number` of the duty is never written")), "{faults:#?}");
    assert!(!faults.iter().any(|f| f.contains("remark")), "{faults:#?}");
    assert!(!faults.iter().any(|f| f.contains("element `nature`")), "{faults:#?}");
}

#[test]
fn contents_with_an_unknown_word_are_refused() {
    let source = "[[element]]\nid = \"a\"\nsays = \"a\"\ncite = \"a\"\nneed = \"must\"\nfact = [\"people.total\"]\n";
    let error = toml::from_str::<Contents>(source).err().expect("a misspelt field is a fault").to_string();
    assert!(error.contains("unknown field `fact`"), "{error}");
}

#[test]
fn text_keeps_to_78_columns_but_for_commands_to_copy() {
    for sight in [nothing_known(), everything_known()] {
        let text = text(&gdpr().draft(&sight, &meta()));
        let too_long = text.lines().find(|line| {
            let is_whole = line.contains("sha256:") || line.trim_start().starts_with("watchbell answer ");
            line.chars().count() > 78 && !is_whole
        });
        assert_eq!(too_long, None);
    }
}

#[test]
fn each_missing_thing_is_reachable_from_the_list_on_the_page() {
    let draft = gdpr().draft(&nothing_known(), &meta());
    let page = html(&draft);
    for (number, _) in draft.holes() {
        assert!(page.contains(&format!("href=\"#gap-{number}\"")));
        assert_eq!(page.matches(&format!("id=\"gap-{number}\"")).count(), 1);
    }
}

#[test]
fn the_page_stands_alone_and_its_headings_are_in_order() {
    let contents = [];
    let jumpy = draft("# One\n\n#### Four\n\n## Two\n", &contents, &nothing_known(), &meta()).unwrap();
    for page in [html(&jumpy), html_letter(&jumpy), html(&gdpr().draft(&nothing_known(), &meta()))] {
        let levels: Vec<u8> = page
            .match_indices("<h")
            .filter_map(|(at, _)| (page.as_bytes()[at + 2] as char).to_digit(10))
            .map(|l| l as u8)
            .collect();
        assert_eq!(levels.first(), Some(&1));
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.contains("<title>"));
        for outside in ["<script", "<link", "src=", "url(", "http"] {
            assert!(!page.contains(outside), "the page holds {outside}");
        }
    }
}

#[test]
fn the_approved_letter_holds_no_working_sheet() {
    let draft = gdpr().draft(&everything_known(), &meta());
    for page in [html_letter(&draft), text_letter(&draft)] {
        for word in ["DRAFT", "Working sheet", "Still missing", "sha256:", "How the deadline was found"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("Hamburg Commissioner"));
    }
}

#[test]
fn a_fact_outside_the_vocabulary_is_a_gap_and_no_panic() {
    let contents = [element("odd", &["no.such-fact"], Need::Must)];
    let draft = draft("{{ element(\"odd\") }}", &contents, &nothing_known(), &meta()).unwrap();
    assert_eq!((draft.holes().count(), draft.unplaced.len()), (1, 0));
}

/// Writes the example pages to a folder to be looked at: `NOTICE_PAGES=folder cargo test --test notices pages`.
#[test]
fn pages_can_be_written_out_to_be_looked_at() {
    let Some(folder) = std::env::var_os("NOTICE_PAGES").map(std::path::PathBuf::from) else {
        println!("skipped: NOTICE_PAGES is not set");
        return;
    };
    let mut rehearsal = meta();
    rehearsal.not_in_force_until = Some("13 May 2027".into());
    let some = everything_known()
        .with("people.total", number(1200, Precision::About))
        .with("people.by-place", Seen::Unknown)
        .with("records.total", Seen::Unknown)
        .with("consequences.likely", Seen::Unknown)
        .with("measures.mitigation", Seen::Unknown)
        .with("breach.began-on", Seen::NotKnown { source: "A. Person".into() });
    let mut american = meta();
    american.lang = "en-US".into();
    american.title = "Letter to individuals (45 CFR 164.404)".into();
    for (name, example, meta) in [("gdpr", gdpr(), meta()), ("hipaa", hipaa(), american), ("dpdp", dpdp(), rehearsal)] {
        for (state, sight) in [("empty", nothing_known()), ("some", some.clone()), ("full", everything_known())] {
            let draft = example.draft(&sight, &meta);
            std::fs::write(folder.join(format!("{name}-{state}.html")), html(&draft)).unwrap();
            std::fs::write(folder.join(format!("{name}-{state}-letter.html")), html_letter(&draft)).unwrap();
            std::fs::write(folder.join(format!("{name}-{state}.txt")), text(&draft)).unwrap();
        }
    }
}

#[test]
fn every_type_of_fact_can_be_said() {
    for entry in vocabulary().iter() {
        let sample = match &entry.kind {
            FactType::OneOf(words) | FactType::AnyOf(words) => format!("[\"{}\"]", words[0]),
            kind => kind.example(),
        };
        let value = entry.kind.read(&serde_json::from_str(&sample).unwrap()).unwrap();
        let template = format!("{{{{ say(\"{}\") }}}}", entry.key);
        let draft = draft(&template, &[], &nothing_known().with(entry.key.as_str(), known(value)), &meta()).unwrap();
        assert!(draft.is_complete() && !text_letter(&draft).trim().is_empty(), "{}", entry.key);
    }
}
