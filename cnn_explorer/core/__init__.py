"""The computation and its values: numpy, scipy and the standard library, no Qt, no files."""
