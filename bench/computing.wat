;; What exceptions cost code that has none: calls, and none.
(module
  (memory 16)

  ;; Nothing but calls.
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  ;; How many primes there are below `limit`, at most 1,000,000.
  (func (export "primes") (param $limit i32) (result i32)
    (local $n i32) (local $multiple i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $limit))
    (local.set $n (i32.const 2))
    (block $done
      (loop $numbers
        (br_if $done (i32.ge_u (local.get $n) (local.get $limit)))
        (if (i32.eqz (i32.load8_u (local.get $n)))
          (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $multiple (i32.shl (local.get $n) (i32.const 1)))
            (block $marked
              (loop $multiples
                (br_if $marked (i32.ge_u (local.get $multiple) (local.get $limit)))
                (i32.store8 (local.get $multiple) (i32.const 1))
                (local.set $multiple (i32.add (local.get $multiple) (local.get $n)))
                (br $multiples)))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $numbers)))
    (local.get $count)))
