;; The start function waits in an import, and answers what it got later.
(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (global $answer (mut i32) (i32.const 0))
  (func $start (global.set $answer (call $ask (i32.const 41))))
  (start $start)
  (func (export "answer") (result i32) (global.get $answer)))
