;; The start function keeps what its import answered.
(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (global $answer (mut i32) (i32.const -1))
  (func $main (global.set $answer (call $ask (i32.const 1))))
  (start $main)
  (func (export "answer") (result i32) (global.get $answer)))
