;; A memory of 64 MiB, for copies.
(module (memory (export "memory") 1024))
