;; A guest that calls the host, which calls the guest, ...
(module
  (import "env" "down" (func $down (param i32) (result i32)))
  (func (export "step") (param i32) (result i32)
    (i32.add (call $down (local.get 0)) (i32.const 1)))
  (func (export "fail") (result i32) (unreachable))
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
