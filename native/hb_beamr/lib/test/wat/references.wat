;; References between host and guest.
(module
  (import "env" "ask" (func $ask (param externref funcref) (result externref)))
  (func $take (export "take") (param funcref))
  (func (export "give") (result funcref) (ref.func $take))
  (func $echo (export "echo") (param externref) (result externref)
    (call $ask (local.get 0) (ref.func $echo)))
  (elem declare func $take $echo)
  (global (export "ref") (mut externref) (ref.null extern))
  (table (export "refs") 2 4 externref))
