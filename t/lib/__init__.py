"""The kit that the tests of t/ stand on. t/README.md shows how to use it."""
