;; Allocators that fail in their own ways, by export name; and one with a high address.
(module
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (i32.const 0xfffffff0))
  (func (export "free") (param i32) unreachable))
