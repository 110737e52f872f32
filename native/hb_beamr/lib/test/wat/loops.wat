;; Functions that never end, with and without calls in their loops, which depend on the parameter.
(module
  (type $empty (func))
  (table 1 funcref)
  (elem (i32.const 0) func $small)
  (global $turns (mut i32) (i32.const 0))
  (func $small (global.set $turns (i32.add (global.get $turns) (i32.const 1))))
  (func $calling (call $small))

  (func (export "calls nothing") (param i32)
    (loop (br 0)))
  (func (export "calls") (param i32)
    (loop (call $calling) (br 0)))
  (func (export "calls what calls nothing") (param i32)
    (loop (call $small) (br 0)))
  (func (export "calls by a table") (param i32)
    (loop (call_indirect (type $empty) (i32.const 0)) (br 0)))
  (func (export "passes a call by") (param i32)
    (loop
      (block
        (br_if 0 (local.get 0))
        (call $calling))
      (br 0)))
  (func (export "calls in one arm") (param i32)
    (loop
      (if (local.get 0) (then (call $calling)))
      (br 0)))
  (func (export "calls when it has gone around") (param i32)
    (loop
      (br_if 0 (local.get 0))
      (call $calling)
      (br 0)))
  (func (export "calls in an inner loop") (param i32)
    (local $turn i32)
    (loop $outer
      (loop $inner
        (br_if $outer (local.get 0))
        (call $calling)
        (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
        (br_if $inner (i32.and (local.get $turn) (i32.const 3))))
      (br $outer)))
  (func (export "calls around an inner loop") (param i32)
    (loop $outer
      (call $calling)
      (loop $inner
        (br_if $inner (local.get 0)))
      (br $outer)))
  (func (export "calls before a table of branches") (param i32)
    (loop (call $calling) (br_table 0 0 (local.get 0))))
  (func (export "has a table of branches") (param i32)
    (loop (br_table 0 0 (local.get 0)))))
