;; Work that takes long, or for ever.
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "spin") (loop $again (br $again)))
  (func $count (export "count") (param $n i64) (result i64)
    (local $i i64)
    (loop $again
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $i))
  (func (export "wait") (param i32) (result i32) (call $wait (local.get 0)))
  ;; Works, asks, works, asks: its imports come from the background.
  (func (export "work_and_wait") (param $n i64) (result i32)
    (drop (call $count (local.get $n)))
    (drop (call $wait (i32.const 1)))
    (drop (call $count (local.get $n)))
    (call $wait (i32.const 2)))
  (func (export "one") (result i32) (i32.const 1)))
