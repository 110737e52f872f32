/**
 * The validator: engine/src/lib.rs, a static library in Rust over the crate `wasmparser`.
 *
 * The engine's loader is only safe on modules that a complete validator has passed, so no bytes
 * reach it that hb_validator_validate() has not found valid.
 *
 * Accepted are WebAssembly 1.0 and, of the later proposals, exactly those that the engine runs:
 * mutable globals, sign extension, saturating float-to-int conversions, multiple values, bulk
 * memory, reference types, tail calls, extended constant expressions and 64-bit memories and
 * tables; exceptions of both kinds (`try` and `try_table`), which are lowered before the engine
 * sees them; and SIMD with 128 bits, which only compiled code can use. All else is refused by name:
 * relaxed SIMD, threads, several memories, GC, components.
 *
 * Limits (all above them is invalid): 1,000,000 types, functions, imports, exports and globals
 * each; 100,000 data and element segments each; 100 tables with 10,000,000 initial elements in all;
 * 7,654,321 bytes, 50,000 locals, 1,000 parameters and 1,000 results a function, 10,000,000 locals
 * in all; names of 100,000 bytes; 65,536 pages of a 32-bit memory. Custom sections are skipped,
 * their content is not looked at. Validating takes about 6 ms and a few hundred KB of memory a
 * megabyte.
 */

#ifndef HB_BEAMR_VALIDATOR_H
#define HB_BEAMR_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  HB_VALIDATOR_VALID = 0,
  HB_VALIDATOR_INVALID = 1,
  HB_VALIDATOR_INTERNAL_ERROR = 2,
};

/** What else the validator has seen. */
typedef struct {
  /** Set: the module is valid only with exceptions. */
  bool uses_exceptions;
  /** Set: the module is valid only with SIMD. */
  bool uses_simd;
  /** For `on_exnref`; the validator does not look at it. */
  void *context;
  /**
   * Called for each `drop` and `ref.is_null` that has an operand of type `exnref`, with its offset in
   * the module, in rising order, once the whole module has been found valid. These two
   * instructions alone do not say what they work on. False: no memory, stop. May be NULL.
   */
  bool (*on_exnref)(void *context, uint64_t offset);
} hb_validator_findings_t;

/**
 * Validates a module in full.
 *
 * @param bytes        Borrowed, `len` bytes; may be NULL if `len` is 0.
 * @param len          Its length in bytes.
 * @param[out] message Caller-owned, `message_len` bytes. Gets the reason, as UTF-8 cut at a whole
 *                     character, and a NUL; the empty string if the module is valid. May be NULL
 *                     if `message_len` is 0.
 * @param message_len  Its size in bytes; 256 holds most reasons.
 * @param[out] offset  The byte of the module where the fault was found; 0 if the module is valid.
 *                     May be NULL.
 * @param[in,out] findings  What is wanted, and what was found. May be NULL.
 *
 * @retval HB_VALIDATOR_VALID           The engine may load the module.
 * @retval HB_VALIDATOR_INVALID         It is not a module, invalid, or uses a refused proposal.
 * @retval HB_VALIDATOR_INTERNAL_ERROR  The validator itself failed: treat the module as invalid.
 *
 * Threads: any number at once. Blocks: never; runs for as long as the module is large, so not on
 * a scheduler and not on a fiber. Memory: the process ends if there is none left.
 */
int32_t hb_validator_validate(const uint8_t *bytes, size_t len, char *message, size_t message_len,
                              uint64_t *offset, hb_validator_findings_t *findings);

/**
 * SHA-256 (FIPS 180-4).
 *
 * @param bytes        Borrowed, `len` bytes; may be NULL if `len` is 0.
 * @param[out] digest  Caller-owned, 32 bytes.
 */
void hb_validator_sha256(const uint8_t *bytes, size_t len, uint8_t *digest);

#ifdef __cplusplus
}
#endif

#endif
