;; Legacy exceptions: rethrow.

(module
  (tag $e (param i32))
  (tag $f (param f64 i64))
  (tag $g)

  (func (export "once") (param i32) (result i32)
    try (result i32)
      try
        (throw $e (local.get 0))
      catch $e
        drop
        rethrow 0
      end
      (i32.const -1)
    catch $e
      (i32.add (i32.const 1))
    end)

  (func (export "catch-all") (param i32) (result i32)
    try (result i32)
      try
        (throw $e (local.get 0))
      catch_all
        rethrow 0
      end
      (i32.const -1)
    catch $e
      (i32.add (i32.const 2))
    end)

  ;; The exception is whole, though others came and went meanwhile.
  (func (export "others-between") (param f64 i64) (result f64 i64)
    try (result f64 i64)
      try
        (throw $f (local.get 0) (local.get 1))
      catch_all
        try (throw $e (i32.const 9)) catch $e drop end
        try (throw $f (f64.const 9) (i64.const 9)) catch_all end
        try
          try (throw $g) catch $g rethrow 0 end
        catch_all
        end
        rethrow 0
      end
      unreachable
    catch $f
    end)

  ;; Which of three is thrown again.
  (func $depth (export "depth") (param i32)
    try $a
      (throw $e (i32.const 1))
    catch $e
      drop
      try $b
        (throw $e (i32.const 2))
      catch $e
        drop
        try $c
          (throw $e (i32.const 3))
        catch $e
          drop
          block $x
            block $y
              block $z
                (br_table $z $y $x (local.get 0))
              end
              rethrow $a
            end
            rethrow $b
          end
          rethrow $c
        end
      end
    end)

  (func (export "depth-caught") (param i32) (result i32)
    try (result i32)
      (call $depth (local.get 0))
      (i32.const -1)
    catch $e
    end)

  ;; A rethrow of the outer exception is caught by no handler that is inside its catch.
  (func (export "through-handlers") (result i32)
    try (result i32)
      try $a (result i32)
        (throw $e (i32.const 5))
      catch $e
        drop
        try (result i32)
          try (result i32)
            rethrow $a
          catch $g
            (i32.const 1)
          end
        catch $e
          (i32.add (i32.const 10))
        end
      end
    catch_all
      (i32.const 2)
    end)

  ;; Through blocks and loops.
  (func (export "through-blocks") (param i32) (result i32)
    (local $n i32)
    try (result i32)
      try $a (result i32)
        (throw $e (local.get 0))
      catch $e
        drop
        loop $l (result i32)
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $n) (i32.const 10)))
          block (result i32)
            (if (result i32) (local.get 0) (then rethrow $a) (else (i32.const 77)))
          end
        end
      end
    catch $e
      (i32.add (local.get $n))
    end)

  ;; From function to function, each throws it again.
  (func $again (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 3))))
    try (result i32)
      (call $again (i32.sub (local.get 0) (i32.const 1)))
    catch $e
      drop
      rethrow 0
    end)

  (func (export "frames") (param i32) (result i32)
    try (result i32)
      (call $again (local.get 0))
    catch $e
    end)

  ;; Recursion: a new exception while one is being handled, at each depth.
  (func $nest (export "nest") (param i32) (result i32)
    try (result i32)
      (throw $e (local.get 0))
    catch $e
      (if (result i32) (local.get 0)
        (then
          try (result i32)
            (call $nest (i32.sub (local.get 0) (i32.const 1)))
          catch_all
            (i32.const -1000)
          end)
        (else (i32.const 0)))
      i32.add
    end)

  ;; After a recursion that handled exceptions of its own, the first one is still the first one.
  (func $inner (param i32)
    try
      (throw $e (local.get 0))
    catch $e
      drop
      (if (local.get 0) (then (call $inner (i32.sub (local.get 0) (i32.const 1)))))
    end)

  (func (export "first-is-first") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (throw $e (i32.const 4242))
      catch_all
        (call $inner (local.get 0))
        rethrow 0
      end
    catch $e
    end)

  (func (export "uncaught") (param i32)
    try
      (throw $e (local.get 0))
    catch_all
      rethrow 0
    end)

  ;; In a delegate inside a catch.
  (func (export "delegated") (param i32) (result i32)
    try $outer (result i32)
      try $a (result i32)
        (throw $e (local.get 0))
      catch $e
        drop
        try (result i32)
          rethrow $a
        delegate $outer
      end
    catch $e
      (i32.add (i32.const 90))
    end)
)

(assert_return (invoke "once" (i32.const 1)) (i32.const 2))
(assert_return (invoke "catch-all" (i32.const 1)) (i32.const 3))
(assert_return (invoke "others-between" (f64.const 1.5) (i64.const -3)) (f64.const 1.5) (i64.const -3))
(assert_return (invoke "depth-caught" (i32.const 0)) (i32.const 1))
(assert_return (invoke "depth-caught" (i32.const 1)) (i32.const 2))
(assert_return (invoke "depth-caught" (i32.const 2)) (i32.const 3))
(assert_exception (invoke "depth" (i32.const 1)))
(assert_return (invoke "through-handlers") (i32.const 15))
(assert_return (invoke "through-blocks" (i32.const 0)) (i32.const 77))
(assert_return (invoke "through-blocks" (i32.const 100)) (i32.const 110))
(assert_return (invoke "frames" (i32.const 0)) (i32.const 3))
(assert_return (invoke "frames" (i32.const 50)) (i32.const 3))
(assert_return (invoke "nest" (i32.const 0)) (i32.const 0))
(assert_return (invoke "nest" (i32.const 20)) (i32.const 210))
(assert_return (invoke "first-is-first" (i32.const 30)) (i32.const 4242))
(assert_exception (invoke "uncaught" (i32.const 1)))
(assert_return (invoke "delegated" (i32.const 2)) (i32.const 92))
(assert_return (invoke "once" (i32.const 7)) (i32.const 8))
