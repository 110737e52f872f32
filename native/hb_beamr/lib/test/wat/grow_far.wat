;; A memory that may grow to 4 GiB.
(module
  (memory (export "memory") 1))
