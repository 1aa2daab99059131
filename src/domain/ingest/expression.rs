//! JMESPath expressions, for what no pointer reaches.
//!
//! An expression is the administrator's; the event it runs over is a stranger's. The library has
//! no fuel, so an expression is bounded when it is compiled: JMESPath only ever descends, so its
//! work is at most the event's size times what its own text multiplies. A panic inside the library
//! counts as no value.

use jmespath::ast::Ast;
use jmespath::{Context, DEFAULT_RUNTIME, Rcvar, Variable, interpret};
use serde_json::Value as Json;
use std::panic::{AssertUnwindSafe, catch_unwind};

const TEXT_MAX_BYTES: usize = 500;
const DEPTH_MAX: usize = 32;
/// Each part of `[a, b]` or `{a: b}` may carry the whole event once more.
const COPIES_MAX: usize = 12;
const INDEX_MAX: i32 = 1_000_000;
const VALUES_MAX: usize = 1000;

/// A compiled expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    compiled: jmespath::Expression<'static>,
}

/// Why an expression is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpressionFault {
    pub(super) message: String,
    /// Bytes before the fault, where the parser told.
    pub(super) at: Option<usize>,
}

/// An event as the library wants it; made once for all expressions of a mapping.
pub(super) struct Subject(Rcvar);

impl Subject {
    pub(super) fn of(json: &Json) -> Self {
        Self(variable(json))
    }
}

/// By hand, because the library goes over serde for each value.
fn variable(json: &Json) -> Rcvar {
    Rcvar::new(match json {
        Json::Null => Variable::Null,
        Json::Bool(yes) => Variable::Bool(*yes),
        Json::Number(number) => Variable::Number(number.clone()),
        Json::String(text) => Variable::String(text.clone()),
        Json::Array(elements) => Variable::Array(elements.iter().map(variable).collect()),
        Json::Object(members) => Variable::Object(members.iter().map(|(name, value)| (name.clone(), variable(value))).collect()),
    })
}

fn json(variable: &Variable) -> Option<Json> {
    Some(match variable {
        Variable::Null | Variable::Expref(_) => return None,
        Variable::Bool(yes) => Json::Bool(*yes),
        Variable::Number(number) => Json::Number(number.clone()),
        Variable::String(text) => Json::String(text.clone()),
        Variable::Array(elements) => Json::Array(elements.iter().map(|each| json(each).unwrap_or(Json::Null)).collect()),
        Variable::Object(members) => {
            Json::Object(members.iter().map(|(name, each)| (name.clone(), json(each).unwrap_or(Json::Null))).collect())
        }
    })
}

impl Expression {
    /// Compiles an expression.
    pub(super) fn compile(text: &str) -> Result<Self, ExpressionFault> {
        let fault = |message: String| ExpressionFault { message, at: None };
        if text.len() > TEXT_MAX_BYTES {
            return Err(fault(format!("an expression has at most {TEXT_MAX_BYTES} bytes")));
        }
        let compiled = catch_unwind(|| jmespath::compile(text)).map_err(|_| fault("not a JMESPath expression".into()))?.map_err(
            |error| ExpressionFault {
                message: format!("not a JMESPath expression: {}", said(&error.reason.to_string())),
                at: Some(text.chars().take(error.offset).map(char::len_utf8).sum()),
            },
        )?;
        let mut copies = 0;
        check(compiled.as_ast(), DEPTH_MAX, &mut copies).map_err(fault)?;
        if copies > COPIES_MAX {
            return Err(fault(format!("an expression builds at most {COPIES_MAX} values of its own; this one builds {copies}")));
        }
        Ok(Self { compiled })
    }

    /// The expression as written.
    pub(super) fn text(&self) -> &str {
        self.compiled.as_str()
    }

    /// What it gives over an event: the elements of a list, or one value; nothing for null and for
    /// false (so that `condition && value` reads as it looks), nor where it does not fit the event.
    pub(super) fn find(&self, subject: &Subject) -> Vec<Json> {
        let run = || interpret(&subject.0, self.compiled.as_ast(), &mut Context::new(self.text(), &DEFAULT_RUNTIME));
        let Ok(Ok(found)) = catch_unwind(AssertUnwindSafe(run)) else { return Vec::new() };
        match &*found {
            Variable::Array(elements) => elements.iter().take(VALUES_MAX).filter_map(|each| json(each)).collect(),
            Variable::Bool(false) => Vec::new(),
            one => json(one).into_iter().collect(),
        }
    }
}

/// The library's words, in the manner of ours.
fn said(reason: &str) -> String {
    let reason = reason.strip_prefix("Parse error: ").unwrap_or(reason).trim_end().replace(" -- found ", ", found ");
    let mut rest = reason.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

fn check(ast: &Ast, depth: usize, copies: &mut usize) -> Result<(), String> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(format!("an expression is nested at most {DEPTH_MAX} deep"));
    };
    let mut all = |parts: &[&Ast]| parts.iter().try_for_each(|part| check(part, deeper, copies));
    match ast {
        // A literal cannot carry the event: whatever runs over it sees the literal alone.
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Literal { .. } => Ok(()),
        Ast::Index { idx, .. } => bounded(&[Some(*idx)]),
        Ast::Slice { step: 0, .. } => Err("the step of a slice cannot be 0".into()),
        Ast::Slice { start, stop, step, .. } => bounded(&[*start, *stop, Some(*step)]),
        Ast::Expref { ast: node, .. } | Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => {
            all(&[node])
        }
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. }
        | Ast::Condition { predicate: lhs, then: rhs, .. } => all(&[lhs, rhs]),
        Ast::Function { name, args, .. } => {
            if DEFAULT_RUNTIME.get_function(name).is_none() {
                return Err(format!("JMESPath has no function `{name}`"));
            }
            args.iter().try_for_each(|arg| check(arg, deeper, copies))
        }
        Ast::MultiList { elements, .. } => {
            *copies += elements.len();
            elements.iter().try_for_each(|element| check(element, deeper, copies))
        }
        Ast::MultiHash { elements, .. } => {
            *copies += elements.len();
            elements.iter().try_for_each(|pair| check(&pair.value, deeper, copies))
        }
    }
}

fn bounded(numbers: &[Option<i32>]) -> Result<(), String> {
    let out = numbers.iter().flatten().any(|number| !(-INDEX_MAX..=INDEX_MAX).contains(number));
    if out { Err(format!("a place in a list lies within {INDEX_MAX}")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(text: &str, event: &Json) -> Vec<Json> {
        Expression::compile(text).expect("an expression").find(&Subject::of(event))
    }

    fn fault(text: &str) -> String {
        Expression::compile(text).expect_err("a fault").message
    }

    #[test]
    fn it_reaches_what_no_pointer_does() {
        let event = json!({"type": 3, "source": "j.doe", "history": {"1700000100.5": {}, "1700000000": {}},
            "evidence": [{"kind": "ip", "name": "x"}, {"kind": "user", "name": "y"}]});
        assert_eq!(found("type == `3` && source", &event), [json!("j.doe")]);
        assert_eq!(found("evidence[?kind=='user'].name", &event), [json!("y")]);
        assert_eq!(found("max(map(&to_number(@), keys(history)))", &event), [json!(1_700_000_100.5)]);
        assert_eq!(found("{a: source}", &event), [json!({"a": "j.doe"})]);
    }

    #[test]
    fn what_does_not_fit_the_event_is_no_value() {
        for text in [
            "contains(nothing, 'x')",
            "length(type)",
            "nothing.at.all",
            "&type",
            "sum(evidence)",
            "[nothing]",
            "type == `4` && type",
        ] {
            assert_eq!(found(text, &json!({"type": 3, "evidence": ["a"]})), Vec::<Json>::new(), "{text}");
        }
        assert_eq!(found("a[-1000000:1000000:1000000]", &json!({"a": [1, 2]})), [json!(1)]);
    }

    #[test]
    fn what_could_run_away_is_refused_when_it_is_compiled() {
        assert!(fault(&"a".repeat(501)).contains("at most 500 bytes"));
        assert!(fault(&format!("{}a{}", "!(".repeat(60), ")".repeat(60))).contains("nested at most 32"));
        assert!(fault("[@,@,@][].[@,@,@][].[@,@,@][].[@,@,@][].[@,@,@]").contains("builds 15"));
        assert!(fault("a[-2147483647]").contains("within 1000000"));
        assert!(fault("a[::0]").contains("cannot be 0"));
        assert!(fault("lenght(a)").contains("no function `lenght`"));
    }

    #[test]
    fn a_fault_of_spelling_has_its_place() {
        let fault = Expression::compile("a.b[?c").expect_err("a fault");
        assert!(fault.message.starts_with("not a JMESPath expression: ") && fault.at == Some(6), "{fault:?}");
        assert_eq!(Expression::compile("ä").expect_err("a fault").at, Some(0));
        assert!(Expression::compile("").is_err());
    }
}
