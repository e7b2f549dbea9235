"""How portraits of people are framed: the one place where the people studio and the editor's crops agree.

Both numbers are about the square that the face detector of `stillyou.images.faces` draws around a face, which
reaches from the brows to the chin. Measured with dlib's frontal detector on 70 people of the studio: 90% lie within
0.29 to 0.40, 0.45 to 0.55 and 0.48 to 0.57.
"""

FACE_SHARE = 0.35
"""Side of the detector's box as a share of the side of the portrait: the median of the studio's pictures."""
FACE_CENTRE = (0.50, 0.52)
"""Where the middle of that box lies, as fractions of the portrait's width and height."""
