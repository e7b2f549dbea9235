"""Pictures of users: the one place that opens and writes them, and what can be told of them without a model of ours.

A file becomes a `Picture`: 8-bit RGB, upright, with its alpha channel and metadata beside it. `kinds` and `tiff_tags`
judge files by their content; `opening` refuses what could not be edited faithfully, `unsupported` says why; `pixels`
turns every kind of pixel into 8-bit RGB(A); `colour` handles ICC profiles; `blocks`, `png_blocks` and `metadata` read
what a file says beside its pixels and keep it true after the picture is turned upright; `reading` puts it all together;
`writing` writes whole files or none. `faces` finds faces, `shading` tells photographs from drawings, `framing` says how
portraits are framed.
"""

from stillyou.images.kinds import looks_like_picture
from stillyou.images.picture import Picture, PictureInfo
from stillyou.images.reading import (
    MAX_PIXELS,
    grey_mask,
    picture_from_bytes,
    picture_from_image,
    read_mask,
    read_picture,
)
from stillyou.images.writing import WRITABLE, check_writable, encode_info, is_lossless, write_mask, write_picture

__all__ = [
    "MAX_PIXELS",
    "WRITABLE",
    "Picture",
    "PictureInfo",
    "check_writable",
    "encode_info",
    "grey_mask",
    "is_lossless",
    "looks_like_picture",
    "picture_from_bytes",
    "picture_from_image",
    "read_mask",
    "read_picture",
    "write_mask",
    "write_picture",
]
