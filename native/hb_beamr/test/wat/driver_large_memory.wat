;; 64 MiB, for copies that are made on a worker.
(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1024 2048)
  (func (export "empty"))
  (func (export "ask") (param i32) (result i32) (call $ask (local.get 0)))
  (func (export "spin") (loop $again (br $again))))
