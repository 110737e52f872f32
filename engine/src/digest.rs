//! The digest of compiled modules. Its C side is `native/hb_beamr/lib/src/validator.h`.

use sha2::{Digest, Sha256};

/// # Safety
///
/// `bytes` is readable for `len` bytes and may be null if that is 0; `digest` is writable for 32.
#[no_mangle]
pub unsafe extern "C" fn hb_validator_sha256(bytes: *const u8, len: usize, digest: *mut u8) {
    let bytes = if len == 0 { &[][..] } else { std::slice::from_raw_parts(bytes, len) };
    let sum = Sha256::digest(bytes);
    std::ptr::copy_nonoverlapping(sum.as_ptr(), digest, sum.len());
}
