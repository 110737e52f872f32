;; What bench/soak.escript calls. What comes back depends on what goes in: a crossed answer shows.
(module
  (import "env" "ask" (func $ask (param i32 i64) (result i64)))
  (memory (export "memory") 1 4096)
  ;; n steps of a generator of random numbers.
  (func $work (export "work") (param $x i64) (param $n i32) (result i64)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $x
          (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005))
                   (i64.const 1442695040888963407)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (local.get $x))
  ;; Passes x through n imports.
  (func $ask_n (export "ask") (param $x i64) (param $n i32) (result i64)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $x (call $ask (local.get $n) (local.get $x)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (local.get $x))
  ;; Its imports come from the background.
  (func (export "work_and_ask") (param $x i64) (param $n i32) (result i64)
    (local.set $x (call $ask_n (call $work (local.get $x) (local.get $n)) (i32.const 2)))
    (call $work (local.get $x) (local.get $n)))
  (func (export "work_and_trap") (param $x i64) (param $n i32)
    (drop (call $work (local.get $x) (local.get $n)))
    unreachable)
  (func (export "ask_and_trap") (param $x i64)
    (drop (call $ask_n (local.get $x) (i32.const 1)))
    unreachable)
  (func (export "ask_and_spin") (param $x i64)
    (drop (call $ask_n (local.get $x) (i32.const 1)))
    (loop $again (br $again)))
  (func (export "spin") (loop $again (br $again)))
  (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i64) (i64.load (local.get 0))))
