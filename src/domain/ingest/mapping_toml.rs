//! The mapping language read from TOML, every fault with its span.
//!
//! The tree is walked by hand rather than by serde, because serde stops at the first fault.

use super::mapping::{Envelope, Fields, Form, From, HintTake, Mapping, MappingFault, Take, TimeTake};
use super::payload_time::TimeForm;
use super::pointer::Pointer;
use super::report::{EvidenceKind, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Node<'i> = Spanned<DeValue<'i>>;

const TOP: [&str; 10] = ["name", "title", "product", "form", "batch", "unwrap", "for_each", "not_set", "fields", "hints"];
const FIELDS: [&str; 10] =
    ["kind", "external_id", "update_id", "tenant", "title", "severity", "status", "occurred", "detected", "updated"];
const TAKE: [&str; 6] = ["pointer", "constant", "join", "header", "map", "at_least"];
const TIME_TAKE: [&str; 2] = ["pointer", "time"];
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
    let mut walk = Walk::default();
    for error in errors {
        walk.faults.push(MappingFault { message: error.message().to_owned(), span: error.span() });
    }
    if !walk.faults.is_empty() {
        return Err(walk.faults);
    }
    let mapping = walk.mapping(document.get_ref(), document.span());
    if walk.faults.is_empty() { Ok(mapping) } else { Err(walk.faults) }
}

#[derive(Default)]
struct Walk {
    faults: Vec<MappingFault>,
}

impl Walk {
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
                for key in ["unwrap", "for_each", "not_set", "fields", "hints", "batch"] {
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
        let pointer = table.get("pointer").map(|node| self.pointer(node).map(From::Pointer));
        let constant = table.get("constant").map(|node| self.word(node, words).map(From::Constant));
        let join = table.contains_key("join").then(|| Some(From::Join(self.list(table, "join", Self::pointer))));
        let header = table.get("header").map(|node| self.text(node).map(|name| From::Header(name.to_ascii_lowercase())));
        let mut given = [pointer, constant, join, header].into_iter().flatten();
        let (Some(first), None) = (given.next(), given.next()) else {
            self.fault(Some(node), "a source has exactly one of `pointer`, `constant`, `join` and `header`".into());
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
        first.map(|from| Take { from, map, at_least })
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
        let Some(pointer) = table.get("pointer") else {
            self.faults.push(missing("pointer", &node.span()));
            return None;
        };
        let pointer = self.pointer(pointer)?;
        Some(TimeTake { pointer, form: form? })
    }

    fn hint(&mut self, node: &Node<'_>) -> Option<HintTake> {
        let table = self.table(node)?;
        self.check_keys(table, &["label", "pointer"], "a hint");
        let label = self.required_text(table, "label", &node.span());
        let Some(pointer) = table.get("pointer") else {
            self.faults.push(missing("pointer", &node.span()));
            return None;
        };
        Some(HintTake { label, pointer: self.pointer(pointer)? })
    }

    fn envelope(&mut self, node: &Node<'_>) -> Option<Envelope> {
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

    fn required_text(&mut self, table: &DeTable<'_>, key: &str, span: &Range<usize>) -> String {
        let Some(node) = table.get(key) else {
            self.faults.push(missing(key, span));
            return String::new();
        };
        let text = self.text(node).map(str::to_owned);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.fault(Some(node), format!("`{key}` is empty"));
        }
        text.unwrap_or_default()
    }

    fn list<T>(&mut self, table: &DeTable<'_>, key: &str, mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>) -> Vec<T> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let DeValue::Array(elements) = node.get_ref() else {
            self.fault(Some(node), format!("`{key}` must be a list"));
            return Vec::new();
        };
        if elements.is_empty() {
            self.fault(Some(node), format!("`{key}` is an empty list; leave it out instead"));
        }
        elements.iter().filter_map(|element| read(self, element)).collect()
    }

    fn table<'n, 'i>(&mut self, node: &'n Node<'i>) -> Option<&'n DeTable<'i>> {
        match node.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.fault(Some(node), "a table is expected here".into());
                None
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node<'_>) -> Option<&'n str> {
        match node.get_ref() {
            DeValue::String(text) => Some(text),
            _ => {
                self.fault(Some(node), "text in quotes is expected here".into());
                None
            }
        }
    }

    fn yes_no(&mut self, node: &Node<'_>) -> bool {
        match node.get_ref() {
            DeValue::Boolean(yes) => *yes,
            _ => {
                self.fault(Some(node), "`true` or `false` is expected here".into());
                false
            }
        }
    }

    fn check_keys(&mut self, table: &DeTable<'_>, allowed: &[&str], of: &str) {
        for key in table.keys().filter(|key| !allowed.contains(&key.get_ref().as_ref())) {
            let hint = match nearest(key.get_ref(), allowed) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", allowed.join(", ")),
            };
            self.faults
                .push(MappingFault { message: format!("{of} has no `{}`; {hint}", key.get_ref()), span: Some(key.span()) });
        }
    }

    fn fault(&mut self, node: Option<&Node<'_>>, message: String) {
        self.faults.push(MappingFault { message, span: node.map(Spanned::span) });
    }
}

fn missing(key: &str, span: &Range<usize>) -> MappingFault {
    MappingFault { message: format!("`{key}` is missing"), span: Some(span.clone()) }
}

/// The word most like a mistyped one.
pub(super) fn nearest<'w>(word: &str, allowed: &[&'w str]) -> Option<&'w str> {
    allowed
        .iter()
        .map(|known| (strsim::jaro_winkler(known, word), *known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
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
