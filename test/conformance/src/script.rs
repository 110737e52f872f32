//! A script's directives as terms. `hb_beamr_conformance` describes their forms.

use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{
    QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat,
};

use crate::module;
use crate::term::{tuple, Term};

/// `{script, [{Line, Directive}]}`, or `{unreadable, Text}` for a script that this program's parser
/// does not know.
pub fn convert(text: &str) -> Term {
    let directives = buffer(text).and_then(|buffer| {
        let script = parser::parse::<Wast>(&buffer)?;
        let lines = Lines::of(text);
        Ok(script.directives.into_iter().map(|directive| lines.directive(directive)).collect())
    });
    match directives {
        Ok(directives) => tuple!(Term::Atom("script"), Term::List(directives)),
        Err(mut error) => {
            error.set_text(text);
            tuple!(Term::Atom("unreadable"), Term::text(&error.message()))
        }
    }
}

/// Names in the official scripts hold every character there is.
fn buffer(text: &str) -> Result<ParseBuffer<'_>, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(i, _)| i).collect())
    }

    /// Counted from 1.
    fn number(&self, span: Span) -> Term {
        Term::from(self.0.partition_point(|end| *end < span.offset()) as u64 + 1)
    }

    fn directive(&self, directive: WastDirective) -> Term {
        let line = self.number(directive.span());
        tuple!(line, convert_directive(directive))
    }
}

fn convert_directive(directive: WastDirective) -> Term {
    match directive {
        WastDirective::Module(module) => defined("module", module),
        WastDirective::ModuleDefinition(module) => defined("definition", module),
        WastDirective::ModuleInstance { instance, module, .. } => {
            tuple!(Term::Atom("instance"), id(instance), id(module))
        }
        WastDirective::Register { name, module, .. } => {
            tuple!(Term::Atom("register"), Term::text(name), id(module))
        }
        WastDirective::Invoke(invoke) => tuple!(Term::Atom("action"), invocation(invoke)),
        WastDirective::AssertReturn { exec, results, .. } => tuple!(
            Term::Atom("assert_return"),
            action(exec),
            Term::List(results.into_iter().map(result).collect())
        ),
        WastDirective::AssertTrap { exec, message, .. } => {
            tuple!(Term::Atom("assert_trap"), action(exec), Term::text(message))
        }
        WastDirective::AssertExhaustion { call, message, .. } => {
            tuple!(Term::Atom("assert_exhaustion"), invocation(call), Term::text(message))
        }
        WastDirective::AssertException { exec, .. } => {
            tuple!(Term::Atom("assert_exception"), action(exec))
        }
        WastDirective::AssertInvalid { module, message, .. } => {
            refusal("assert_invalid", module, message)
        }
        WastDirective::AssertMalformed { module, message, .. } => {
            refusal("assert_malformed", module, message)
        }
        WastDirective::AssertUnlinkable { module, message, .. } => {
            refusal("assert_unlinkable", QuoteWat::Wat(module), message)
        }
        WastDirective::AssertInvalidCustom { .. } => other("assert_invalid_custom"),
        WastDirective::AssertMalformedCustom { .. } => other("assert_malformed_custom"),
        WastDirective::AssertSuspension { .. } => other("assert_suspension"),
        WastDirective::Thread(_) => other("thread"),
        WastDirective::Wait { .. } => other("wait"),
    }
}

fn other(name: &'static str) -> Term {
    tuple!(Term::Atom("other"), Term::Atom(name))
}

fn defined(kind: &'static str, module: QuoteWat) -> Term {
    tuple!(Term::Atom(kind), id(module.name()), source(module))
}

fn refusal(kind: &'static str, module: QuoteWat, message: &str) -> Term {
    tuple!(Term::Atom(kind), source(module), Term::text(message))
}

fn id(id: Option<Id>) -> Term {
    Term::optional(id.map(|id| Term::text(id.name())))
}

/// What `module::describe` says, or `{no_text, Message}` where the text format is wrong already.
fn source(module: QuoteWat) -> Term {
    match encode(module) {
        Ok(bytes) => module::describe(bytes),
        Err(error) => tuple!(Term::Atom("no_text"), Term::text(&error.message())),
    }
}

fn encode(mut module: QuoteWat) -> Result<Vec<u8>, wast::Error> {
    match module.to_test()? {
        QuoteWatTest::Binary(bytes) => Ok(bytes),
        QuoteWatTest::Text(text) => {
            let text = std::str::from_utf8(&text)
                .map_err(|_| wast::Error::new(module.span(), "malformed UTF-8 encoding".into()))?;
            parser::parse::<Wat>(&buffer(text)?)?.encode()
        }
    }
}

fn action(action: WastExecute) -> Term {
    match action {
        WastExecute::Invoke(invoke) => invocation(invoke),
        WastExecute::Wat(module) => {
            tuple!(Term::Atom("start"), source(QuoteWat::Wat(module)))
        }
        WastExecute::Get { module, global, .. } => {
            tuple!(Term::Atom("get"), id(module), Term::text(global))
        }
    }
}

fn invocation(invoke: WastInvoke) -> Term {
    tuple!(
        Term::Atom("invoke"),
        id(invoke.module),
        Term::text(invoke.name),
        Term::List(invoke.args.into_iter().map(argument).collect())
    )
}

fn value(kind: &'static str, value: impl Into<Term>) -> Term {
    tuple!(Term::Atom(kind), value.into())
}

fn bits(bits: impl Into<u64>) -> Term {
    Term::from(bits.into())
}

fn argument(argument: WastArg) -> Term {
    match argument {
        WastArg::Core(WastArgCore::I32(v)) => value("i32", i64::from(v)),
        WastArg::Core(WastArgCore::I64(v)) => value("i64", v),
        WastArg::Core(WastArgCore::F32(v)) => value("f32", bits(v.bits)),
        WastArg::Core(WastArgCore::F64(v)) => value("f64", bits(v.bits)),
        WastArg::Core(WastArgCore::V128(v)) => {
            value("v128", Term::Binary(v.to_le_bytes().to_vec()))
        }
        WastArg::Core(WastArgCore::RefNull(_)) => Term::Atom("null"),
        WastArg::Core(WastArgCore::RefExtern(v)) => value("extern", bits(v)),
        WastArg::Core(WastArgCore::RefHost(v)) => value("host", bits(v)),
        _ => other("argument"),
    }
}

fn result(result: WastRet) -> Term {
    match result {
        WastRet::Core(result) => pattern(result),
        _ => other("result"),
    }
}

fn pattern(pattern_of: WastRetCore) -> Term {
    match pattern_of {
        WastRetCore::I32(v) => value("i32", i64::from(v)),
        WastRetCore::I64(v) => value("i64", v),
        WastRetCore::F32(v) => float("f32", &v, |v| bits(v.bits)),
        WastRetCore::F64(v) => float("f64", &v, |v| bits(v.bits)),
        WastRetCore::V128(v) => vector(v),
        WastRetCore::RefNull(_) => Term::Atom("null"),
        WastRetCore::RefExtern(Some(v)) => value("extern", bits(v)),
        WastRetCore::RefExtern(None) => Term::Atom("extern"),
        WastRetCore::RefHost(v) => value("host", bits(v)),
        WastRetCore::RefFunc(_) => Term::Atom("func"),
        WastRetCore::Either(patterns) => {
            tuple!(Term::Atom("either"), Term::List(patterns.into_iter().map(pattern).collect()))
        }
        // Of the proposal gc.
        _ => other("result"),
    }
}

fn float<T>(kind: &'static str, pattern: &NanPattern<T>, bits: impl Fn(&T) -> Term) -> Term {
    let pattern = match pattern {
        NanPattern::CanonicalNan => Term::Atom("canonical"),
        NanPattern::ArithmeticNan => Term::Atom("arithmetic"),
        NanPattern::Value(v) => bits(v),
    };
    tuple!(Term::Atom(kind), pattern)
}

/// `{v128, [{LaneType, Pattern}]}`. Lanes of integers hold their bits.
fn vector(pattern: V128Pattern) -> Term {
    let lanes = match pattern {
        V128Pattern::I8x16(v) => v.map(|v| value("i8", bits(v as u8))).to_vec(),
        V128Pattern::I16x8(v) => v.map(|v| value("i16", bits(v as u16))).to_vec(),
        V128Pattern::I32x4(v) => v.map(|v| value("i32", bits(v as u32))).to_vec(),
        V128Pattern::I64x2(v) => v.map(|v| value("i64", bits(v as u64))).to_vec(),
        V128Pattern::F32x4(v) => v.map(|v| float("f32", &v, |v| bits(v.bits))).to_vec(),
        V128Pattern::F64x2(v) => v.map(|v| float("f64", &v, |v| bits(v.bits))).to_vec(),
    };
    tuple!(Term::Atom("v128"), Term::List(lanes))
}
