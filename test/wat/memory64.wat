;; A memory with 64-bit addresses.
(module
  (memory (export "memory") i64 1)
  (func (export "malloc") (param i64) (result i64) (i64.const 4096))
  (func (export "free") (param i64))
  (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i64 i32) (i32.store8 (local.get 0) (local.get 1))))
