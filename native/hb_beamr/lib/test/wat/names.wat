;; Names that are not plain words; a trap some calls deep, for the frames.
(module
  (import "a b" "\c3\a9" (func $odd (result i32)))
  (func (export "") (result i32) (i32.const 1))
  (func (export "x y") (result i32) (i32.const 2))
  (func (export "x") (result i32) (i32.const 3))
  (func (export "\e2\82\ac") (result i32) (call $odd))
  (func $inner (unreachable))
  (func $middle (call $inner))
  (func $outer (export "fail") (call $middle)))
