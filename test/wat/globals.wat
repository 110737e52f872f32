;; Exported globals of every type.
(module
  (global (export "i32") (mut i32) (i32.const -1))
  (global (export "i64") (mut i64) (i64.const -2))
  (global (export "f32") (mut f32) (f32.const 1.5))
  (global (export "f64") (mut f64) (f64.const nan))
  (global (export "fixed") i32 (i32.const 5))
  (global $seen (mut i32) (i32.const 0))
  (func (export "seen") (result i32) (global.get $seen)))
