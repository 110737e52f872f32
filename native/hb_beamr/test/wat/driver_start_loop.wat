;; A module that never gets past its start.
(module
  (func $start (loop $again (br $again)))
  (start $start))
