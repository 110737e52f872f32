;; As emscripten makes it without -sWASM_BIGINT: invoke_jj has its 64-bit parameter in two parts,
;; and the second part of its result is left where the guest can get it.
(module
  (import "env" "invoke_jj" (func $invoke_jj (param i32 i32 i32) (result i32)))
  (import "env" "_emscripten_throw_longjmp" (func $throw_longjmp))
  (table (export "__indirect_function_table") 3 funcref)
  (elem (i32.const 1) $next $throws)
  (type $jj (func (param i64) (result i64)))
  (global $second (mut i32) (i32.const 0))
  (global $threw (mut i32) (i32.const 0))
  (func (export "setThrew") (param i32 i32) (global.set $threw (local.get 0)))

  (func $next (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func $throws (param i64) (result i64) (call $throw_longjmp) (local.get 0))

  (func (export "dynCall_jj") (param $element i32) (param $low i32) (param $high i32) (result i32)
    (local $result i64)
    (local.set $result
      (call_indirect (type $jj)
        (i64.or
          (i64.extend_i32_u (local.get $low))
          (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32)))
        (local.get $element)))
    (global.set $second (i32.wrap_i64 (i64.shr_u (local.get $result) (i64.const 32))))
    (i32.wrap_i64 (local.get $result)))

  (func (export "try") (param $element i32) (param $value i64) (result i64 i32)
    (local $low i32)
    (local.set $low
      (call $invoke_jj
        (local.get $element)
        (i32.wrap_i64 (local.get $value))
        (i32.wrap_i64 (i64.shr_u (local.get $value) (i64.const 32)))))
    (i64.or
      (i64.extend_i32_u (local.get $low))
      (i64.shl (i64.extend_i32_u (global.get $second)) (i64.const 32)))
    (global.get $threw)))
