;; Exceptions with references: try_table, throw_ref, and what a reference can go through except
;; globals and tables (exnref_kept.wast).

(module
  (tag $e (param i32))
  (tag $f (param i64 f64))
  (tag $g)
  (tag $extern (param externref))
  (type $unary (func (param i32) (result i32)))
  (table $t funcref (elem $throw $catcher))

  (func $throw (param i32) (result i32) (throw $e (local.get 0)))
  (func $catcher (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (throw $e (local.get 0)))
      (i32.const -1)))
  (func $throw-if (param i32) (if (local.get 0) (then (throw $e (local.get 0)))))

  (func (export "catch") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h)
        (call $throw-if (local.get 0))
        (i32.const 1))))

  (func (export "catch-values") (param i64 f64) (result i64 f64)
    (block $h (result i64 f64)
      (try_table (catch $f $h) (throw $f (local.get 0) (local.get 1)))
      unreachable))

  (func (export "catch-extern") (param externref) (result externref)
    (block $h (result externref)
      (try_table (catch $extern $h) (throw $extern (local.get 0)))
      unreachable))

  (func (export "catch-all") (param i32) (result i32)
    (block $h
      (try_table (catch_all $h)
        (call $throw-if (local.get 0)))
      (return (i32.const 1)))
    (i32.const 2))

  (func (export "catch-ref") (param i32) (result i32)
    (local $r exnref)
    (block $h (result i32 exnref)
      (try_table (catch_ref $e $h) (throw $e (local.get 0)))
      unreachable)
    (local.set $r)
    (i32.add (i32.const 10))
    (i32.add (ref.is_null (local.get $r))))

  (func (export "catch-all-ref") (param i32) (result i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (throw $e (local.get 0)))
      unreachable)
    ref.is_null)

  (func (export "first-clause") (param i32) (result i32)
    (block $all
      (block $second (result i32)
        (block $first (result i32)
          (try_table (catch $e $first) (catch $e $second) (catch_all $all)
            (if (local.get 0) (then (throw $e (i32.const 5))) (else (throw $g))))
          unreachable)
        (return (i32.add (i32.const 1))))
      (return (i32.add (i32.const 2))))
    (i32.const 3))

  (func (export "throw-ref") (param i32) (result i32)
    (block $outer (result i32)
      (try_table (catch $e $outer)
        (block $inner (result exnref)
          (try_table (catch_all_ref $inner) (throw $e (local.get 0)))
          unreachable)
        throw_ref)
      unreachable))

  (func (export "throw-null")
    (throw_ref (ref.null exn)))

  (func (export "throw-null-caught") (result i32)
    (block $h
      (try_table (catch_all $h) (throw_ref (ref.null exn)))
      (return (i32.const 1)))
    (i32.const 2))

  ;; A reference is kept in locals while others come and go.
  (func $catch-ref (param i32) (result exnref)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (throw $e (local.get 0)))
      unreachable))

  (func $payload (param exnref) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (throw_ref (local.get 0)))
      unreachable))

  (func (export "keep") (param i32) (result i32 i32)
    (local $a exnref) (local $b exnref)
    (local.set $a (call $catch-ref (local.get 0)))
    (local.set $b (call $catch-ref (i32.add (local.get 0) (i32.const 1))))
    (drop (call $catch-ref (i32.const 99)))
    (call $payload (local.get $a))
    (call $payload (local.get $b)))

  ;; The same reference thrown twice.
  (func (export "twice") (param i32) (result i32)
    (local $r exnref)
    (local.set $r (call $catch-ref (local.get 0)))
    (i32.add (call $payload (local.get $r)) (call $payload (local.get $r))))

  ;; Branches out of a try_table, to it, and by a table.
  (func (export "br-out") (param i32) (result i32)
    (block $out (result i32)
      (block $h (result i32)
        (try_table (result i32) (catch $e $h)
          (br_if $out (i32.const 10) (local.get 0))
          drop
          (throw $e (i32.const 20))))
      (i32.add (i32.const 1))))

  (func (export "br-itself") (param i32) (result i32)
    (block $h
      (try_table $t (result i32) (catch_all $h)
        (br_if $t (i32.const 1) (local.get 0))
        (i32.add (i32.const 5)))
      return)
    (i32.const -1))

  (func (export "br-table") (param i32) (result i32)
    (block $a (result i32)
      (block $b (result i32)
        (block $h
          (try_table $t (result i32) (catch_all $h)
            (br_table $t $b $a $t (i32.const 5) (local.get 0)))
          (i32.add (i32.const 100))
          (br $b))
        unreachable)
      (i32.add (i32.const 1000))))

  (func (export "return") (param i32) (result i32)
    (i32.const 1000)
    (block $h
      (try_table (catch_all $h)
        (if (local.get 0) (then (return (i32.const 1))))
        (throw $g)))
    drop
    (i32.const 2))

  ;; A handler that is the loop itself.
  (func (export "catch-to-loop") (param i32) (result i32)
    (local $tries i32)
    (loop $again
      (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
      (try_table (catch_all $again)
        (if (i32.lt_u (local.get $tries) (local.get 0)) (then (throw $g)))))
    (local.get $tries))

  (func (export "catch-to-loop-values") (param i32) (result i32)
    (local.get 0)
    (loop $again (param i32) (result i32)
      (local.set 0)
      (try_table (catch $e $again)
        (if (local.get 0) (then (throw $e (i32.sub (local.get 0) (i32.const 1))))))
      (i32.const 6)))

  ;; A handler that is the function: its results are the payload.
  (func (export "catch-to-function") (param i32) (result i32)
    (try_table (result i32) (catch $e 0)
      (call $throw-if (local.get 0))
      (i32.const 8)))

  (func (export "loop-many") (param i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $next
      (block $done
        (block $h (result i32)
          (try_table (catch $e $h)
            (if (i32.and (local.get $i) (i32.const 1)) (then (throw $e (local.get $i)))))
          (local.set $sum (i32.sub (local.get $sum) (i32.const 1)))
          (br $done))
        (local.set $sum (i32.add (local.get $sum))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get 0))))
    (local.get $sum))

  (func (export "params") (param i32 i64 i32) (result i64 i32)
    (block $h (result i32)
      (local.get 0) (local.get 1)
      (try_table (param i32 i64) (result i64 i32) (catch $e $h)
        (call $throw-if (local.get 2))
        (local.set 1)
        (local.set 0)
        (local.get 1) (local.get 0))
      return)
    (local.set 0)
    (i64.const -1)
    (local.get 0))

  (func (export "under") (param i32) (result i32 i64 i32)
    (i32.const 1) (i64.const 2)
    (block $h (result i32)
      (i32.const 9)
      (try_table (result i32) (catch $e $h)
        (i32.const 9)
        (call $throw-if (local.get 0)))
      i32.add)
    (i32.add (i32.const 3)))

  (func (export "nested") (param i32) (result i32)
    (block $outer (result i32)
      (try_table (result i32) (catch $e $outer)
        (block $inner
          (try_table (catch $g $inner)
            (if (local.get 0) (then (throw $e (local.get 0))) (else (throw $g)))))
        (i32.const 7))))

  ;; Inside a handler's code the try_table is no longer in force.
  (func (export "throw-from-handler") (param i32) (result i32)
    (block $outer (result i32)
      (try_table (catch $e $outer)
        (block $inner (result i32)
          (try_table (catch $e $inner) (throw $e (local.get 0)))
          unreachable)
        (throw $e (i32.add (i32.const 1))))
      unreachable))

  (func (export "indirect") (param i32 i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h)
        (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
      (return (i32.add (i32.const 100))))
    (i32.add (i32.const 200)))

  (func $dive (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 77))))
    (i32.add (call $dive (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "dive") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $dive (local.get 0)))))

  ;; Each frame catches by reference and throws that on.
  (func $relay (param i32) (result i32)
    (block $h (result exnref)
      (try_table (result i32) (catch_all_ref $h)
        (if (result i32) (local.get 0)
          (then (call $relay (i32.sub (local.get 0) (i32.const 1))))
          (else (throw $e (i32.const 3)))))
      return)
    throw_ref)
  (func (export "relay") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (call $relay (local.get 0)))))

  ;; A reference as argument and result.
  (func $pass (param exnref i32) (result exnref)
    (if (result exnref) (local.get 1)
      (then (call $pass (local.get 0) (i32.sub (local.get 1) (i32.const 1))))
      (else (local.get 0))))
  (func (export "pass") (param i32) (result i32)
    (call $payload (call $pass (call $catch-ref (local.get 0)) (i32.const 20))))

  (func (export "tail-call") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $e $h) (return_call $throw (local.get 0)))))

  (func (export "unreachable")
    (block $h (try_table (catch_all $h) unreachable)))
  (func $forever (export "forever") (result i32)
    (block $h
      (try_table (result i32) (catch_all $h) (call $forever) (i32.add (i32.const 1)))
      return)
    (i32.const 1))

  (func (export "uncaught") (param i32) (drop (call $throw (local.get 0))))
  (func (export "uncaught-ref") (param i32) (throw_ref (call $catch-ref (local.get 0))))
)

(assert_return (invoke "catch" (i32.const 0)) (i32.const 1))
(assert_return (invoke "catch" (i32.const 5)) (i32.const 5))
(assert_return (invoke "catch-values" (i64.const -7) (f64.const 0.5)) (i64.const -7) (f64.const 0.5))
(assert_return (invoke "catch-extern" (ref.extern 4)) (ref.extern 4))
(assert_return (invoke "catch-all" (i32.const 0)) (i32.const 1))
(assert_return (invoke "catch-all" (i32.const 1)) (i32.const 2))
(assert_return (invoke "catch-ref" (i32.const 5)) (i32.const 15))
(assert_return (invoke "catch-all-ref" (i32.const 5)) (i32.const 0))
(assert_return (invoke "first-clause" (i32.const 1)) (i32.const 6))
(assert_return (invoke "first-clause" (i32.const 0)) (i32.const 3))
(assert_return (invoke "throw-ref" (i32.const 9)) (i32.const 9))
(assert_trap (invoke "throw-null") "null exception reference")
(assert_trap (invoke "throw-null-caught") "null exception reference")
(assert_return (invoke "keep" (i32.const 30)) (i32.const 30) (i32.const 31))
(assert_return (invoke "twice" (i32.const 21)) (i32.const 42))
(assert_return (invoke "br-out" (i32.const 1)) (i32.const 10))
(assert_return (invoke "br-out" (i32.const 0)) (i32.const 21))
(assert_return (invoke "br-itself" (i32.const 1)) (i32.const 1))
(assert_return (invoke "br-itself" (i32.const 0)) (i32.const 6))
(assert_return (invoke "br-table" (i32.const 0)) (i32.const 1105))
(assert_return (invoke "br-table" (i32.const 1)) (i32.const 1005))
(assert_return (invoke "br-table" (i32.const 2)) (i32.const 5))
(assert_return (invoke "br-table" (i32.const 9)) (i32.const 1105))
(assert_return (invoke "return" (i32.const 1)) (i32.const 1))
(assert_return (invoke "return" (i32.const 0)) (i32.const 2))
(assert_return (invoke "catch-to-loop" (i32.const 1)) (i32.const 1))
(assert_return (invoke "catch-to-loop" (i32.const 20)) (i32.const 20))
(assert_return (invoke "catch-to-loop-values" (i32.const 10)) (i32.const 6))
(assert_return (invoke "catch-to-function" (i32.const 0)) (i32.const 8))
(assert_return (invoke "catch-to-function" (i32.const 4)) (i32.const 4))
(assert_return (invoke "loop-many" (i32.const 20000)) (i32.const 99990000))
(assert_return (invoke "params" (i32.const 5) (i64.const 6) (i32.const 0)) (i64.const 6) (i32.const 5))
(assert_return (invoke "params" (i32.const 5) (i64.const 6) (i32.const 8)) (i64.const -1) (i32.const 8))
(assert_return (invoke "under" (i32.const 0)) (i32.const 1) (i64.const 2) (i32.const 21))
(assert_return (invoke "under" (i32.const 4)) (i32.const 1) (i64.const 2) (i32.const 7))
(assert_return (invoke "nested" (i32.const 0)) (i32.const 7))
(assert_return (invoke "nested" (i32.const 4)) (i32.const 4))
(assert_return (invoke "throw-from-handler" (i32.const 4)) (i32.const 5))
(assert_return (invoke "indirect" (i32.const 0) (i32.const 4)) (i32.const 204))
(assert_return (invoke "indirect" (i32.const 1) (i32.const 4)) (i32.const 104))
(assert_return (invoke "dive" (i32.const 500)) (i32.const 77))
(assert_return (invoke "relay" (i32.const 50)) (i32.const 3))
(assert_return (invoke "pass" (i32.const 12)) (i32.const 12))
(assert_exception (invoke "tail-call" (i32.const 1)))
(assert_trap (invoke "unreachable") "unreachable")
(assert_exhaustion (invoke "forever") "call stack exhausted")
(assert_exception (invoke "uncaught" (i32.const 1)))
(assert_exception (invoke "uncaught-ref" (i32.const 1)))
(assert_return (invoke "catch" (i32.const 5)) (i32.const 5))

(assert_exception
  (module
    (tag $e)
    (start $start)
    (func $start (throw $e))))

(module
  (tag $e (param i32))
  (global $g (export "g") (mut i32) (i32.const 0))
  (start $start)
  (func $start
    (block $h (result i32)
      (try_table (catch $e $h) (throw $e (i32.const 12)))
      unreachable)
    global.set $g))
(assert_return (get "g") (i32.const 12))

(assert_invalid
  (module (tag $e (param i32)) (func (block $h (try_table (catch $e $h)))))
  "type mismatch")
(assert_invalid
  (module (tag $e (param i32)) (func (block $h (result i32) (try_table (catch_ref $e $h)) (i32.const 0)) drop))
  "type mismatch")
(assert_invalid
  (module (func (block $h (try_table (catch_all_ref $h)))))
  "type mismatch")
(assert_invalid
  (module (func (throw_ref (ref.null extern))))
  "type mismatch")
(assert_invalid
  (module (func (try_table (catch_all 2))))
  "unknown label")
