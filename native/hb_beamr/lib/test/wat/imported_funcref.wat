;; References of the host's in globals; there is one function.
(module
  (import "env" "function" (global $function funcref))
  (import "env" "thing" (global $thing externref))
  (table 1 funcref)
  (func (export "call") (result i32)
    (table.set 0 (i32.const 0) (global.get $function))
    (call_indirect (result i32) (i32.const 0))))
