;; Exceptions that go from one instance to another.

(module $A
  (tag $e (export "e") (param i32))
  (tag $twin (export "twin") (param i32))
  (tag $secret (param i32))
  (tag $wide (export "wide") (param i64 f32 f64 externref))
  (func (export "throw") (param i32) (throw $e (local.get 0)))
  (func (export "throw-twin") (param i32) (throw $twin (local.get 0)))
  (func (export "throw-secret") (param i32) (throw $secret (local.get 0)))
  (func (export "throw-wide") (param externref)
    (throw $wide (i64.const -1) (f32.const nan:0x200001) (f64.const -0) (local.get 0)))
  (func (export "trap") unreachable)
  (func (export "catch-own") (param i32) (result i32)
    try (result i32) (throw $e (local.get 0)) catch $e end)
)
(register "A" $A)

(module $B
  (tag $e (import "A" "e") (param i32))
  (tag $twin (import "A" "twin") (param i32))
  (tag $wide (import "A" "wide") (param i64 f32 f64 externref))
  (func $throw (import "A" "throw") (param i32))
  (func $throw-twin (import "A" "throw-twin") (param i32))
  (func $throw-wide (import "A" "throw-wide") (param externref))
  (func $trap (import "A" "trap"))
  (func $catch-own (import "A" "catch-own") (param i32) (result i32))
  (tag $mine (param i32))
  (export "re-exported" (tag $e))

  (func (export "catch") (param i32) (result i32)
    try (result i32)
      (call $throw (local.get 0))
      (i32.const -1)
    catch $mine
      drop
      (i32.const -2)
    catch $twin
      drop
      (i32.const -3)
    catch $e
      (i32.add (i32.const 1))
    end)

  (func (export "twin") (param i32) (result i32)
    try (result i32)
      (call $throw-twin (local.get 0))
      (i32.const -1)
    catch $e
      drop
      (i32.const -2)
    catch $twin
      (i32.add (i32.const 2))
    end)

  (func (export "catch-all") (param i32) (result i32)
    try (result i32)
      (call $throw (local.get 0))
      (i32.const -1)
    catch_all
      (i32.const 3)
    end)

  (func (export "wide") (param externref) (result i64 f32 f64 externref)
    try (result i64 f32 f64 externref)
      (call $throw-wide (local.get 0))
      unreachable
    catch $wide
    end)

  (func (export "rethrow") (param i32)
    try
      (call $throw (local.get 0))
    catch_all
      rethrow 0
    end)

  (func (export "through") (param i32)
    try
      (call $throw (local.get 0))
    catch $mine
      drop
    end)

  (func (export "trap")
    try (call $trap) catch_all end)

  (func (export "catch-own") (param i32) (result i32)
    try (result i32) (call $catch-own (local.get 0)) catch_all (i32.const -1) end)
)

(assert_return (invoke "catch" (i32.const 5)) (i32.const 6))
(assert_return (invoke "twin" (i32.const 5)) (i32.const 7))
(assert_return (invoke "catch-all" (i32.const 5)) (i32.const 3))
(assert_return (invoke "wide" (ref.extern 6))
  (i64.const -1) (f32.const nan:0x200001) (f64.const -0) (ref.extern 6))
(assert_exception (invoke "rethrow" (i32.const 5)))
(assert_exception (invoke "through" (i32.const 5)))
(assert_trap (invoke "trap") "unreachable")
(assert_return (invoke "catch-own" (i32.const 5)) (i32.const 5))
(assert_exception (invoke $A "throw" (i32.const 5)))
(assert_return (invoke "catch" (i32.const 6)) (i32.const 7))

;; Through two instances, the tag under another name.
(register "B" $B)
(module
  (tag $e (import "B" "re-exported") (param i32))
  (func $through (import "B" "through") (param i32))
  (func (export "far") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (call $through (local.get 0)))
      (i32.const -1))))
(assert_return (invoke "far" (i32.const 5)) (i32.const 5))

;; A tag that the catching module does not know.
(module
  (func $throw (import "A" "throw-secret") (param i32))
  (func (export "catch-all") (param i32) (result i32)
    try (result i32)
      (call $throw (local.get 0))
      (i32.const -1)
    catch_all
      (i32.const 3)
    end))
(assert_return (invoke "catch-all" (i32.const 5)) (i32.const 3))

(assert_unlinkable
  (module (import "A" "e" (tag (param i64))))
  "incompatible import type")
(assert_unlinkable
  (module (import "A" "e" (tag)))
  "incompatible import type")
(assert_unlinkable
  (module (import "A" "throw" (tag (param i32))))
  "incompatible import type")
(assert_unlinkable
  (module (import "A" "e" (func (param i32))))
  "incompatible import type")
(assert_unlinkable
  (module (import "A" "secret" (tag (param i32))))
  "unknown import")
