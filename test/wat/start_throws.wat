(module
  (tag $own (export "own") (param i32))
  (start 0)
  (func (throw $own (i32.const 9))))
