"""Hair: strands grown on the template head and carried over to a person's own, brows and beards."""

from stillyou.pairs.teachers.people.hair.face import face_hair
from stillyou.pairs.teachers.people.hair.strands import Hair, grow, part, scalp_of

__all__ = ["Hair", "face_hair", "grow", "part", "scalp_of"]
