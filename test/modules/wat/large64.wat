;; A 64-bit memory of more than 4 GiB, and what moves data about in it.
(module
  (memory (export "memory") i64 1 163840)

  (func (export "grow") (param $pages i64) (result i64)
    (memory.grow (local.get $pages)))
  (func (export "size") (result i64)
    (memory.size))

  (func (export "fill") (param $at i64) (param $byte i32) (param $size i64)
    (memory.fill (local.get $at) (local.get $byte) (local.get $size)))
  (func (export "copy") (param $to i64) (param $from i64) (param $size i64)
    (memory.copy (local.get $to) (local.get $from) (local.get $size)))

  (func (export "store64") (param $at i64) (param $value i64)
    (i64.store (local.get $at) (local.get $value)))
  (func (export "load64") (param $at i64) (result i64)
    (i64.load (local.get $at)))
  ;; With the largest offset that 32 bits can have in the instruction.
  (func (export "store64_far") (param $at i64) (param $value i64)
    (i64.store offset=0xFFFFFFFF (local.get $at) (local.get $value)))
  (func (export "load8_far") (param $at i64) (result i32)
    (i32.load8_u offset=0xFFFFFFFF (local.get $at)))

  ;; Writes its address into every word from $from to $to, $step apart.
  (func (export "stamp") (param $from i64) (param $to i64) (param $step i64)
    (loop $next
      (if (i64.lt_u (local.get $from) (local.get $to))
        (then
          (i64.store (local.get $from) (local.get $from))
          (local.set $from (i64.add (local.get $from) (local.get $step)))
          (br $next)))))
  ;; How many words of these are not their address.
  (func (export "wrong") (param $from i64) (param $to i64) (param $step i64) (result i64)
    (local $wrong i64)
    (loop $next
      (if (i64.lt_u (local.get $from) (local.get $to))
        (then
          (local.set $wrong (i64.add (local.get $wrong)
            (i64.extend_i32_u (i64.ne (i64.load (local.get $from)) (local.get $from)))))
          (local.set $from (i64.add (local.get $from) (local.get $step)))
          (br $next))))
    (local.get $wrong)))
