;; Nothing but a function: no memory, no table, no global.
(module
  (func (export "empty")))
