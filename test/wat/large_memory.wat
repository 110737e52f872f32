;; 64 MiB, for copies that do not fit one control.
(module
  (memory (export "memory") 1024)
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))
