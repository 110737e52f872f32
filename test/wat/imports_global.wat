(module (import "outside" "its_global" (global i32)))
