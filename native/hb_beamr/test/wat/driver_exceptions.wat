;; Exceptions that nobody catches, of tags with and without names.
(module
  (import "env" "foreign" (tag $foreign (param i32)))
  (tag $own (export "own") (param i32))
  (tag $hidden (param i32))
  (func (export "throw_own") (throw $own (i32.const 5)))
  (func (export "throw_foreign") (throw $foreign (i32.const 5)))
  (func (export "throw_hidden") (throw $hidden (i32.const 5))))
