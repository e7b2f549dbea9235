"""A note in a picture's metadata that a model drew part of it, in IPTC's words.

``Iptc4xmpExt:DigitalSourceType`` names how a picture came about; what programs and platforms look for is the address of
a term of IPTC's vocabulary (https://cv.iptc.org/newscodes/digitalsourcetype/).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from stillyou.images.picture import PictureInfo

COMPOSITE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""A picture with parts that a trained model made."""
_NAMESPACE: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_NOTE: Final = (
    f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_NAMESPACE}" Iptc4xmpExt:DigitalSourceType="{COMPOSITE}"/>'
).encode()
_PACKET: Final = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b"%s</rdf:RDF></x:xmpmeta>"
    b'<?xpacket end="w"?>'
)
_END: Final = b"</rdf:RDF>"
_SAID: Final = re.compile(
    rb"\s*<Iptc4xmpExt:DigitalSourceType\b(?:[^>]*/>|.*?</Iptc4xmpExt:DigitalSourceType\s*>)"
    rb"|\s+Iptc4xmpExt:DigitalSourceType\s*=\s*(?:\"[^\"]*\"|'[^']*')",
    re.DOTALL,
)


def marked(info: PictureInfo) -> PictureInfo:
    """Return metadata that say a model made part of the picture; what they said of its origin before goes.

    XMP that cannot be extended (not RDF in UTF-8) is replaced.
    """
    said = _SAID.sub(b"", info.xmp)
    before, end, after = said.rpartition(_END)
    xmp = before + _NOTE + end + after if end and b"\0" not in said else _PACKET % _NOTE
    return replace(info, xmp=xmp)
