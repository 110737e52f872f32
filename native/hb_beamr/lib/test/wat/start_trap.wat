;; A start function that traps.
(module
  (func $boom (unreachable))
  (func $start (call $boom))
  (start $start))
