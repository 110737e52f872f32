;; A memory that begins with no pages.
(module
  (memory (export "memory") 0 2)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
