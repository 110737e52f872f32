;; Every function accesses memory at $near, which always lies in it, and at $far, which may not: what an
;; optimising compiler knows of one address must never be taken for the other. All trap if $far lies outside.
(module
  (memory 1)

  (func (export "assigned while on the stack") (param $near i32) (param $far i32)
    (local.get $near)
    (local.set $near (local.get $far))
    (drop (i32.load))
    (drop (i32.load (local.get $near))))

  (func (export "assigned while on the stack, then the old one") (param $near i32) (param $far i32)
    (local.get $far)
    (local.set $far (local.get $near))
    (drop (i32.load (local.get $far)))
    (drop (i32.load)))

  (func (export "assigned by tee") (param $near i32) (param $far i32)
    (drop (i32.load (local.get $near)))
    (drop (i32.load (local.tee $near (local.get $far)))))

  (func (export "assigned after tee") (param $near i32) (param $far i32)
    (local $at i32)
    (drop (i32.load (local.tee $at (local.get $near))))
    (local.set $at (local.get $far))
    (drop (i32.load (local.get $at))))

  (func (export "in one arm") (param $near i32) (param $far i32)
    (if (i32.gt_s (local.get $far) (i32.const 0))
      (then (drop (i32.load (local.get $far)))))
    (drop (i32.load (local.get $far))))

  (func (export "in the other arm") (param $near i32) (param $far i32)
    (if (i32.lt_s (local.get $far) (i32.const 0))
      (then (nop))
      (else (drop (i32.load (local.get $far)))))
    (drop (i32.load (local.get $far))))

  (func (export "in one arm, used in the other") (param $near i32) (param $far i32)
    (if (i32.gt_s (local.get $far) (i32.const 0))
      (then (drop (i32.load (local.get $far))))
      (else (drop (i32.load (local.get $far))))))

  (func (export "assigned in one arm") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at (local.get $far))
    (if (i32.gt_s (local.get $far) (i32.const 0))
      (then
        (local.set $at (local.get $near))
        (drop (i32.load (local.get $at)))))
    (drop (i32.load (local.get $at))))

  (func (export "assigned in one arm, checked before") (param $near i32) (param $far i32)
    (local $at i32)
    (drop (i32.load (local.get $at)))
    (if (i32.lt_s (local.get $far) (i32.const 65532))
      (then (local.set $at (local.get $far))))
    (drop (i32.load (local.get $at))))

  (func (export "skipped") (param $near i32) (param $far i32)
    (block $out
      (br_if $out (i32.lt_s (local.get $far) (i32.const 0)))
      (drop (i32.load (local.get $far))))
    (drop (i32.load (local.get $far))))

  (func (export "skipped from within") (param $near i32) (param $far i32)
    (block $out
      (block $within
        (block
          (br_if $within (i32.gt_s (local.get $far) (i32.const 0)))
          (br $out)))
      (drop (i32.load (local.get $far))))
    (drop (i32.load (local.get $far))))

  (func (export "skipped by a table") (param $near i32) (param $far i32)
    (block $out
      (block $check
        (br_table $check $out (i32.lt_s (local.get $far) (i32.const 0))))
      (drop (i32.load (local.get $far))))
    (drop (i32.load (local.get $far))))

  (func (export "skipped by a result") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (block $out (result i32)
        (drop (br_if $out (local.get $far) (i32.lt_s (local.get $far) (i32.const 0))))
        (drop (i32.load (local.get $near)))
        (local.get $near)))
    (drop (i32.load (local.get $at)))
    (drop (i32.load (local.get $far))))

  (func (export "skipped after an assignment") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at (local.get $far))
    (block $out
      (br_if $out (i32.lt_s (local.get $far) (i32.const 0)))
      (local.set $at (local.get $near))
      (drop (i32.load (local.get $at))))
    (drop (i32.load (local.get $at)))
    (drop (i32.load (local.get $far))))

  (func (export "before a block that always ends early") (param $near i32) (param $far i32)
    (block $out
      (loop
        (br $out)
        (drop (i32.load (local.get $far)))))
    (drop (i32.load (local.get $far))))

  (func (export "assigned further down a loop") (param $near i32) (param $far i32)
    (local $at i32) (local $turn i32)
    (local.set $at (local.get $near))
    (loop $again
      (drop (i32.load (local.get $at)))
      (local.set $at (local.get $far))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turn) (i32.const 2)))))

  (func (export "checked before a loop that assigns") (param $near i32) (param $far i32)
    (local $at i32) (local $turn i32)
    (local.set $at (local.get $near))
    (drop (i32.load (local.get $at)))
    (loop $again
      (drop (i32.load (local.get $at)))
      (local.set $at (local.get $far))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turn) (i32.const 2)))))

  (func (export "assigned further down an outer loop") (param $near i32) (param $far i32)
    (local $at i32) (local $turn i32)
    (local.set $at (local.get $near))
    (drop (i32.load (local.get $at)))
    (loop $again
      (loop
        (drop (i32.load (local.get $at))))
      (drop (i32.load (local.get $at)))
      (local.set $at (local.get $far))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turn) (i32.const 2)))))

  (func (export "assigned in an inner loop") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at (local.get $near))
    (drop (i32.load (local.get $at)))
    (loop
      (loop
        (local.set $at (local.get $far))))
    (drop (i32.load (local.get $at))))

  (func (export "on the stack during a loop that checks another turn's value")
        (param $near i32) (param $far i32)
    (local $at i32) (local $turn i32)
    (local.set $at (local.get $far))
    (local.get $at)
    (block $done
      (loop $again
        (block $first
          (br_if $first (i32.eqz (local.get $turn)))
          (drop (i32.load (local.get $at)))
          (br $done))
        (local.set $turn (i32.const 1))
        (local.set $at (local.get $near))
        (br $again)))
    (drop (i32.load)))

  (func (export "after a loop that checks another turn's value") (param $near i32) (param $far i32)
    (local $at i32) (local $turn i32)
    (local.set $at (local.get $near))
    (loop $again
      (if (local.get $turn)
        (then
          (local.set $at (local.get $far)))
        (else
          (drop (i32.load (local.get $at)))
          (local.set $turn (i32.const 1))
          (br $again))))
    (drop (i32.load (local.get $at))))

  (func (export "through the parameter of a loop") (param $near i32) (param $far i32)
    (local $turn i32)
    (local.get $near)
    (loop $again (param i32)
      (drop (i32.load))
      (local.get $far)
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turn) (i32.const 2)))
      (drop)))

  (func (export "with a larger offset") (param $near i32) (param $far i32)
    (local $at i32)
    ;; The last word of memory if $far lies outside.
    (local.set $at
      (select (i32.const 65532) (i32.const 0) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (local.get $at)))
    (drop (i32.load offset=1 (local.get $at))))

  (func (export "with more bytes") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65532) (i32.const 0) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (local.get $at)))
    (drop (i64.load (local.get $at))))

  (func (export "with the largest offset") (param $near i32) (param $far i32)
    (if (i32.lt_s (local.get $far) (i32.const 0))
      (then (drop (i64.load offset=0xffffffff (local.get $near))))))

  (func (export "a constant further on") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65532) (i32.const 0) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (local.get $at)))
    (drop (i32.load (i32.add (local.get $at) (i32.const 4)))))

  (func (export "a constant further on, and longer than what was checked") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65528) (i32.const 0) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i64.load (local.get $at)))
    (drop (i32.load (i32.add (local.get $at) (i32.const 5)))))

  (func (export "a constant back") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 0) (i32.const 16) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (local.get $at)))
    (drop (i32.load (i32.sub (local.get $at) (i32.const 8)))))

  (func (export "a constant back, by adding") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 0) (i32.const 16) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (local.get $at)))
    (drop (i32.load (i32.add (i32.const -8) (local.get $at)))))

  (func (export "before a constant that wraps") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const -8) (i32.const 8) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (i32.add (local.get $at) (i32.const 16))))
    (drop (i32.load (local.get $at))))

  (func (export "before a constant, with a larger offset") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65524) (i32.const 0) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load (i32.add (local.get $at) (i32.const 8))))
    (drop (i32.load offset=9 (local.get $at))))

  (func (export "4 bytes at offset 4") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65529) (i32.const 65528) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load offset=4 (local.get $at))))

  (func (export "8 bytes at offset 4") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65525) (i32.const 65524) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i64.load offset=4 (local.get $at))))

  (func (export "4 bytes at offset 124") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65409) (i32.const 65408) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load offset=124 (local.get $at))))

  (func (export "8 bytes at offset 120") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65409) (i32.const 65408) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i64.load offset=120 (local.get $at))))

  (func (export "1 bytes at offset 127") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65409) (i32.const 65408) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load8_u offset=127 (local.get $at))))

  (func (export "2 bytes at offset 126") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65409) (i32.const 65408) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load16_u offset=126 (local.get $at))))

  (func (export "4 bytes at offset 125") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65408) (i32.const 65407) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load offset=125 (local.get $at))))

  (func (export "4 bytes at offset 128") (param $near i32) (param $far i32)
    (local $at i32)
    (local.set $at
      (select (i32.const 65405) (i32.const 65404) (i32.lt_s (local.get $far) (i32.const 0))))
    (drop (i32.load offset=128 (local.get $at)))))
