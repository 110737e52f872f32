;; Legacy exceptions in every combination that lowering treats in its own way.
(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (import "env" "foreign" (tag $foreign (param i32)))
  (import "env" "foreign" (tag $alias (param i32)))
  (import "env" "foreign" (tag $namesake))
  (tag $number (export "number") (param i32))
  (tag $mixed (export "mixed") (param i32 i64 f32 f64 i64))
  (tag $empty (export "empty"))
  (tag $reference (param externref))
  (type $two (func (param i32) (result i32 i64)))
  (table (export "table") funcref (elem $gives $throws_mixed))
  (global $seen (mut i32) (i32.const 0))

  (func $throw_number (param i32) (throw $number (local.get 0)))
  (func $gives (type $two) (local.get 0) (i64.const 6))
  (func $throws_mixed (type $two)
    (throw $mixed (local.get 0) (i64.const 9) (f32.const 1.5) (f64.const 2.5) (i64.const -1)))

  (func (export "uncaught") (param i32) (call $throw_number (local.get 0)))
  (func (export "uncaught_mixed") (drop (drop (call $throws_mixed (i32.const 3)))))
  (func (export "uncaught_empty") (throw $empty))

  (func (export "catch") (param i32) (result i32)
    (try (result i32)
      (do (call $throw_number (local.get 0)) (i32.const -1))
      (catch $number)))

  (func (export "indirect") (param i32 i32) (result i32 i64)
    (try (param) (result i32 i64)
      (do (call_indirect (type $two) (local.get 0) (local.get 1)))
      (catch $mixed
        (drop) (drop) (drop) (drop) (i64.const 77))
      (catch_all (i32.const 0) (i64.const 0))))

  ;; Values under the try, a branch out of a catch to a loop around it.
  (func (export "retry") (param i32) (result i32)
    (local $tries i32)
    (loop $again (result i32)
      (i32.const 1000)
      (try (result i32)
        (do
          (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
          (i32.const 10)
          (if (i32.lt_s (local.get $tries) (local.get 0))
            (then (throw $number (local.get $tries))))
          (i32.const 1)
          (i32.add))
        (catch $number (drop) (br $again)))
      (i32.add)
      (local.get $tries)
      (i32.add)))

  (func (export "params") (param i32) (result i32)
    (i32.const 40)
    (local.get 0)
    (try (param i32 i32) (result i32)
      (do (if (then (throw $empty))))
      (catch_all (i32.const -1))))

  ;; What is caught and thrown meanwhile does not change what is rethrown.
  (func (export "rethrow") (param i32) (result i32)
    (try (result i32)
      (do
        (try (result i32)
          (do (call $throw_number (local.get 0)) (i32.const 3))
          (catch_all
            (try (do (throw $number (i32.const 123))) (catch $number (drop)))
            (try (do (drop (drop (call $throws_mixed (i32.const 4))))) (catch_all))
            (rethrow 0))))
      (catch $number)))

  (func (export "rethrow_outer") (result i32)
    (try (result i32)
      (do
        (try (result i32)
          (do (throw $number (i32.const 5)))
          (catch $number
            (try (result i32)
              (do (throw $number (i32.const 6)))
              (catch $number (drop) (rethrow 1)))
            (i32.add))))
      (catch $number)))

  (func (export "delegate") (result i32)
    (try $outer (result i32)
      (do
        (try (result i32)
          (do
            (try (result i32)
              (do (throw $number (i32.const 8)))
              (delegate $outer)))
          (catch_all (i32.const 1))))
      (catch $number)))

  (func $delegates_to_caller
    (try (do (try (do (throw $number (i32.const 21))) (delegate 1))) (catch_all)))
  (func (export "delegate_to_caller") (result i32)
    (try (result i32) (do (call $delegates_to_caller) (i32.const 0)) (catch $number)))

  (func $count (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $number (i32.const 1))))
    (try (result i32)
      (do (call $count (i32.sub (local.get 0) (i32.const 1))))
      (catch $number (i32.const 1) (i32.add) (throw $number))))
  (func (export "recursive") (param i32) (result i32)
    (try (result i32) (do (call $count (local.get 0))) (catch $number)))

  (func (export "returns_out") (result i32)
    (try (do (return (i32.const 4))) (catch_all))
    (i32.const 5))
  (func (export "tail") (result i32)
    ;; The try is left before the callee runs.
    (try (result i32)
      (do (call $tail_in_try))
      (catch $number (i32.const 100) (i32.add))))
  (func $tail_in_try (result i32)
    (try (do (return_call $throw_and_give)) (catch_all))
    (i32.const 0))
  (func $throw_and_give (result i32) (throw $number (i32.const 9)))

  (func (export "reference") (param externref) (result externref)
    (try (result externref) (do (throw $reference (local.get 0))) (catch $reference)))

  (func (export "ask") (param i32) (result i32)
    (try (result i32)
      (do (call $ask (local.get 0)))
      (catch $foreign (i32.const 2000) (i32.add))
      (catch $number (i32.const 1000) (i32.add))))
  (func (export "ask_plainly") (param i32) (result i32) (call $ask (local.get 0)))
  (func (export "trap") (try (do (unreachable)) (catch_all)))

  ;; The same tag imported twice, and another of its name.
  (func (export "alias") (param i32) (result i32)
    (try (result i32)
      (do (throw $alias (local.get 0)))
      (catch $foreign)))
  (func (export "namesake") (result i32)
    (try (result i32)
      (do (throw $namesake))
      (catch $foreign)
      (catch $namesake (i32.const 3))))
  (func (export "uncaught_alias") (param i32) (throw $alias (local.get 0)))
)
