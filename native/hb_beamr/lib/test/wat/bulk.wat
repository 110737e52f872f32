;; Instructions that take long and branch nowhere.
(module
  (memory (export "memory") 1024)
  (func (export "fill") (param i32)
    (loop
      (memory.fill (i32.const 0) (local.get 0) (i32.const 67108864))
      (br 0)))
  (func (export "copy_up") (memory.copy (i32.const 1) (i32.const 0) (i32.const 1000000)))
  (func (export "copy_down") (memory.copy (i32.const 0) (i32.const 1) (i32.const 1000000)))
  (func $tail (export "tail") (return_call $tail)))
