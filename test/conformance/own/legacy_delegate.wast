;; Legacy exceptions: delegate, to tries, blocks, loops and the caller.

(module
  (tag $e (param i32))
  (tag $f)

  (func $throw (param i32) (throw $e (local.get 0)))

  (func (export "to-try") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        (call $throw (local.get 0))
        (i32.const -1)
      delegate $t
    catch $e
      (i32.add (i32.const 1))
    end)

  ;; The handlers between are skipped.
  (func (export "over-two") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const -1)
          delegate $outer
        catch_all
          (i32.const 1)
        end
      catch_all
        (i32.const 2)
      end
    catch $e
      (i32.add (i32.const 100))
    end)

  ;; Nothing is thrown: the values go through.
  (func (export "no-throw") (param i32) (result i32 i64)
    try $t (result i32 i64)
      (local.get 0)
      try (param i32) (result i32 i64)
        (i32.add (i32.const 1))
        (i64.const 5)
      delegate $t
    catch_all
      (i32.const 0) (i64.const 0)
    end)

  ;; To a block: the next try around it.
  (func (export "to-block") (param i32) (result i32)
    try (result i32)
      block $b (result i32)
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const -1)
          delegate $b
        catch_all
          (i32.const 1)
        end
      end
    catch $e
      (i32.add (i32.const 10))
    end)

  (func (export "to-loop") (param i32) (result i32)
    try (result i32)
      loop $l (result i32)
        try (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const -1)
          delegate $l
        catch_all
          (i32.const 1)
        end
      end
    catch $e
      (i32.add (i32.const 20))
    end)

  (func (export "to-if") (param i32) (result i32)
    try (result i32)
      (if $i (result i32) (local.get 0)
        (then
          try (result i32)
            try (result i32)
              (call $throw (local.get 0))
              (i32.const -1)
            delegate $i
          catch_all
            (i32.const 1)
          end)
        (else (i32.const 2)))
    catch $e
      (i32.add (i32.const 30))
    end)

  ;; To the function: the caller's handlers.
  (func $to-function (export "to-function") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (call $throw (local.get 0))
        (i32.const -1)
      delegate 1
    catch_all
      (i32.const 1)
    end)

  (func (export "caller") (param i32) (result i32)
    try (result i32)
      (call $to-function (local.get 0))
    catch $e
      (i32.add (i32.const 40))
    end)

  ;; A delegate that delegates to a try which delegates.
  (func (export "chain") (param i32) (result i32)
    try $a (result i32)
      try $b (result i32)
        try $c (result i32)
          try (result i32)
            (call $throw (local.get 0))
            (i32.const -1)
          delegate $c
        delegate $b
      catch $f
        (i32.const 1)
      end
    catch $e
      (i32.add (i32.const 50))
    end)

  ;; Inside a catch: the try whose catch it is is no longer in force.
  (func (export "in-catch") (param i32) (result i32)
    try $outer (result i32)
      try $inner (result i32)
        throw $f
      catch $f
        try (result i32)
          (call $throw (local.get 0))
          (i32.const -1)
        delegate $outer
      catch_all
        (i32.const 1)
      end
    catch $e
      (i32.add (i32.const 60))
    end)

  ;; A delegate to a try from within that try's own catch goes on outside.
  (func (export "to-own-catch") (param i32) (result i32)
    try $outer (result i32)
      try $inner (result i32)
        throw $f
      catch $f
        try (result i32)
          (call $throw (local.get 0))
          (i32.const -1)
        delegate $inner
      catch_all
        (i32.const 1)
      end
    catch $e
      (i32.add (i32.const 70))
    end)

  ;; With values on the stack below.
  (func (export "values") (param i32) (result i32)
    (i32.const 1000)
    try $t (result i32)
      (i32.const 1) (i32.const 2)
      try (result i32)
        (i32.const 3)
        (call $throw (local.get 0))
      delegate $t
      i32.add
      i32.add
    catch $e
    end
    i32.add)

  (func (export "in-loop") (param i32) (result i32)
    (local $i i32) (local $sum i32)
    loop $next
      try $t
        try
          (call $throw (local.get $i))
        delegate $t
      catch $e
        (local.set $sum (i32.add (local.get $sum)))
      end
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get 0)))
    end
    (local.get $sum))

  (func (export "br-out") (param i32) (result i32)
    block $out (result i32)
      try $t (result i32)
        try (result i32)
          (br $out (local.get 0))
        delegate $t
      catch_all
        (i32.const 1)
      end
      (i32.add (i32.const 1000))
    end)

  (func (export "br-delegate-itself") (param i32) (result i32)
    try $t (result i32)
      try $d (result i32)
        (br $d (local.get 0))
      delegate $t
      i32.const 80
      i32.add
    catch_all
      (i32.const 1)
    end)

  (func (export "empty")
    try $t
      try
      delegate $t
    catch_all
      unreachable
    end
    try
    delegate 0)

  (func (export "uncaught") (param i32)
    try
      (call $throw (local.get 0))
    delegate 0)
)

(assert_return (invoke "to-try" (i32.const 1)) (i32.const 2))
(assert_return (invoke "over-two" (i32.const 1)) (i32.const 101))
(assert_return (invoke "no-throw" (i32.const 1)) (i32.const 2) (i64.const 5))
(assert_return (invoke "to-block" (i32.const 1)) (i32.const 11))
(assert_return (invoke "to-loop" (i32.const 1)) (i32.const 21))
(assert_return (invoke "to-if" (i32.const 1)) (i32.const 31))
(assert_return (invoke "to-if" (i32.const 0)) (i32.const 2))
(assert_exception (invoke "to-function" (i32.const 1)))
(assert_return (invoke "caller" (i32.const 1)) (i32.const 41))
(assert_return (invoke "chain" (i32.const 1)) (i32.const 51))
(assert_return (invoke "in-catch" (i32.const 1)) (i32.const 61))
(assert_return (invoke "to-own-catch" (i32.const 1)) (i32.const 71))
(assert_return (invoke "values" (i32.const 1)) (i32.const 1001))
(assert_return (invoke "in-loop" (i32.const 100)) (i32.const 4950))
(assert_return (invoke "br-out" (i32.const 1)) (i32.const 1))
(assert_return (invoke "br-delegate-itself" (i32.const 1)) (i32.const 81))
(assert_return (invoke "empty"))
(assert_exception (invoke "uncaught" (i32.const 1)))
(assert_return (invoke "to-try" (i32.const 5)) (i32.const 6))
