;; Things that limits bound.
(module
  (import "env" "ask" (func $ask))
  (memory (export "memory") 2 8)
  (table (export "table") 10 funcref)
  (func (export "grow_memory") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_table") (param i32) (result i32)
    (table.grow 0 (ref.null func) (local.get 0)))
  (func (export "ask") (call $ask))
  (func (export "three") (result i32 i32 i32) (i32.const 1) (i32.const 2) (i32.const 3)))
