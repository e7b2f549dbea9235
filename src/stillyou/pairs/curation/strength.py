"""Does the target show the effect: by the curation scorer, or by CLIP's text-image direction where a CLIP is given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stillyou.errors import StillYouError
from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.curation.protocol import PairScorer, Scorer, ScorerOptions, Scores
from stillyou.untrusted.rules import told


class Shows(PairScorer):
    """Asks a small classifier of train styles how much more probably the target shows the effect than the source."""

    name = "shows"
    measures = {"strength": "probability that the target shows the effect, less that of the source, -1 to 1"}
    licence = "Apache-2.0, weights trained on studio pairs alone"
    cost = "6 ms"
    needs = "nothing; --scorer puts another in the place of the one that ships"

    @classmethod
    def weights(cls, options: ScorerOptions) -> str:
        """Return a digest of the scorer's files."""
        return _digest(_folder(options))

    @classmethod
    def check(cls, options: ScorerOptions) -> None:
        """Read the scorer; see `Scorer.check`."""
        from stillyou.pairs.curation.shows.network import load

        load(_folder(options))

    def score(self, candidate: Candidate) -> Scores:
        """Measure one candidate; see `Scorer.measure`."""
        from stillyou.pairs.curation.shows.network import load

        scorer, pair = load(_folder(self.options)), candidate.pair
        if not scorer.knows(candidate.effect, pair.domain):
            return {}
        before, after = scorer.probabilities(candidate.effect, np.stack([pair.source, pair.target]))
        return {"strength": round(after - before, 4)}


def _folder(options: ScorerOptions) -> Path:
    """Return the scorer's folder: the user's, or the one that ships with the package."""
    from stillyou.pairs.curation.shows.network import SHIPPED

    return options.scorer or SHIPPED


_CLIP = ("CLIP model", "Give a folder with config.json, model.safetensors, tokenizer and preprocessor files.")
_CHECKER = ("safety checker", "Give a folder with config.json, model.safetensors and preprocessor_config.json.")


def _check_files(folder: Path | None, what: tuple[str, str]) -> None:
    """Refuse a folder that lacks the files of a network and its preprocessor; what they hold is seen on loading."""
    if folder is None:
        return
    lacking = [name for name in ("config.json", "preprocessor_config.json") if not (folder / name).is_file()]
    if not lacking and not any(folder.glob("*.safetensors")):
        lacking = ["model.safetensors"]
    if lacking:
        raise StillYouError(f"{folder} holds no {what[0]} (it has no {lacking[0]})", what[1])


def _digest(folder: Path | None) -> str:
    """Return a digest of the names and sizes of a folder's files and of its small ones' contents."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.rglob("*") if folder is not None else ()):
        if path.is_file():
            digest.update(f"{path.name} {path.stat().st_size}".encode())
            digest.update(path.read_bytes() if path.stat().st_size < 4 << 20 else b"")
    return digest.hexdigest()


class Clip(Scorer):
    """CLIP's directional similarity, as InstructPix2Pix filters by: does the picture change as the words do.

    clip_direction = cos(E(target) - E(source), T(target prompt) - T(source prompt))
    clip_image     = cos(E(target), E(source))
    """

    name = "clip"
    measures = {
        "clip_direction": "cosine of the change of picture and text in CLIP's space, -1 to 1",
        "clip_image": "cosine of source and target in CLIP's space, -1 to 1",
    }
    licence = "that of the CLIP weights you give (OpenAI's: MIT)"
    cost = "100 ms with ViT-B/32"
    needs = "a CLIP folder of transformers, given with --clip"

    @classmethod
    def missing(cls, options: ScorerOptions) -> str:
        """Say whether no folder is given."""
        return "" if options.clip is not None else cls.needs

    @classmethod
    def weights(cls, options: ScorerOptions) -> str:
        """Return a digest of the folder's files."""
        return _digest(options.clip)

    @classmethod
    def check(cls, options: ScorerOptions) -> None:
        """Look for the folder's files; see `Scorer.check`."""
        _check_files(options.clip, _CLIP)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        from transformers import CLIPModel, CLIPProcessor

        try:
            model = CLIPModel.from_pretrained(self.options.clip, local_files_only=True, use_safetensors=True)
            processor = CLIPProcessor.from_pretrained(self.options.clip, local_files_only=True)
        except Exception as error:  # folders can be wrong in as many ways as there are files
            raise StillYouError(f"{self.options.clip} holds no {_CLIP[0]} ({told(error)})", _CLIP[1]) from error
        return model.eval().to(self.options.device), processor

    def measure(self, candidates: Sequence[Candidate]) -> list[Scores]:
        """Measure candidates in one batch; see `Scorer.measure`."""
        pictures = [picture for each in candidates for picture in (each.pair.source, each.pair.target)]
        prompts = [text for each in candidates for text in (each.pair.source_prompt, each.pair.target_prompt)]
        seen, read = (part.reshape(len(candidates), 2, -1) for part in self._embedded(pictures, prompts))
        directions = _cosines(seen[:, 1] - seen[:, 0], read[:, 1] - read[:, 0])
        alike = _cosines(seen[:, 0], seen[:, 1])
        return [
            {"clip_direction": round(float(one), 4), "clip_image": round(float(other), 4)}
            for one, other in zip(directions, alike, strict=True)
        ]

    def _embedded(self, pictures: list[Any], prompts: list[str]) -> tuple[Any, Any]:
        """Return unit vectors of pictures and of texts, (N, d) each."""
        import torch

        model, processor = self._parts
        with torch.inference_mode():
            inputs = processor(text=prompts, images=pictures, return_tensors="pt", padding=True, truncation=True)
            found = model(**inputs.to(self.options.device))
        vectors = (each.double().cpu().numpy() for each in (found.image_embeds, found.text_embeds))
        one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in vectors)
        return one, other


def _cosines(one: Any, other: Any) -> Any:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(1) / np.maximum(lengths, 1e-9)


class Safety(Scorer):
    """Diffusers' safety checker over sources and targets."""

    name = "safety"
    measures = {"unsafe": "pictures of the pair that the checker objects to, 0 to 2"}
    licence = "that of the weights you give (CompVis' checker: CreativeML OpenRAIL-M)"
    cost = "not measured: its weights were not at hand"
    needs = "the folder of a safety checker of diffusers with its preprocessor_config.json, given with --safety"

    @classmethod
    def missing(cls, options: ScorerOptions) -> str:
        """Say whether no folder is given."""
        return "" if options.safety is not None else cls.needs

    @classmethod
    def weights(cls, options: ScorerOptions) -> str:
        """Return a digest of the folder's files."""
        return _digest(options.safety)

    @classmethod
    def check(cls, options: ScorerOptions) -> None:
        """Look for the folder's files; see `Scorer.check`."""
        _check_files(options.safety, _CHECKER)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        folder = self.options.safety
        try:
            model = StableDiffusionSafetyChecker.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            processor = CLIPImageProcessor.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # as above
            raise StillYouError(f"{folder} holds no {_CHECKER[0]} ({told(error)})", _CHECKER[1]) from error
        return model.eval().to(self.options.device), processor

    def measure(self, candidates: Sequence[Candidate]) -> list[Scores]:
        """Measure candidates in one batch; see `Scorer.measure`."""
        import torch

        model, processor = self._parts
        pictures = [picture for each in candidates for picture in (each.pair.source, each.pair.target)]
        pixels = processor(images=pictures, return_tensors="pt").pixel_values.to(self.options.device)
        copies = np.stack([np.zeros((8, 8, 3), np.float32) for _ in pictures])  # it blackens what it objects to
        with torch.inference_mode():
            _, objections = model(images=copies, clip_input=pixels)
        counts = np.reshape([bool(each) for each in objections], (-1, 2)).sum(1)
        return [{"unsafe": int(count)} for count in counts]
