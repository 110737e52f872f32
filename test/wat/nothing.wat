;; No memory, no table.
(module
  (func (export "empty"))
  (func (export "one") (result i32) (i32.const 1)))
