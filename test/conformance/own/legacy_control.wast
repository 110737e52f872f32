;; Legacy exceptions: leaving try and catch by branches, returns and falling through.

(module
  (tag $e (param i32))
  (tag $f)
  (global $log (mut i32) (i32.const 0))

  ;; Appends a decimal digit.
  (func $note (param i32)
    (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
  (func (export "log") (result i32) (global.get $log) (global.set $log (i32.const 0)))

  (func $throw-if (param i32) (if (local.get 0) (then (throw $e (local.get 0)))))

  (func (export "no-handler") (param i32) (result i32)
    try (result i32)
      (call $throw-if (local.get 0))
      (i32.const 1)
    end)

  (func (export "empty") (result i32)
    try end
    try catch_all end
    try catch $e drop end
    (i32.const 3))

  (func (export "br-out-of-try") (param i32) (result i32)
    block $out (result i32)
      try
        (br_if $out (i32.const 10) (local.get 0))
        drop
        (throw $e (i32.const 20))
      catch $e
        br $out
      end
      (i32.const 30)
    end)

  (func (export "br-try-itself") (param i32) (result i32)
    try $t (result i32)
      (br_if $t (i32.const 1) (local.get 0))
      (i32.add (i32.const 5))
    catch_all
      (i32.const -1)
    end)

  (func (export "br-in-catch-to-try") (param i32) (result i32)
    try $t (result i32)
      (throw $e (local.get 0))
    catch $e
      drop
      (br_if $t (i32.const 50) (i32.eq (local.get 0) (i32.const 1)))
      (i32.add (i32.const 1))
    end)

  (func (export "return-from-try") (param i32) (result i32)
    (i32.const 1000)
    try
      (if (local.get 0) (then (return (i32.const 1))))
      (throw $f)
    catch_all
      (return (i32.const 2))
    end
    drop
    (i32.const 3))

  (func (export "br-table-try") (param i32) (result i32)
    block $a (result i32)
      block $b (result i32)
        try $t (result i32)
          (br_table $t $b $a $t (i32.const 5) (local.get 0))
        catch_all
          (i32.const 0)
        end
        (i32.add (i32.const 100))
      end
      (i32.add (i32.const 1000))
    end)

  (func (export "br-table-catch") (param i32) (result i32)
    block $a (result i32)
      block $b (result i32)
        try $t (result i32)
          (throw $e (i32.const 7))
        catch $e
          (br_table $t $b $a $t (local.get 0))
        end
        (i32.add (i32.const 100))
      end
      (i32.add (i32.const 1000))
    end)

  ;; A loop that goes on from its catch, until nothing is thrown.
  (func (export "loop-retry") (param i32) (result i32)
    (local $tries i32)
    loop $again (result i32)
      (i32.const 1000)
      try (result i32)
        (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
        (i32.const 1)
        (if (i32.lt_u (local.get $tries) (local.get 0)) (then (throw $e (local.get $tries))))
      catch $e
        drop
        br $again
      end
      i32.add
      (i32.add (local.get $tries))
    end)

  ;; A try in a loop, entered often: nothing piles up.
  (func (export "loop-many") (param i32) (result i32)
    (local $i i32) (local $sum i32)
    loop $next
      try
        (if (i32.and (local.get $i) (i32.const 1)) (then (throw $e (local.get $i))))
        (local.set $sum (i32.sub (local.get $sum) (i32.const 1)))
      catch $e
        (local.set $sum (i32.add (local.get $sum)))
      end
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get 0)))
    end
    (local.get $sum))

  ;; A loop inside the try whose continuation is inside, too.
  (func (export "loop-inside") (param i32) (result i32)
    (local $i i32)
    try (result i32)
      loop $next (result i32)
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.eq (local.get $i) (local.get 0)) (then (throw $e (i32.mul (local.get $i) (i32.const 10)))))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 100)))
        (local.get $i)
      end
    catch $e
    end)

  ;; try with parameters.
  (func (export "params") (param i32 i64 i32) (result i64 i32)
    (local.get 0) (local.get 1)
    try (param i32 i64) (result i64 i32)
      (call $throw-if (local.get 2))
      (local.set 1)
      (local.set 0)
      (local.get 1) (local.get 0)
    catch $e
      (local.set 0)
      (i64.const -1)
      (local.get 0)
    end)

  (func (export "params-nested") (param i32 i32) (result i32)
    (i32.const 1) (local.get 0)
    try $outer (param i32 i32) (result i32)
      try (param i32) (result i32)
        (call $throw-if (local.get 1))
        (i32.mul (i32.const 2))
      catch $e
        (i32.add (i32.const 500))
      end
      i32.add
    catch_all
      (i32.const -1)
    end)

  ;; Values under a try stay where they are.
  (func (export "under") (param i32) (result i32 i64 i32)
    (i32.const 1) (i64.const 2)
    try (result i32)
      (i32.const 9) (i32.const 9)
      (call $throw-if (local.get 0))
      i32.add
    catch $e
      (i32.const 3)
      i32.add
    end)

  ;; Locals that were set before the throw keep their values.
  (func (export "locals") (param i32) (result i32)
    (local $a i32) (local $b i32)
    (local.set $a (i32.const 1))
    try
      (local.set $a (i32.const 2))
      (call $throw-if (local.get 0))
      (local.set $b (i32.const 4))
    catch $e
      drop
      (local.set $b (i32.const 8))
    end
    (i32.add (local.get $a) (local.get $b)))

  ;; In which order things happen.
  (func (export "order") (param i32)
    (call $note (i32.const 1))
    try
      try
        (call $note (i32.const 2))
        (call $throw-if (local.get 0))
        (call $note (i32.const 3))
      catch $f
        (call $note (i32.const 9))
      end
      (call $note (i32.const 4))
    catch $f
      (call $note (i32.const 9))
    catch $e
      call $note
      (call $note (i32.const 6))
    catch_all
      (call $note (i32.const 9))
    end
    (call $note (i32.const 7)))

  ;; The first clause that fits.
  (func (export "first-clause") (param i32) (result i32)
    try (result i32)
      (if (local.get 0) (then (throw $e (i32.const 1))) (else (throw $f)))
      unreachable
    catch $e
      (i32.add (i32.const 10))
    catch $e
      (i32.add (i32.const 20))
    catch_all
      (i32.const 30)
    end)

  (func (export "if-else") (param i32 i32) (result i32)
    (if (result i32) (local.get 0)
      (then
        try (result i32)
          (call $throw-if (local.get 1))
          (i32.const 1)
        catch_all
          (i32.const 2)
        end)
      (else
        try (result i32)
          (call $throw-if (local.get 1))
          (i32.const 3)
        catch $e
          drop
          (i32.const 4)
        end)))

  ;; Code that cannot be reached.
  (func (export "unreachable-try") (result i32)
    block $out (result i32)
      (br $out (i32.const 1))
      try (result i32)
        unreachable
        i32.add
        throw $e
      catch $e
        unreachable
        i32.add
      catch_all
        (i32.const 5)
      end
    end)

  (func (export "after-throw") (result i32)
    try (result i32)
      (throw $f)
      i32.add
      i32.eqz
    catch_all
      (i32.const 6)
    end)

  ;; Clauses that come after each other, a throw from each.
  (func (export "throw-from-catch") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (if (local.get 0) (then (throw $e (i32.const 3))) (else (throw $f)))
        unreachable
      catch $e
        drop
        throw $f
      catch_all
        (throw $e (i32.const 40))
      end
    catch $e
      (i32.add (i32.const 1))
    catch $f
      (i32.const 2)
    end)
)

(assert_return (invoke "no-handler" (i32.const 0)) (i32.const 1))
(assert_exception (invoke "no-handler" (i32.const 1)))
(assert_return (invoke "empty") (i32.const 3))
(assert_return (invoke "br-out-of-try" (i32.const 1)) (i32.const 10))
(assert_return (invoke "br-out-of-try" (i32.const 0)) (i32.const 20))
(assert_return (invoke "br-try-itself" (i32.const 1)) (i32.const 1))
(assert_return (invoke "br-try-itself" (i32.const 0)) (i32.const 6))
(assert_return (invoke "br-in-catch-to-try" (i32.const 1)) (i32.const 50))
(assert_return (invoke "br-in-catch-to-try" (i32.const 2)) (i32.const 51))
(assert_return (invoke "return-from-try" (i32.const 1)) (i32.const 1))
(assert_return (invoke "return-from-try" (i32.const 0)) (i32.const 2))
(assert_return (invoke "br-table-try" (i32.const 0)) (i32.const 1105))
(assert_return (invoke "br-table-try" (i32.const 1)) (i32.const 1005))
(assert_return (invoke "br-table-try" (i32.const 2)) (i32.const 5))
(assert_return (invoke "br-table-try" (i32.const 3)) (i32.const 1105))
(assert_return (invoke "br-table-catch" (i32.const 0)) (i32.const 1107))
(assert_return (invoke "br-table-catch" (i32.const 1)) (i32.const 1007))
(assert_return (invoke "br-table-catch" (i32.const 2)) (i32.const 7))
(assert_return (invoke "br-table-catch" (i32.const -1)) (i32.const 1107))
(assert_return (invoke "loop-retry" (i32.const 1)) (i32.const 1002))
(assert_return (invoke "loop-retry" (i32.const 6)) (i32.const 1007))
(assert_return (invoke "loop-many" (i32.const 2)) (i32.const 0))
(assert_return (invoke "loop-many" (i32.const 20000)) (i32.const 99990000))
(assert_return (invoke "loop-inside" (i32.const 3)) (i32.const 30))
(assert_return (invoke "loop-inside" (i32.const 0)) (i32.const 100))
(assert_return (invoke "params" (i32.const 5) (i64.const 6) (i32.const 0)) (i64.const 6) (i32.const 5))
(assert_return (invoke "params" (i32.const 5) (i64.const 6) (i32.const 8)) (i64.const -1) (i32.const 8))
(assert_return (invoke "params-nested" (i32.const 10) (i32.const 0)) (i32.const 21))
(assert_return (invoke "params-nested" (i32.const 10) (i32.const 3)) (i32.const 504))
(assert_return (invoke "under" (i32.const 0)) (i32.const 1) (i64.const 2) (i32.const 18))
(assert_return (invoke "under" (i32.const 4)) (i32.const 1) (i64.const 2) (i32.const 7))
(assert_return (invoke "locals" (i32.const 0)) (i32.const 6))
(assert_return (invoke "locals" (i32.const 1)) (i32.const 10))
(assert_return (invoke "order" (i32.const 0)))
(assert_return (invoke "log") (i32.const 12347))
(assert_return (invoke "order" (i32.const 5)))
(assert_return (invoke "log") (i32.const 12567))
(assert_return (invoke "first-clause" (i32.const 1)) (i32.const 11))
(assert_return (invoke "first-clause" (i32.const 0)) (i32.const 30))
(assert_return (invoke "if-else" (i32.const 1) (i32.const 0)) (i32.const 1))
(assert_return (invoke "if-else" (i32.const 1) (i32.const 1)) (i32.const 2))
(assert_return (invoke "if-else" (i32.const 0) (i32.const 0)) (i32.const 3))
(assert_return (invoke "if-else" (i32.const 0) (i32.const 1)) (i32.const 4))
(assert_return (invoke "unreachable-try") (i32.const 1))
(assert_return (invoke "after-throw") (i32.const 6))
(assert_return (invoke "throw-from-catch" (i32.const 1)) (i32.const 2))
(assert_return (invoke "throw-from-catch" (i32.const 0)) (i32.const 41))

(assert_invalid
  (module (tag $e (param i32)) (func (throw $e)))
  "type mismatch")
(assert_invalid
  (module (tag $e (param i32)) (func (result i64) try (result i64) (i64.const 0) catch $e end))
  "type mismatch")
(assert_invalid
  (module (func try catch 0 end))
  "unknown tag")
(assert_invalid
  (module (tag $e (result i32)))
  "non-empty tag result type")
(assert_invalid
  (module (func block rethrow 0 end))
  "invalid rethrow label")
(assert_invalid
  (module (func try rethrow 0 catch_all end))
  "invalid rethrow label")
(assert_invalid
  (module (func try delegate 2))
  "unknown label")
(assert_invalid
  (module (func (result i32) try (result i32) (i32.const 0) catch_all end))
  "type mismatch")
