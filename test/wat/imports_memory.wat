(module (import "outside" "its_memory" (memory 1)))
