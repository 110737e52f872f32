;; Legacy exceptions: what they carry.

(module
  (tag $none)
  (tag $i32 (param i32))
  (tag $i64 (param i64))
  (tag $f32 (param f32))
  (tag $f64 (param f64))
  (tag $extern (param externref))
  (tag $func (param funcref))
  (tag $all (param i32 i64 f32 f64 externref funcref))
  (tag $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))

  (table $functions 2 funcref)
  (elem (i32.const 0) $forty-two)
  (func $forty-two (result i32) (i32.const 42))
  (type $number (func (result i32)))

  (func (export "i32") (param i32) (result i32)
    try (result i32) (throw $i32 (local.get 0)) catch $i32 end)
  (func (export "i64") (param i64) (result i64)
    try (result i64) (throw $i64 (local.get 0)) catch $i64 end)
  (func (export "f32") (param f32) (result f32)
    try (result f32) (throw $f32 (local.get 0)) catch $f32 end)
  (func (export "f64") (param f64) (result f64)
    try (result f64) (throw $f64 (local.get 0)) catch $f64 end)
  (func (export "extern") (param externref) (result externref)
    try (result externref) (throw $extern (local.get 0)) catch $extern end)

  ;; A function comes out of the exception and is called.
  (func (export "func") (param i32) (result i32)
    (i32.const 1)
    try (result funcref)
      (throw $func (table.get $functions (local.get 0)))
    catch $func
    end
    table.set $functions
    (call_indirect $functions (type $number) (i32.const 1)))

  (func $throw-all (param i32 externref)
    (throw $all
      (local.get 0) (i64.const -2) (f32.const 3.5) (f64.const -4.25) (local.get 1)
      (ref.func $forty-two)))

  (func (export "all") (param i32 externref) (result i32 i64 f32 f64 externref)
    (local funcref)
    try (result i32 i64 f32 f64 externref)
      (call $throw-all (local.get 0) (local.get 1))
      unreachable
    catch $all
      local.set 2
    end)

  ;; The last ones only.
  (func (export "all-but-first") (param externref) (result f64 externref i32)
    (local $f f64) (local $e externref) (local $p funcref)
    try
      (call $throw-all (i32.const 1) (local.get 0))
    catch $all
      local.set $p
      local.set $e
      local.set $f
      drop
      drop
      drop
    end
    (local.get $f) (local.get $e) (ref.is_null (local.get $p)))

  (func $throw-many (param i64)
    (throw $many
      (local.get 0)
      (i64.add (local.get 0) (i64.const 1)) (i64.add (local.get 0) (i64.const 2))
      (i64.add (local.get 0) (i64.const 3)) (i64.add (local.get 0) (i64.const 4))
      (i64.add (local.get 0) (i64.const 5)) (i64.add (local.get 0) (i64.const 6))
      (i64.add (local.get 0) (i64.const 7)) (i64.add (local.get 0) (i64.const 8))
      (i64.add (local.get 0) (i64.const 9))))

  (func (export "many") (param i64) (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    try (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
      (call $throw-many (local.get 0))
      unreachable
    catch $many
    end)

  ;; The payload is that of the exception, not what a later one carried.
  (func (export "two") (result i32 i32)
    try (result i32)
      (throw $i32 (i32.const 1))
    catch $i32
    end
    try (result i32)
      (throw $i32 (i32.const 2))
    catch $i32
    end)

  (func (export "nothing") (result i32)
    try (result i32) (throw $none) catch $none (i32.const 7) end)

  ;; Nothing is left of values under the exception's.
  (func (export "junk") (param i32) (result i32)
    (i32.const 100)
    try (result i32)
      (i32.const 1) (i64.const 2) (f64.const 3) (local.get 0)
      throw $i32
    catch $i32
    end
    i32.add)

  (func (export "uncaught-i32") (param i32) (throw $i32 (local.get 0)))
  (func (export "uncaught-all") (param externref) (call $throw-all (i32.const 5) (local.get 0)))
  (func (export "uncaught-none") (throw $none))
)

(assert_return (invoke "i32" (i32.const -1)) (i32.const -1))
(assert_return (invoke "i32" (i32.const 0x80000000)) (i32.const 0x80000000))
(assert_return (invoke "i64" (i64.const 0x8000000000000001)) (i64.const 0x8000000000000001))
(assert_return (invoke "f32" (f32.const -0)) (f32.const -0))
(assert_return (invoke "f32" (f32.const nan:0x200001)) (f32.const nan:0x200001))
(assert_return (invoke "f32" (f32.const inf)) (f32.const inf))
(assert_return (invoke "f64" (f64.const -nan:0x4000000000001)) (f64.const -nan:0x4000000000001))
(assert_return (invoke "f64" (f64.const 0x1p-1074)) (f64.const 0x1p-1074))
(assert_return (invoke "extern" (ref.extern 12)) (ref.extern 12))
(assert_return (invoke "extern" (ref.null extern)) (ref.null extern))
(assert_return (invoke "func" (i32.const 0)) (i32.const 42))
(assert_return (invoke "func" (i32.const 1)) (i32.const 42))
(assert_return (invoke "all" (i32.const 9) (ref.extern 3))
  (i32.const 9) (i64.const -2) (f32.const 3.5) (f64.const -4.25) (ref.extern 3))
(assert_return (invoke "all-but-first" (ref.extern 4))
  (f64.const -4.25) (ref.extern 4) (i32.const 0))
(assert_return (invoke "many" (i64.const 10))
  (i64.const 10) (i64.const 11) (i64.const 12) (i64.const 13) (i64.const 14)
  (i64.const 15) (i64.const 16) (i64.const 17) (i64.const 18) (i64.const 19))
(assert_return (invoke "two") (i32.const 1) (i32.const 2))
(assert_return (invoke "nothing") (i32.const 7))
(assert_return (invoke "junk" (i32.const 11)) (i32.const 111))
(assert_exception (invoke "uncaught-i32" (i32.const 1)))
(assert_return (invoke "i32" (i32.const 5)) (i32.const 5))
(assert_exception (invoke "uncaught-all" (ref.extern 1)))
(assert_exception (invoke "uncaught-none"))
(assert_return (invoke "nothing") (i32.const 7))
