"""dlib's face descriptor and five landmarks, from the files of the package face_recognition_models (extra `identity`).

Both are in the public domain (github.com/davisking/dlib-models). They are read as files, since importing the package
needs the retired pkg_resources. Its 68 landmarks, made from data that excludes commercial use, are never read.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError, requires

INSTALL = "pip install 'stillyou[identity]'"
_PACKAGE = "face_recognition_models"
_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
_LANDMARKS = "shape_predictor_5_face_landmarks.dat"


def available() -> bool:
    """Tell whether the extra `identity` is installed."""
    return all(importlib.util.find_spec(module) is not None for module in ("dlib", _PACKAGE))


def landmark_predictor() -> Any:
    """Load what finds five landmarks in a box; raises StillYouError if it is not installed or damaged."""
    requires("identity", "dlib", _PACKAGE)
    import dlib

    return _loaded(dlib.shape_predictor, _weights(_LANDMARKS))


def descriptor_network() -> Any:
    """Load what describes a face by 128 numbers; raises StillYouError if it is not installed or damaged."""
    requires("identity", "dlib", _PACKAGE)
    import dlib

    return _loaded(dlib.face_recognition_model_v1, _weights(_NETWORK))


def _weights(name: str) -> Path:
    """Return a file of the package without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        if (path := Path(folder) / "models" / name).is_file():
            return path
    raise StillYouError(f"{_PACKAGE} has no {name}", f"Run: {INSTALL}")


def _loaded(load: Any, path: Path) -> Any:
    try:
        return load(str(path))
    except RuntimeError as error:
        raise StillYouError(f"{path} is damaged", f"Run: pip install --force-reinstall {_PACKAGE}") from error
