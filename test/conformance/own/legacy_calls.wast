;; Legacy exceptions through calls: indirect, recursive, tail calls, imports, start functions; and
;; traps, which no handler catches.

(module
  (import "spectest" "print_i32" (func $print (param i32)))
  (tag $e (param i32))
  (tag $other (param i32))
  (type $unary (func (param i32) (result i32)))
  (type $nothing (func))
  (table $t funcref (elem $double $throw $catcher $print-and-throw $nop))
  (global $depth (mut i32) (i32.const 0))
  (memory 1)

  (func $nop)
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $throw (param i32) (result i32) (throw $e (local.get 0)))
  (func $catcher (param i32) (result i32)
    try (result i32)
      (throw $e (local.get 0))
    catch $e
      (i32.add (i32.const 1))
    end)
  (func $print-and-throw (param i32) (result i32)
    (call $print (local.get 0))
    (throw $other (i32.add (local.get 0) (i32.const 3))))

  (func (export "indirect") (param i32 i32) (result i32)
    try (result i32)
      (call_indirect $t (type $unary) (local.get 1) (local.get 0))
    catch $e
      (i32.add (i32.const 100))
    catch $other
      (i32.add (i32.const 200))
    end)

  ;; Values of the caller wait below the call.
  (func (export "waiting-values") (param i32) (result i32)
    (i32.const 1)
    (i32.const 2)
    try (result i32)
      (i32.const 3)
      (i32.const 4)
      (call $throw (local.get 0))
      i32.add
      i32.add
    catch $e
    end
    i32.add
    i32.add)

  ;; Deep unwinding.
  (func $dive (param i32) (result i32)
    (local i64 i64 i64)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 77))))
    (i32.add (call $dive (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))

  (func (export "dive") (param i32) (result i32)
    try (result i32)
      (call $dive (local.get 0))
    catch $e
    end)

  ;; A handler in each frame, the innermost takes it.
  (func $ladder (param i32) (result i32)
    try (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $ladder (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (else (throw $e (i32.const 1000))))
    catch $e
    end)
  (func (export "ladder") (param i32) (result i32) (call $ladder (local.get 0)))

  ;; A handler in each frame that does not fit.
  (func $wrong-ladder (param i32) (result i32)
    try (result i32)
      (if (result i32) (local.get 0)
        (then (call $wrong-ladder (i32.sub (local.get 0) (i32.const 1))))
        (else (throw $e (i32.const 9))))
    catch $other
      drop
      (i32.const -1)
    end)
  (func (export "wrong-ladder") (param i32) (result i32)
    try (result i32)
      (call $wrong-ladder (local.get 0))
    catch $e
    end)

  ;; Each frame adds to what it caught and throws it on.
  (func $relay (param i32) (result i32)
    try (result i32)
      (if (result i32) (local.get 0)
        (then (call $relay (i32.sub (local.get 0) (i32.const 1))))
        (else (throw $e (i32.const 0))))
    catch $e
      (throw $e (i32.add (i32.const 1)))
    end)
  (func (export "relay") (param i32) (result i32)
    try (result i32)
      (call $relay (local.get 0))
    catch $e
    end)

  ;; A handler that throws while others wait outside.
  (func $fib (export "fib") (param i32) (result i32)
    try (result i32)
      (if (i32.lt_u (local.get 0) (i32.const 2)) (then (throw $e (local.get 0))))
      (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2))))
    catch $e
    end)

  ;; Tail calls leave the try of the caller.
  (func (export "tail-call") (param i32) (result i32)
    try (result i32)
      (return_call $throw (local.get 0))
    catch_all
      (i32.const -1)
    end)

  (func (export "tail-call-indirect") (param i32 i32) (result i32)
    try (result i32)
      (return_call_indirect $t (type $unary) (local.get 1) (local.get 0))
    catch_all
      (i32.const -1)
    end)

  (func $tail (param i32) (result i32)
    try
      (if (local.get 0) (then (throw $e (local.get 0))))
    catch $e
      (return_call $tail (i32.sub (i32.const 1)))
    end
    (i32.const 5))
  (func (export "tail-from-catch") (param i32) (result i32) (call $tail (local.get 0)))

  (func (export "tail-throw-caught") (param i32) (result i32)
    try (result i32)
      (call $tail-throw (local.get 0))
    catch $e
      (i32.add (i32.const 300))
    end)
  (func $tail-throw (param i32) (result i32) (return_call $throw (local.get 0)))

  ;; Traps.
  (func (export "unreachable")
    try unreachable catch_all end)
  (func (export "divide") (param i32) (result i32)
    try (result i32) (i32.div_u (i32.const 1) (local.get 0)) catch_all (i32.const 1) end)
  (func (export "load") (param i32) (result i32)
    try (result i32) (i32.load (local.get 0)) catch_all (i32.const 1) end)
  (func (export "trap-in-catch") (result i32)
    try (result i32)
      (throw $e (i32.const 1))
    catch $e
      (i32.div_u (i32.const 0))
    end)
  (func $forever (export "forever") (result i32)
    try (result i32) (call $forever) (i32.add (i32.const 1)) catch_all (i32.const 1) end)
  (func $trap-below unreachable)
  (func (export "trap-in-callee")
    try (call $trap-below) catch_all end)
  (func (export "wrong-type") (param i32) (result i32)
    try (result i32)
      (call_indirect $t (type $unary) (i32.const 0) (local.get 0))
    catch_all
      (i32.const 1)
    end)

  ;; Memory that was written before a throw stays written.
  (func (export "memory") (param i32) (result i32)
    try
      (i32.store (i32.const 8) (local.get 0))
      (throw $e (i32.const 0))
    catch_all
    end
    (i32.load (i32.const 8)))

  (func (export "print") (param i32) (result i32)
    try (result i32)
      (call $print (local.get 0))
      (throw $e (local.get 0))
    catch $e
      (call $print (local.get 0))
    end)
)

(assert_return (invoke "indirect" (i32.const 0) (i32.const 4)) (i32.const 8))
(assert_return (invoke "indirect" (i32.const 1) (i32.const 4)) (i32.const 104))
(assert_return (invoke "indirect" (i32.const 2) (i32.const 4)) (i32.const 5))
(assert_return (invoke "indirect" (i32.const 3) (i32.const 4)) (i32.const 207))
(assert_trap (invoke "indirect" (i32.const 4) (i32.const 4)) "indirect call type mismatch")
(assert_trap (invoke "indirect" (i32.const 5) (i32.const 4)) "undefined element")
(assert_return (invoke "waiting-values" (i32.const 10)) (i32.const 13))
(assert_return (invoke "dive" (i32.const 0)) (i32.const 77))
(assert_return (invoke "dive" (i32.const 500)) (i32.const 77))
(assert_return (invoke "ladder" (i32.const 50)) (i32.const 1050))
(assert_return (invoke "wrong-ladder" (i32.const 50)) (i32.const 9))
(assert_return (invoke "relay" (i32.const 0)) (i32.const 1))
(assert_return (invoke "relay" (i32.const 60)) (i32.const 61))
(assert_return (invoke "fib" (i32.const 12)) (i32.const 144))
(assert_exception (invoke "tail-call" (i32.const 1)))
(assert_return (invoke "tail-call-indirect" (i32.const 0) (i32.const 6)) (i32.const 12))
(assert_exception (invoke "tail-call-indirect" (i32.const 1) (i32.const 6)))
(assert_return (invoke "tail-call-indirect" (i32.const 2) (i32.const 6)) (i32.const 7))
(assert_return (invoke "tail-from-catch" (i32.const 0)) (i32.const 5))
(assert_return (invoke "tail-from-catch" (i32.const 100000)) (i32.const 5))
(assert_return (invoke "tail-throw-caught" (i32.const 1)) (i32.const 301))
(assert_trap (invoke "unreachable") "unreachable")
(assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "divide" (i32.const 1)) (i32.const 1))
(assert_trap (invoke "load" (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "trap-in-catch") "integer divide by zero")
(assert_exhaustion (invoke "forever") "call stack exhausted")
(assert_trap (invoke "trap-in-callee") "unreachable")
(assert_trap (invoke "wrong-type" (i32.const 4)) "indirect call type mismatch")
(assert_return (invoke "memory" (i32.const 12)) (i32.const 12))
(assert_return (invoke "print" (i32.const 3)) (i32.const 3))
(assert_return (invoke "dive" (i32.const 3)) (i32.const 77))

;; Start functions.
(module
  (tag $e)
  (global $g (export "g") (mut i32) (i32.const 0))
  (start $start)
  (func $start
    try
      throw $e
    catch $e
      (global.set $g (i32.const 11))
    end))
(assert_return (get "g") (i32.const 11))

(assert_exception
  (module
    (tag $e (param i32))
    (start $start)
    (func $start (throw $e (i32.const 1)))))

(assert_trap
  (module
    (start $start)
    (func $start try unreachable catch_all end))
  "unreachable")
