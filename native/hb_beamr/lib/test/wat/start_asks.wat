;; A start function that calls an import and keeps its answer; the constructors add to it.
(module
  (import "env" "ask" (func $ask (result i32)))
  (global $answer (mut i32) (i32.const 0))
  (func $start (global.set $answer (call $ask)))
  (func (export "__wasm_call_ctors")
    (global.set $answer (i32.add (global.get $answer) (i32.const 1000))))
  (func (export "answer") (result i32) (global.get $answer))
  (start $start))
