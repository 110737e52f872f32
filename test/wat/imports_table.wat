(module (import "outside" "its_table" (table 1 funcref)))
