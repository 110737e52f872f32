;; Where element segments go and what is in them, in forms that the official scripts leave out.

;; Offsets of 64-bit tables are not cut to 32 bits.
(assert_trap
  (module (table i64 8 16 funcref) (func $f) (elem (i64.const 0x1_0000_0000) func $f))
  "out of bounds table access")
(assert_trap
  (module (table i64 8 16 funcref) (func $f) (elem (i64.const 0x1_0000_0004) func $f))
  "out of bounds table access")
(assert_trap
  (module (table i64 8 16 funcref) (func $f) (elem (i64.const 0x8000_0000_0000_0000) func $f))
  "out of bounds table access")
(assert_trap
  (module (table i64 8 16 funcref) (func $f)
    (elem (i64.add (i64.const 0x1_0000_0000) (i64.const 1)) func $f))
  "out of bounds table access")

(module $offset (global (export "far") i64 (i64.const 0x1_0000_0000)) (global (export "near") i64 (i64.const 7)))
(register "offset")
(assert_trap
  (module (import "offset" "far" (global i64)) (table i64 8 16 funcref) (func $f)
    (elem (global.get 0) func $f))
  "out of bounds table access")
(module (import "offset" "near" (global i64)) (table i64 8 16 funcref)
  (func $f (result i32) (i32.const 5))
  (elem (global.get 0) func $f)
  (func (export "call") (param i64) (result i32) (call_indirect (result i32) (local.get 0))))
(assert_return (invoke "call" (i64.const 7)) (i32.const 5))
(assert_trap (invoke "call" (i64.const 6)) "uninitialized element")
