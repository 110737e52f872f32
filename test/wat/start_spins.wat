(module (func $main (loop $again (br $again))) (start $main))
