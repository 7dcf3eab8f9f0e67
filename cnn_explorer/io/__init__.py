"""Files in and out: at most QtCore and QtGui, no widgets."""
