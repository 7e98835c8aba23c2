"""Images of designs: their arrays, the files they are read from, and the decoding of a file."""

from simulgenvae.data.images.arrays import COLOUR, GREY, ImageFormat, Images

__all__ = ["COLOUR", "GREY", "ImageFormat", "Images"]
