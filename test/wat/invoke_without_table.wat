;; Only the name is emscripten's: no exported table.
(module
  (import "env" "invoke_i" (func $invoke_i (param i32) (result i32)))
  (func (export "try") (param i32) (result i32) (call $invoke_i (local.get 0))))
