//! The mapping language read from TOML, every fault with its span.
//!
//! The tree is walked by hand rather than by serde, because serde stops at the first fault.

use super::envelope::{Carrier, Envelope};
use super::expression::Expression;
use super::mapping::{Fields, Form, From, HintTake, Mapping, MappingFault, NoEvent, Take, TimeTake};
use super::payload_time::TimeForm;
use super::place::Place;
use super::pointer::Pointer;
use super::report::{EvidenceKind, Severity};
use super::toml_walk::{Node, Walk, missing, nearest};
use crate::domain::ids::FactKey;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

const TOP: [&str; 11] =
    ["name", "title", "product", "form", "batch", "unwrap", "for_each", "not_set", "refuse", "fields", "hints"];
const FIELDS: [&str; 10] =
    ["kind", "external_id", "update_id", "tenant", "title", "severity", "status", "occurred", "detected", "updated"];
const TAKE: [&str; 8] = ["pointer", "header", "jmespath", "constant", "join", "before", "map", "at_least"];
const TIME_TAKE: [&str; 4] = ["pointer", "header", "jmespath", "time"];
const HINT: [&str; 5] = ["label", "pointer", "header", "jmespath", "about"];
const NO_EVENT: [&str; 5] = ["pointer", "header", "jmespath", "is", "says"];
const PLACES: [&str; 3] = ["pointer", "header", "jmespath"];
const ENVELOPES: [&str; 3] = ["object", "json-text", "base64-json"];

/// What the words of a field must be.
#[derive(Clone, Copy)]
enum Words {
    Any,
    OneOf(&'static [&'static str]),
}

/// Reads a mapping; see [`Mapping::parse`].
pub(super) fn parse(text: &str) -> Result<Mapping, Vec<MappingFault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { text, faults: Vec::new() };
    for error in errors {
        walk.faults.push(MappingFault { message: error.message().to_owned(), span: error.span() });
    }
    if !walk.faults.is_empty() {
        return Err(walk.faults);
    }
    let mapping = walk.mapping(document.get_ref(), document.span());
    if walk.faults.is_empty() { Ok(mapping) } else { Err(walk.faults) }
}

impl Walk<'_> {
    fn mapping(&mut self, top: &DeTable<'_>, span: Range<usize>) -> Mapping {
        self.check_keys(top, &TOP, "a mapping");
        let name = self.required_text(top, "name", &span);
        if !name.is_empty() && !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            self.fault(top.get("name"), format!("`{name}` is no name for a mapping; use lower-case letters, digits and hyphens"));
        }
        let title = self.required_text(top, "title", &span);
        let product = self.required_text(top, "product", &span);
        let form = match top.get("form").map(|node| (node, self.text(node))) {
            None => Form::Mapped(Box::new(self.fields_of(top, &span))),
            Some((_, Some("native"))) => {
                for key in ["unwrap", "for_each", "not_set", "refuse", "fields", "hints", "batch"] {
                    if let Some(node) = top.get(key) {
                        self.fault(Some(node), format!("`{key}` has no meaning beside `form = \"native\"`"));
                    }
                }
                Form::Native
            }
            Some((node, Some(other))) => {
                self.fault(Some(node), format!("no form `{other}`; the only one is `native`, and a mapped product names none"));
                Form::Native
            }
            Some((_, None)) => Form::Native,
        };
        Mapping { name, title, product, form }
    }

    fn fields_of(&mut self, top: &DeTable<'_>, span: &Range<usize>) -> Fields {
        let mut fields = Fields {
            batch: top.get("batch").is_some_and(|node| self.yes_no(node)),
            unwrap: self.list(top, "unwrap", Self::envelope),
            for_each: self.list(top, "for_each", Self::pointer),
            not_set: self
                .list(top, "not_set", |walk, node| walk.text(node).map(str::to_owned))
                .into_iter()
                .collect::<BTreeSet<_>>(),
            refuse: self.list(top, "refuse", Self::no_event),
            hints: self.list(top, "hints", Self::hint),
            ..Fields::default()
        };
        let Some(table_node) = top.get("fields") else {
            self.faults.push(missing("fields", span));
            return fields;
        };
        let Some(table) = self.table(table_node) else { return fields };
        self.check_keys(table, &FIELDS, "`fields`");
        for required in ["kind", "title"] {
            if !table.contains_key(required) {
                self.faults.push(missing(required, &table_node.span()));
            }
        }
        let words = |walk: &mut Self, key, allowed| walk.list(table, key, |walk, node| walk.take(node, allowed));
        fields.kind = words(self, "kind", Words::OneOf(&EvidenceKind::NAMES));
        fields.external_id = words(self, "external_id", Words::Any);
        fields.update_id = words(self, "update_id", Words::Any);
        fields.tenant = words(self, "tenant", Words::Any);
        fields.title = words(self, "title", Words::Any);
        fields.severity = words(self, "severity", Words::OneOf(&Severity::NAMES));
        fields.status = words(self, "status", Words::Any);
        fields.occurred = self.list(table, "occurred", Self::time_take);
        fields.detected = self.list(table, "detected", Self::time_take);
        fields.updated = self.list(table, "updated", Self::time_take);
        self.check_kind_is_total(table, &fields.kind);
        fields
    }

    /// An event without a kind cannot be weighed, so the last source of the kind must always yield.
    fn check_kind_is_total(&mut self, table: &DeTable<'_>, kind: &[Take]) {
        if let Some(last) = kind.last()
            && !matches!(last.from, From::Constant(_))
        {
            let hint = "add `{ constant = \"security-alert\" }`, or the kind that fits, at the end";
            self.fault(table.get("kind"), format!("the last source of `kind` must be a constant; {hint}"));
        }
    }

    fn take(&mut self, node: &Node<'_>, words: Words) -> Option<Take> {
        let table = self.table(node)?;
        self.check_keys(table, &TAKE, "a source");
        let place = PLACES.iter().any(|key| table.contains_key(*key)).then(|| self.place(table, node).map(From::Place));
        let constant = table.get("constant").map(|node| self.word(node, words).map(From::Constant));
        let join = table.contains_key("join").then(|| Some(From::Join(self.list(table, "join", Self::part))));
        let mut given = [place, constant, join].into_iter().flatten();
        let (Some(first), None) = (given.next(), given.next()) else {
            self.fault(Some(node), "a source has exactly one of `pointer`, `header`, `jmespath`, `constant` and `join`".into());
            return None;
        };
        if table.contains_key("map") && table.contains_key("at_least") {
            self.fault(Some(node), "a source translates by `map` or by `at_least`, not by both".into());
        }
        let map = self.translations(table, "map", words, |word| Ok(word.to_lowercase())).into_iter().collect::<BTreeMap<_, _>>();
        let mut at_least = self.translations(table, "at_least", words, |bound| {
            bound.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(|| format!("`{bound}` is not a number"))
        });
        at_least.sort_by(|a, b| a.0.total_cmp(&b.0));
        let before = table.get("before").and_then(|node| self.text(node).map(str::to_ascii_lowercase));
        if before.as_deref() == Some("") {
            self.fault(table.get("before"), "`before` is empty".into());
        }
        first.map(|from| Take { from, before, map, at_least })
    }

    /// A part of a joined id: a pointer, or a place in a table of its own.
    fn part(&mut self, node: &Node<'_>) -> Option<Place> {
        let DeValue::Table(table) = node.get_ref() else { return self.pointer(node).map(Place::Pointer) };
        self.check_keys(table, &PLACES, "a part");
        self.place(table, node)
    }

    /// The one place that a table names.
    fn place(&mut self, table: &DeTable<'_>, of: &Node<'_>) -> Option<Place> {
        let mut named = PLACES.iter().filter_map(|key| Some((*key, table.get(*key)?)));
        let (Some((key, node)), None) = (named.next(), named.next()) else {
            self.fault(Some(of), "exactly one of `pointer`, `header` and `jmespath` is expected here".into());
            return None;
        };
        match key {
            "pointer" => self.pointer(node).map(Place::Pointer),
            "header" => self.text(node).map(|name| Place::Header(name.to_ascii_lowercase())),
            _ => self.expression(node).map(Place::Expression),
        }
    }

    fn expression(&mut self, node: &Node<'_>) -> Option<Expression> {
        let text = self.text(node)?;
        match Expression::compile(text) {
            Ok(expression) => Some(expression),
            Err(fault) => {
                // Within quotes without escapes the place in the expression is the place in the file.
                let span = node.span();
                let inner = span.start + 1..span.end.saturating_sub(1);
                let plain = self.text.get(inner.clone()) == Some(text);
                let at = fault.at.filter(|_| plain).map(|at| (inner.start + at).min(inner.end));
                let span = at.map_or(span, |at| at..inner.end.max(at + 1));
                self.faults.push(MappingFault { message: fault.message, span: Some(span) });
                None
            }
        }
    }

    fn translations<K>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        words: Words,
        read_key: impl Fn(&str) -> Result<K, String>,
    ) -> Vec<(K, String)> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let Some(entries) = self.table(node) else { return Vec::new() };
        if entries.is_empty() {
            self.fault(Some(node), format!("`{key}` is empty"));
        }
        let mut translations = Vec::new();
        for (from, to) in entries {
            let to = self.word(to, words);
            match read_key(from.get_ref()) {
                Ok(from) => translations.extend(to.map(|to| (from, to))),
                Err(message) => self.faults.push(MappingFault { message, span: Some(from.span()) }),
            }
        }
        translations
    }

    fn time_take(&mut self, node: &Node<'_>) -> Option<TimeTake> {
        let table = self.table(node)?;
        self.check_keys(table, &TIME_TAKE, "a source of a time");
        let form = match table.get("time") {
            None => Some(TimeForm::Any),
            Some(node) => self.text(node).and_then(|name| match TimeForm::named(name) {
                Ok(form) => Some(form),
                Err(message) => {
                    self.fault(Some(node), message);
                    None
                }
            }),
        };
        let place = self.place(table, node)?;
        Some(TimeTake { place, form: form? })
    }

    fn hint(&mut self, node: &Node<'_>) -> Option<HintTake> {
        let table = self.table(node)?;
        self.check_keys(table, &HINT, "a hint");
        let label = self.required_text(table, "label", &node.span());
        let about = table.get("about").and_then(|node| self.text(node)).map(FactKey::from);
        let place = self.place(table, node)?;
        Some(HintTake { label, place, about })
    }

    fn no_event(&mut self, node: &Node<'_>) -> Option<NoEvent> {
        let table = self.table(node)?;
        self.check_keys(table, &NO_EVENT, "a refusal");
        let says = self.required_text(table, "says", &node.span());
        let is = self.list(table, "is", |walk, node| walk.text(node).map(str::to_lowercase)).into_iter().collect();
        let place = self.place(table, node)?;
        Some(NoEvent { place, is, says })
    }

    fn envelope(&mut self, node: &Node<'_>) -> Option<Envelope> {
        if let DeValue::String(_) = node.get_ref() {
            let name = self.word(node, Words::OneOf(&Carrier::NAMES))?;
            return Carrier::named(&name).map(Envelope::Carrier);
        }
        let table = self.table(node)?;
        self.check_keys(table, &ENVELOPES, "an envelope");
        let mut entries = table.iter();
        let (Some((kind, place)), None) = (entries.next(), entries.next()) else {
            self.fault(Some(node), format!("an envelope has exactly one of {}", ENVELOPES.map(|e| format!("`{e}`")).join(", ")));
            return None;
        };
        let pointer = self.pointer(place)?;
        match kind.get_ref().as_ref() {
            "object" => Some(Envelope::Object(pointer)),
            "json-text" => Some(Envelope::JsonText(pointer)),
            "base64-json" => Some(Envelope::Base64Json(pointer)),
            _ => None,
        }
    }

    fn pointer(&mut self, node: &Node<'_>) -> Option<Pointer> {
        match Pointer::parse(self.text(node)?) {
            Ok(pointer) => Some(pointer),
            Err(message) => {
                self.fault(Some(node), message);
                None
            }
        }
    }

    fn word(&mut self, node: &Node<'_>, words: Words) -> Option<String> {
        let word = self.text(node)?;
        match words {
            Words::OneOf(allowed) if !allowed.contains(&word) => {
                let hint = nearest(word, allowed).map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
                self.fault(Some(node), format!("`{word}` is not allowed here; {hint}one of {}", allowed.join(", ")));
                None
            }
            _ => Some(word.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
name = "acme"
title = "Acme alert"
product = "Acme"
unwrap = [{ object = "/detail" }, { base64-json = "/message/data" }]
for_each = ["/alerts"]
[fields]
kind = [{ pointer = "/sample", map = { true = "test-or-sample" } }, { constant = "security-alert" }]
title = [{ pointer = "/title" }]
severity = [{ pointer = "/level", at_least = { 0 = "low", "0.5" = "medium", 12 = "high" } }]
detected = [{ pointer = "/time", time = "naive:UTC" }]
"#;

    /// Each fault as its message and the text under its span.
    fn faults(text: &str) -> Vec<(String, String)> {
        let faults = Mapping::parse(text).expect_err("faults");
        faults.into_iter().map(|f| (f.message, f.span.map(|s| text[s].to_owned()).unwrap_or_default())).collect()
    }

    fn faults_with(from: &str, to: &str) -> Vec<(String, String)> {
        assert!(SOUND.contains(from), "{from}");
        faults(&SOUND.replace(from, to))
    }

    #[test]
    fn a_sound_mapping_is_read_with_its_bounds_in_order() {
        let mapping = Mapping::parse(SOUND).expect("sound");
        let Form::Mapped(fields) = &mapping.form else { panic!("mapped") };
        let bounds: Vec<f64> = fields.severity[0].at_least.iter().map(|(bound, _)| *bound).collect();
        assert_eq!(bounds, [0.0, 0.5, 12.0]);
        assert_eq!(fields.severity[0].translate("11.9").as_deref(), Some("medium"));
        assert_eq!(fields.severity[0].translate("-1"), None);
        assert_eq!(fields.kind[0].translate("TRUE").as_deref(), Some("test-or-sample"));
        assert!(!mapping.takes_batches() && !mapping.is_native());
    }

    #[test]
    fn every_fault_is_told_at_once_each_with_its_place() {
        let text = SOUND
            .replace("\"/title\"", "\"title\"")
            .replace("naive:UTC", "naive:Mars/Olympus")
            .replace("12 = \"high\"", "12 = \"hihg\"")
            .replace("severity =", "severty =")
            .replace("for_each", "foreach");
        let faults = faults(&text);
        let spans: Vec<&str> = faults.iter().map(|(_, span)| span.as_str()).collect();
        assert_eq!(spans, ["foreach", "severty", "\"title\"", "\"naive:Mars/Olympus\""], "{faults:?}");
        assert!(faults[0].0.contains("did you mean `for_each`?"));
        assert!(faults[1].0.contains("did you mean `severity`?"));
        assert!(faults[2].0.contains("must start with `/`"));
        assert!(faults[3].0.contains("no time zone `Mars/Olympus`"));
    }

    #[test]
    fn a_wrong_word_names_the_nearest_right_one() {
        let faults = faults_with("12 = \"high\"", "12 = \"hihg\"");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].1, "\"hihg\"");
        assert!(faults[0].0.contains("did you mean `high`?"), "{}", faults[0].0);
    }

    #[test]
    fn a_source_has_one_origin_and_one_translation() {
        assert!(
            faults_with("{ pointer = \"/title\" }", "{ pointer = \"/title\", constant = \"x\" }")[0].0.contains("exactly one")
        );
        assert!(faults_with("{ pointer = \"/title\" }", "{ map = { a = \"b\" } }")[0].0.contains("exactly one"));
        assert!(faults_with("[{ pointer = \"/title\" }]", "[]")[0].0.contains("`title` is an empty list"));
        assert!(faults_with("[{ pointer = \"/title\" }]", "\"/title\"")[0].0.contains("`title` must be a list"));
        assert!(faults_with("0 = \"low\"", "low = \"low\"")[0].0.contains("`low` is not a number"));
        assert!(faults_with("{ object = \"/detail\" }", "{ objekt = \"/detail\" }")[0].0.contains("did you mean `object`?"));
    }

    #[test]
    fn an_expression_is_compiled_when_the_mapping_is_read_and_its_fault_has_its_place() {
        let with = |expression: &str| faults_with("{ pointer = \"/title\" }", &format!("{{ jmespath = \"{expression}\" }}"));
        assert_eq!(with("a.b[?c==")[0].1, "\"", "the end of the text");
        let faults = with("a.b ]");
        assert_eq!((faults.len(), faults[0].1.as_str()), (1, "]"), "{faults:?}");
        assert!(faults[0].0.starts_with("not a JMESPath expression: "));
        assert_eq!(with("lenght(a)")[0], ("JMESPath has no function `lenght`".into(), "\"lenght(a)\"".into()));
        assert!(Mapping::parse(&SOUND.replace("{ pointer = \"/title\" }", "{ jmespath = \"a[?b].c\" }")).is_ok());
    }

    #[test]
    fn carriers_refusals_and_hints_are_read() {
        let more = "unwrap = [\"sns\", { object = \"/detail\" }]\nrefuse = [{ pointer = \"/x\", is = [\"A\"], says = \"no\" }]\n\
                    hints = [{ label = \"l\", pointer = \"/p\", about = \"people.total\" }]";
        let text = SOUND.replace("unwrap = [{ object = \"/detail\" }, { base64-json = \"/message/data\" }]", more);
        let mapping = Mapping::parse(&text).expect("sound");
        assert_eq!(mapping.hinted_facts().map(FactKey::as_str).collect::<Vec<_>>(), ["people.total"]);
        assert!(faults(&text.replace("\"sns\"", "\"snss\""))[0].0.contains("did you mean `sns`?"));
        assert!(faults(&text.replace("says = \"no\"", "sais = \"no\""))[0].0.contains("did you mean `says`?"));
        assert!(faults(&text.replace("pointer = \"/p\", ", ""))[0].0.contains("exactly one of"));
        assert!(
            faults_with("{ pointer = \"/title\" }", "{ pointer = \"/title\", before = \"\" }")[0].0.contains("`before` is empty")
        );
    }

    #[test]
    fn a_kind_that_may_come_out_empty_is_refused() {
        let faults = faults_with(", { constant = \"security-alert\" }", "");
        assert!(faults[0].0.contains("must be a constant"), "{faults:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let messages: Vec<String> = faults("batch = true").into_iter().map(|(message, _)| message).collect();
        assert_eq!(messages, ["`name` is missing", "`title` is missing", "`product` is missing", "`fields` is missing"]);
        assert!(faults_with("title = [{ pointer = \"/title\" }]", "")[0].0.contains("`title` is missing"));
    }

    #[test]
    fn text_that_is_not_toml_is_a_fault_with_a_place() {
        let faults = faults("name = \"a\nb = [");
        assert!(!faults.is_empty() && !faults[0].0.is_empty());
    }

    #[test]
    fn a_native_mapping_takes_no_fields() {
        let native = "name = \"native\"\ntitle = \"Native\"\nproduct = \"Watchbell\"\nform = \"native\"\n";
        assert!(Mapping::parse(native).expect("sound").is_native());
        assert!(faults(&format!("{native}batch = true"))[0].0.contains("no meaning"));
        assert!(faults(&native.replace("\"native\"\n", "\"nativ\"\n"))[0].0.contains("no form `nativ`"));
    }
}
