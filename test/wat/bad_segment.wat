;; Valid, but its data do not fit into its memory.
(module (memory 1) (data (i32.const 65530) "more than six bytes"))
