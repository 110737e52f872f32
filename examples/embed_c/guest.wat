;; The guest of this example: it logs text through one import and asks for a price through another.
(module
  (import "env" "log" (func $log (param i32 i32)))
  (import "shop" "price_of" (func $price_of (param i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "looking up a price")

  (func (export "total") (param $article i32) (param $count i32) (result i64)
    (call $log (i32.const 16) (i32.const 18))
    (i64.mul
      (call $price_of (local.get $article))
      (i64.extend_i32_u (local.get $count))))

  (func (export "share") (param $sum i32) (param $people i32) (result i32)
    (i32.div_s (local.get $sum) (local.get $people))))
