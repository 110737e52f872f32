;; Functions with references, which the host cannot pass.
(module
  (func (export "take") (param externref))
  (func (export "give") (result funcref) (ref.null func))
  (global (export "ref") (mut externref) (ref.null extern)))
