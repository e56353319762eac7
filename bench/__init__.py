"""The measurements: a filled city, a load, a stopwatch. `./anju bench --help` tells how to run them."""
