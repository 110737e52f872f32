;; Vectors between host and guest. Only compiled code has them.
(module
  (type $swapping (func (param v128 i32 v128) (result v128 i64 v128)))
  (type $one (func (param i32) (result i32)))
  (import "env" "swap" (func $swap (type $swapping)))
  (import "env" "one" (func $one (type $one)))
  (import "env" "given" (global $given v128))
  (tag $own (export "own") (param i32 v128 i64))
  (global (export "counter") (mut v128) (v128.const i32x4 1 2 3 4))
  (global (export "after") i32 (i32.const 7)) ;; the initial value before is skipped
  (export "given" (global $given))
  (table 2 funcref)
  (elem (i32.const 0) $one $swap)

  (func (export "echo") (param v128) (result v128) (local.get 0))
  (func (export "lane") (param i32 v128) (result i32) (i32x4.extract_lane 1 (local.get 1)))
  ;; More than fit into registers, with others between them on the stack.
  (func (export "many")
      (param v128 i32 v128 f64 i64 v128 v128 f32 v128 i64 v128 i64 v128 f64 v128 i64 v128 i32 v128
             i64 i64 i64 v128)
      (result v128 v128 i64 v128)
    (local.get 16) (local.get 18) (local.get 21) (local.get 22))
  (func $swapped (export "swap") (type $swapping)
    (call $swap (local.get 0) (local.get 1) (local.get 2)))
  (func (export "swap_by_table") (type $swapping)
    (call_indirect (type $swapping) (local.get 0) (local.get 1) (local.get 2) (i32.const 1)))
  (func (export "one_by_table") (type $one)
    (call_indirect (type $one) (local.get 0) (i32.const 0)))
  (func (export "return_swap") (type $swapping)
    (return_call $swapped (local.get 0) (local.get 1) (local.get 2)))

  (func (export "throw") (param v128) (throw $own (i32.const 1) (local.get 0) (i64.const 2)))
  (func (export "catch") (result i32 v128 i64)
    (try (result i32 v128 i64)
      (do (drop (call $one (i32.const 0))) (unreachable))
      (catch $own)))
)
