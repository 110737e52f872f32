;; A data segment that does not fit, which only an instance can find out.
(module
  (memory 1)
  (data (i32.const 65533) "four"))
