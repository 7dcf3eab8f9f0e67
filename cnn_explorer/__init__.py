"""CNN Explorer: how the maps of a convolutional layer are made, shown on your own drawing."""

__version__ = "0.1.0"
