;; An exported table of functions: two functions and an empty element.
(module
  (table (export "__indirect_function_table") 3 funcref)
  (elem (i32.const 0) $double $add)
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $add (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1))))
