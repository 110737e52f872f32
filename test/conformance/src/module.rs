//! What a module is: its bytes, what it needs, what it imports and exports.

use wasmparser::types::{EntityType, Types, TypesRef};
use wasmparser::{
    Export, ExternalKind, Import, Parser, Payload, RefType, TypeRef, ValType, Validator,
    WasmFeatures,
};

use crate::term::{tuple, Term};

/// What the validator has only together with others is taken away together with them.
const GC: WasmFeatures = WasmFeatures::GC.union(WasmFeatures::CUSTOM_DESCRIPTORS);
const FUNCTION_REFERENCES: WasmFeatures = WasmFeatures::FUNCTION_REFERENCES.union(GC);

/// The proposals that a module can be asked about, under the names of the report.
const PROPOSALS: &[(&str, WasmFeatures)] = &[
    ("mutable_global", WasmFeatures::MUTABLE_GLOBAL),
    ("saturating_float_to_int", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("sign_extension", WasmFeatures::SIGN_EXTENSION),
    ("multi_value", WasmFeatures::MULTI_VALUE),
    ("bulk_memory", WasmFeatures::BULK_MEMORY),
    ("reference_types", WasmFeatures::REFERENCE_TYPES),
    ("simd", WasmFeatures::SIMD),
    ("tail_call", WasmFeatures::TAIL_CALL),
    ("extended_const", WasmFeatures::EXTENDED_CONST),
    ("memory64", WasmFeatures::MEMORY64),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("legacy_exceptions", WasmFeatures::LEGACY_EXCEPTIONS),
    ("multi_memory", WasmFeatures::MULTI_MEMORY),
    ("function_references", FUNCTION_REFERENCES),
    ("gc", GC),
    ("relaxed_simd", WasmFeatures::RELAXED_SIMD),
    ("threads", WasmFeatures::THREADS),
    ("shared_everything_threads", WasmFeatures::SHARED_EVERYTHING_THREADS),
    ("custom_page_sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    ("custom_descriptors", WasmFeatures::CUSTOM_DESCRIPTORS),
    ("wide_arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    ("stack_switching", WasmFeatures::STACK_SWITCHING),
    ("memory_control", WasmFeatures::MEMORY_CONTROL),
    ("compact_imports", WasmFeatures::COMPACT_IMPORTS),
];

/// What no proposal is about.
const ALWAYS: WasmFeatures = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);

/// `{wasm, Bytes, Validity, Needs, Imports, Exports, HasStart}`.
///
/// `Validity` is that under all proposals, `valid` or `invalid`. `Needs` are those without which the
/// validator says something else than with all.
pub fn describe(bytes: Vec<u8>) -> Term {
    let all = everything();
    let outcome = validate(&bytes, all);
    let mut needs: Vec<_> = PROPOSALS
        .iter()
        .filter(|(_, feature)| differs(&outcome, &validate(&bytes, all.difference(*feature))))
        .map(|(name, _)| *name)
        .collect();
    let (validity, description) = match &outcome {
        Ok(types) => ("valid", Description::read(&bytes, types.as_ref())),
        Err(_) => ("invalid", Description::default()),
    };
    // The validator takes these for granted.
    if description.has_exact_functions && !needs.contains(&"custom_descriptors") {
        needs.push("custom_descriptors");
    }
    tuple!(
        Term::Atom("wasm"),
        Term::Binary(bytes),
        Term::Atom(validity),
        Term::List(needs.into_iter().map(Term::Atom).collect()),
        Term::List(description.imports),
        Term::List(description.exports),
        Term::Atom(if description.has_start { "true" } else { "false" }),
    )
}

fn everything() -> WasmFeatures {
    PROPOSALS.iter().fold(ALWAYS, |all, (_, feature)| all.union(*feature))
}

type Outcome = Result<Types, wasmparser::Error>;

fn validate(bytes: &[u8], features: WasmFeatures) -> Outcome {
    Validator::new_with_features(features).validate_all(bytes)
}

fn differs(a: &Outcome, b: &Outcome) -> bool {
    match (a, b) {
        (Ok(_), Ok(_)) => false,
        (Err(a), Err(b)) => a.message() != b.message() || a.offset() != b.offset(),
        _ => true,
    }
}

/// What a valid module tells about itself.
#[derive(Default)]
struct Description {
    /// `{Module, Name, Type}`.
    imports: Vec<Term>,
    /// `{Name, Type, {import, Position} | {own, Index}}`.
    exports: Vec<Term>,
    has_start: bool,
    has_exact_functions: bool,
}

impl Description {
    fn read(bytes: &[u8], types: TypesRef) -> Self {
        let mut description = Self::default();
        let mut imports = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.expect("a valid module") {
                Payload::ImportSection(section) => {
                    imports.extend(section.into_imports().map(|import| import.expect("valid")));
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.expect("a valid module");
                        description.exports.push(exported(&export, &imports, types));
                    }
                }
                Payload::StartSection { .. } => description.has_start = true,
                _ => {}
            }
        }
        description.has_exact_functions =
            imports.iter().any(|import| matches!(import.ty, TypeRef::FuncExact(_)));
        description.imports = imports.iter().map(|import| imported(import, types)).collect();
        description
    }
}

fn imported(import: &Import, types: TypesRef) -> Term {
    let entity = types.entity_type_from_import(import).expect("a valid module");
    tuple!(Term::text(import.module), Term::text(import.name), entity_type(&entity, types))
}

fn exported(export: &Export, imports: &[Import], types: TypesRef) -> Term {
    let entity = types.entity_type_from_export(export).expect("a valid module");
    // Imports come first in each index space.
    let position = imports
        .iter()
        .enumerate()
        .filter(|(_, import)| is_of_kind(import.ty, export.kind))
        .nth(export.index as usize)
        .map(|(position, _)| position as u64);
    let origin = match position {
        Some(position) => tuple!(Term::Atom("import"), position.into()),
        None => tuple!(Term::Atom("own"), u64::from(export.index).into()),
    };
    tuple!(Term::text(export.name), entity_type(&entity, types), origin)
}

fn is_of_kind(import: TypeRef, kind: ExternalKind) -> bool {
    use ExternalKind as Kind;
    match import {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => matches!(kind, Kind::Func | Kind::FuncExact),
        TypeRef::Table(_) => kind == Kind::Table,
        TypeRef::Memory(_) => kind == Kind::Memory,
        TypeRef::Global(_) => kind == Kind::Global,
        TypeRef::Tag(_) => kind == Kind::Tag,
    }
}

/// `{func, Signature}`, `{table, Type, IndexType, Minimum, Maximum}`, `{memory, IndexType, Minimum,
/// Maximum}`, `{global, Type, const | var}` or `{tag, Signature}`.
fn entity_type(entity: &EntityType, types: TypesRef) -> Term {
    match entity {
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            tuple!(Term::Atom("func"), signature(types[*id].unwrap_func()))
        }
        EntityType::Tag(id) => {
            tuple!(Term::Atom("tag"), signature(types[*id].unwrap_func()))
        }
        EntityType::Table(table) => tuple!(
            Term::Atom("table"),
            Term::Atom(value_type(ValType::Ref(table.element_type)).0),
            Term::Atom(index_type(table.table64)),
            table.initial.into(),
            Term::optional(table.maximum.map(Term::from)),
        ),
        EntityType::Memory(memory) => tuple!(
            Term::Atom("memory"),
            Term::Atom(index_type(memory.memory64)),
            memory.initial.into(),
            Term::optional(memory.maximum.map(Term::from)),
        ),
        EntityType::Global(global) => tuple!(
            Term::Atom("global"),
            Term::Atom(value_type(global.content_type).0),
            Term::Atom(if global.mutable { "var" } else { "const" }),
        ),
    }
}

fn index_type(is_64: bool) -> &'static str {
    if is_64 {
        "i64"
    } else {
        "i32"
    }
}

/// The type's name and its letter in signatures. Types of proposals that are not accepted have none.
fn value_type(value: ValType) -> (&'static str, char) {
    match value {
        ValType::I32 => ("i32", 'i'),
        ValType::I64 => ("i64", 'I'),
        ValType::F32 => ("f32", 'f'),
        ValType::F64 => ("f64", 'F'),
        ValType::V128 => ("v128", 'V'),
        ValType::Ref(RefType::FUNCREF) => ("funcref", 'p'),
        ValType::Ref(RefType::EXTERNREF) => ("externref", 'r'),
        ValType::Ref(RefType::EXNREF) => ("exnref", 'e'),
        ValType::Ref(_) => ("other", '?'),
    }
}

fn signature(function: &wasmparser::FuncType) -> Term {
    let letters =
        |values: &[ValType]| -> String { values.iter().map(|v| value_type(*v).1).collect() };
    Term::text(&format!("({}){}", letters(function.params()), letters(function.results())))
}
