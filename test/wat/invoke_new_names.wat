;; The names of newer emscripten.
(module
  (import "env" "invoke_v" (func $invoke_v (param i64)))
  (import "env" "_emscripten_throw_longjmp" (func $throw_longjmp))
  (table (export "__indirect_function_table") 2 funcref)
  (elem (i32.const 1) $jumps)
  (global $stack (mut i64) (i64.const 65536))
  (global $threw (mut i64) (i64.const 0))
  (func (export "emscripten_stack_get_current") (result i64) (global.get $stack))
  (func (export "_emscripten_stack_restore") (param i64) (global.set $stack (local.get 0)))
  (func (export "setThrew") (param i64 i32) (global.set $threw (local.get 0)))
  (func $jumps (global.set $stack (i64.const 1)) (call $throw_longjmp))
  (func (export "try") (result i64 i64)
    (call $invoke_v (i64.const 1)) (global.get $threw) (global.get $stack)))
