;; More parameters and results than the engine's buffers on the stack hold.
(module
  (import "env" "six" (func $six (result i32 i64 f32 f64 i32 i64)))
  (import "env" "take20" (func $take20
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (result i64 i64)))
  (func (export "six") (result i32 i64 f32 f64 i32 i64) (call $six))
  (func (export "sum_of_six") (result f64) (local i32 i64 f32 f64 i32 i64)
    (call $six)
    (local.set 5) (local.set 4) (local.set 3) (local.set 2) (local.set 1) (local.set 0)
    (f64.add
      (f64.add
        (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 1)))
        (f64.add (f64.promote_f32 (local.get 2)) (local.get 3)))
      (f64.add (f64.convert_i32_s (local.get 4)) (f64.convert_i64_s (local.get 5)))))
  (func (export "take20")
    (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (result i64 i64)
    (call $take20
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
      (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9)
      (local.get 10) (local.get 11) (local.get 12) (local.get 13) (local.get 14)
      (local.get 15) (local.get 16) (local.get 17) (local.get 18) (local.get 19))))
