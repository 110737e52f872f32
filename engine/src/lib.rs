//! The gate in front of the engine: its loader is only safe on modules that a complete
//! validator has passed, so every module goes through here first.
//!
//! The C side of this interface, with its contract, is `native/hb_beamr/lib/src/validator.h`.

mod digest;

use std::ffi::{c_char, c_void};
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;

use wasmparser::{
    AbstractHeapType, FuncValidator, FuncValidatorAllocations, FunctionBody, HeapType, Parser,
    Payload, TypeRef, ValType, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

const VALID: i32 = 0;
const INVALID: i32 = 1;
const INTERNAL_ERROR: i32 = 2;

const MAGIC: &[u8; 4] = b"\0asm";
const AOT_MAGIC: &[u8; 4] = b"\0aot";
const HEADER_LEN: usize = 8;

/// What the engine runs, no more: a proposal that is missing here is refused by name.
const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::GC_TYPES) // only makes `externref` a type; GC itself is off
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MEMORY64);

/// What is lowered to the features above before the engine sees it: both ways of exceptions.
const LOWERED_FEATURES: WasmFeatures =
    WasmFeatures::EXCEPTIONS.union(WasmFeatures::LEGACY_EXCEPTIONS);

/// What only compiled code can do.
const COMPILED_FEATURES: WasmFeatures = WasmFeatures::SIMD;

const DROP: u8 = 0x1A;
const REF_IS_NULL: u8 = 0xD1;

/// The engine keeps 3 bytes a local of each function, and a few bytes of a module declare 50,000.
const MAX_LOCALS: u64 = 10_000_000;

/// The engine keeps up to 16 bytes an element in each instance, and all of them are in use from
/// the beginning.
const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

struct Refusal {
    message: String,
    offset: usize,
}

impl Refusal {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset }
    }
}

impl From<wasmparser::BinaryReaderError> for Refusal {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::new(error.message(), error.offset())
    }
}

/// Says what a wrong file is, where the parser would only name its first bytes.
fn check_header(bytes: &[u8]) -> Result<(), Refusal> {
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if bytes.is_empty() {
        Err(Refusal::new("not a WebAssembly module: it is empty", 0))
    } else if magic == AOT_MAGIC {
        Err(Refusal::new("not a WebAssembly module: it is an AOT file", 0))
    } else if !MAGIC.starts_with(magic) {
        Err(Refusal::new("not a WebAssembly module: it does not begin with \"\\0asm\"", 0))
    } else if bytes.len() < HEADER_LEN {
        Err(Refusal::new("not a WebAssembly module: it ends within its header", bytes.len()))
    } else if bytes[6..HEADER_LEN] == [1, 0] {
        Err(Refusal::new("not a WebAssembly module: it is a component", MAGIC.len()))
    } else if bytes[MAGIC.len()..HEADER_LEN] != [1, 0, 0, 0] {
        Err(Refusal::new("not a WebAssembly module of version 1", MAGIC.len()))
    } else {
        Ok(())
    }
}

/// What a module declares all in all: no part of it need be too much for the whole to be.
#[derive(Default)]
struct Totals {
    locals: u64,
    table_elements: u64,
}

impl Totals {
    fn add(&mut self, payload: &Payload) -> Result<(), Refusal> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_iter_with_offsets() {
                    if let (offset, TypeRef::Table(table)) = import.map(|(o, i)| (o, i.ty))? {
                        self.add_table(table.initial, offset)?;
                    }
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone().into_iter_with_offsets() {
                    let (offset, table) = table?;
                    self.add_table(table.ty.initial, offset)?;
                }
            }
            Payload::CodeSectionEntry(body) => {
                for locals in body.get_locals_reader()? {
                    self.locals += u64::from(locals?.0);
                }
                if self.locals > MAX_LOCALS {
                    let message = format!("the functions have more than {MAX_LOCALS} locals");
                    return Err(Refusal::new(message, body.range().start));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_table(&mut self, elements: u64, offset: usize) -> Result<(), Refusal> {
        self.table_elements = self.table_elements.saturating_add(elements);
        if self.table_elements > MAX_TABLE_ELEMENTS {
            let message = format!("the tables have more than {MAX_TABLE_ELEMENTS} elements");
            return Err(Refusal::new(message, offset));
        }
        Ok(())
    }
}

fn memory_is_short(offset: usize) -> Refusal {
    Refusal::new("memory is short", offset)
}

/// Told where an instruction that is the same for all types has an `exnref` operand; false: stop.
type OnExnref<'a> = &'a mut dyn FnMut(usize) -> bool;

fn is_exnref(operand: Option<Option<ValType>>) -> bool {
    let Some(Some(ValType::Ref(reference))) = operand else { return false };
    matches!(
        reference.heap_type(),
        HeapType::Abstract { ty: AbstractHeapType::Exn | AbstractHeapType::NoExn, .. }
    )
}

/// As `FuncValidator::validate`, looking at the operands as it goes. `bytes` is the whole module.
fn validate_function(
    function: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody,
    bytes: &[u8],
    on_exnref: OnExnref,
) -> Result<(), Refusal> {
    function.read_locals(&mut body.get_binary_reader())?;
    let mut reader = body.get_binary_reader_for_operators()?;
    while !reader.eof() {
        let offset = reader.original_position();
        if matches!(bytes[offset], DROP | REF_IS_NULL)
            && is_exnref(function.get_operand_type(0))
            && !on_exnref(offset)
        {
            return Err(memory_is_short(offset));
        }
        reader.visit_operator(&mut function.visitor(offset))??;
    }
    reader.finish_expression(&function.visitor(reader.original_position()))?;
    Ok(())
}

fn validate(
    bytes: &[u8],
    features: WasmFeatures,
    mut on_exnref: Option<OnExnref>,
) -> Result<(), Refusal> {
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut validator = Validator::new_with_features(features);
    let mut allocations = FuncValidatorAllocations::default();
    let mut totals = Totals::default();
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        let valid = validator.payload(&payload)?;
        totals.add(&payload)?;
        if let ValidPayload::Func(function, body) = valid {
            let mut function = function.into_validator(allocations);
            match &mut on_exnref {
                None => function.validate(&body)?,
                Some(on_exnref) => validate_function(&mut function, &body, bytes, on_exnref)?,
            }
            allocations = function.into_allocations();
        }
    }
    Ok(())
}

/// Validates, and answers where instructions that are the same for all types have `exnref` operands.
fn find_exnrefs(bytes: &[u8], features: WasmFeatures) -> Result<Vec<usize>, Refusal> {
    let mut offsets = Vec::new();
    let mut note = |offset| {
        let has_room = offsets.try_reserve(1).is_ok();
        if has_room {
            offsets.push(offset);
        }
        has_room
    };
    validate(bytes, features, Some(&mut note))?;
    Ok(offsets)
}

/// What a valid module uses of the features that need more than the engine's interpreter.
#[derive(Clone, Copy, Default)]
struct Uses {
    exceptions: bool,
    simd: bool,
}

/// Most modules use neither, and are validated once, at full speed.
fn inspect(bytes: &[u8], on_exnref: OnExnref) -> Result<Uses, Refusal> {
    check_header(bytes)?;
    if validate(bytes, FEATURES, None).is_ok() {
        return Ok(Uses::default());
    }
    if validate(bytes, FEATURES.union(COMPILED_FEATURES), None).is_ok() {
        return Ok(Uses { exceptions: false, simd: true });
    }
    let lowered = FEATURES.union(LOWERED_FEATURES);
    let (simd, exnref_operands) = match find_exnrefs(bytes, lowered) {
        Ok(offsets) => (false, offsets),
        Err(_) => (true, find_exnrefs(bytes, lowered.union(COMPILED_FEATURES))?),
    };
    for offset in exnref_operands {
        if !on_exnref(offset) {
            return Err(memory_is_short(offset));
        }
    }
    Ok(Uses { exceptions: true, simd })
}

/// Copies as many whole characters of `text` as fit before the terminating NUL.
fn copy_text(text: &str, to: &mut [u8]) {
    let Some(room) = to.len().checked_sub(1) else { return };
    let mut len = room.min(text.len());
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    // A name out of the module may be quoted in the text, and it may hold a NUL.
    for (to, byte) in to.iter_mut().zip(text.as_bytes()[..len].iter()) {
        *to = if *byte == 0 { b'?' } else { *byte };
    }
    to[len] = 0;
}

/// `hb_validator_findings_t`.
#[repr(C)]
pub struct Findings {
    uses_exceptions: bool,
    uses_simd: bool,
    context: *mut c_void,
    on_exnref: Option<unsafe extern "C" fn(context: *mut c_void, offset: u64) -> bool>,
}

/// # Safety
///
/// As in `validator.h`: `bytes` is readable for `len` bytes, `message` writable for
/// `message_len`; either pointer may be null when its length is 0. `offset` and `findings` are null
/// or writable.
#[no_mangle]
pub unsafe extern "C" fn hb_validator_validate(
    bytes: *const u8,
    len: usize,
    message: *mut c_char,
    message_len: usize,
    offset: *mut u64,
    findings: *mut Findings,
) -> i32 {
    // A panic is reported by return value; nothing here ever writes to stderr.
    static QUIET: Once = Once::new();

    let outcome = catch_unwind(AssertUnwindSafe(|| {
        QUIET.call_once(|| set_hook(Box::new(|_| {})));
        let bytes = if len == 0 { &[][..] } else { std::slice::from_raw_parts(bytes, len) };
        inspect(bytes, &mut |offset| match findings.as_ref() {
            Some(Findings { context, on_exnref: Some(on_exnref), .. }) => {
                on_exnref(*context, offset as u64)
            }
            _ => true,
        })
    }));
    let (code, uses, refusal) = match outcome {
        Ok(Ok(uses)) => (VALID, uses, Refusal::new("", 0)),
        Ok(Err(refusal)) => (INVALID, Uses::default(), refusal),
        Err(_) => (INTERNAL_ERROR, Uses::default(), Refusal::new("the validator failed", 0)),
    };

    if message_len != 0 {
        copy_text(&refusal.message, std::slice::from_raw_parts_mut(message.cast(), message_len));
    }
    if !offset.is_null() {
        *offset = refusal.offset as u64;
    }
    if let Some(findings) = findings.as_mut() {
        findings.uses_exceptions = uses.exceptions;
        findings.uses_simd = uses.simd;
    }
    code
}
