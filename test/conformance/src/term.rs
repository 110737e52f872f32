//! Terms of Erlang in its external format, as `binary_to_term/1` reads them.

const VERSION: u8 = 131;
const INTEGER: u8 = 98;
const SMALL_BIG: u8 = 110;
const ATOM: u8 = 119;
const TUPLE: u8 = 105;
const NIL: u8 = 106;
const LIST: u8 = 108;
const BINARY: u8 = 109;

/// A term. Atoms are those of this program's source, so there are few.
#[derive(Clone, Debug)]
pub enum Term {
    Atom(&'static str),
    Integer(i128),
    Binary(Vec<u8>),
    Tuple(Vec<Term>),
    List(Vec<Term>),
}

impl Term {
    pub fn text(text: &str) -> Self {
        Self::Binary(text.as_bytes().to_vec())
    }

    /// The term, or the atom `none`.
    pub fn optional(term: Option<Term>) -> Self {
        term.unwrap_or(Self::Atom("none"))
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.append_to(&mut bytes);
        bytes
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Atom(name) => {
                bytes.extend([ATOM, u8::try_from(name.len()).expect("a short atom")]);
                bytes.extend(name.as_bytes());
            }
            Self::Integer(value) => append_integer(*value, bytes),
            Self::Binary(contents) => {
                bytes.push(BINARY);
                append_len(contents.len(), bytes);
                bytes.extend(contents);
            }
            Self::Tuple(elements) => {
                bytes.push(TUPLE);
                append_len(elements.len(), bytes);
                elements.iter().for_each(|element| element.append_to(bytes));
            }
            Self::List(elements) => {
                // The empty list has no other form.
                if !elements.is_empty() {
                    bytes.push(LIST);
                    append_len(elements.len(), bytes);
                    elements.iter().for_each(|element| element.append_to(bytes));
                }
                bytes.push(NIL);
            }
        }
    }
}

impl From<u64> for Term {
    fn from(value: u64) -> Self {
        Self::Integer(value.into())
    }
}

impl From<i64> for Term {
    fn from(value: i64) -> Self {
        Self::Integer(value.into())
    }
}

fn append_len(len: usize, bytes: &mut Vec<u8>) {
    bytes.extend(u32::try_from(len).expect("less than 4 GiB").to_be_bytes());
}

fn append_integer(value: i128, bytes: &mut Vec<u8>) {
    if let Ok(small) = i32::try_from(value) {
        bytes.push(INTEGER);
        bytes.extend(small.to_be_bytes());
    } else {
        let magnitude = u64::try_from(value.unsigned_abs()).expect("at most 64 bits");
        bytes.extend([SMALL_BIG, 8, u8::from(value < 0)]);
        bytes.extend(magnitude.to_le_bytes());
    }
}

/// A tuple of terms.
macro_rules! tuple {
    ($($element:expr),+ $(,)?) => { $crate::term::Term::Tuple(vec![$($element),+]) };
}
pub(crate) use tuple;
