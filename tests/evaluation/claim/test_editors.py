"""The editors of the claim: each lacks one part of the method and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stillyou.diffusion.conditions import Branch
from stillyou.errors import UsageError
from stillyou.evaluation.claim.editors import config_of, without
from stillyou.evaluation.claim.settings import SIZES, ClaimSettings, begin
from stillyou.evaluation.claim.start import sourceless
from stillyou.evaluation.claim.variants import VARIANTS
from stillyou.models.load import load_pipeline
from tests.conftest import build_tiny_pipeline

SEES_IMAGE = {Branch.IMAGE, Branch.IMAGE_SOURCE, Branch.FULL, Branch.IMAGE_TEXT}
SEES_SOURCE = {Branch.SOURCE, Branch.IMAGE_SOURCE, Branch.FULL, Branch.SOURCE_TEXT}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_differs_from_the_method_in_its_part_alone(name: str) -> None:
    settings = SIZES["small"]
    whole, own = (config_of(settings, VARIANTS[each]).model_dump() for each in ("editor", name))
    differing = {key for key in whole["editor"] if whole["editor"][key] != own["editor"][key]}
    assert {**whole, "editor": {}} == {**own, "editor": {}}
    assert (
        differing
        == {
            "editor": set(),
            "no-curation": set(),
            "no-image-tokens": {"branches"},
            "no-source-latents": {"branches"},
            "released-nulls": {"branches", "released_nulls"},
            "no-reconstruction": {"reconstruction"},
            "no-edit-weights": {"edit_weights"},
            "ip2p": {"branches", "reconstruction", "edit_weights"},
        }[name]
    )


def test_what_a_variant_lacks_it_never_sees() -> None:
    def trained(name: str) -> set[Branch]:
        shares = config_of(SIZES["small"], VARIANTS[name]).editor.branches.by_branch()
        return {branch for branch, share in shares.items() if share}

    assert not trained("no-image-tokens") & SEES_IMAGE
    assert not trained("no-source-latents") & SEES_SOURCE
    assert Branch.IMAGE not in trained("released-nulls")


@torch.inference_mode()
def test_an_absent_condition_changes_nothing_any_more() -> None:
    torch.manual_seed(0)
    source, other = torch.randn(2, 1, 4, 8, 8)
    vision, seen = torch.randn(2, 1, 3, 32, 32)
    blind = without(build_tiny_pipeline(), "image")
    assert blind.device.type == "cpu"  # a pipeline asks its parts
    torch.testing.assert_close(
        blind.denoiser.image_tokens(vision, source), blind.denoiser.image_tokens(seen, other), rtol=0, atol=0
    )
    plain, deaf = build_tiny_pipeline(), without(build_tiny_pipeline(), "source")
    noisy = torch.randn(1, 4, 8, 8)

    def stem(pipeline: object, latents: torch.Tensor) -> torch.Tensor:
        return pipeline.unet.conv_in(torch.cat([noisy, latents], 1))  # type: ignore[attr-defined]

    torch.testing.assert_close(stem(deaf, source), stem(plain, torch.zeros_like(source)))


def test_a_folder_belongs_to_its_settings(tmp_path: Path) -> None:
    begin(tmp_path / "run", ClaimSettings())
    begin(tmp_path / "run", ClaimSettings())
    with pytest.raises(UsageError, match="begun with other pairs, steps"):
        begin(tmp_path / "run", ClaimSettings(pairs=7, steps=9))
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "x").touch()
    with pytest.raises(UsageError, match="holds something else"):
        begin(tmp_path / "else", ClaimSettings())


@torch.inference_mode()
def test_editors_start_from_the_base_without_its_sources(tmp_path: Path) -> None:
    base, start = build_tiny_pipeline(), sourceless(build_tiny_pipeline(), 64, seed=3)
    noisy, one, other = torch.randn(3, 1, 4, 8, 8)
    see = start.unet.conv_in
    torch.testing.assert_close(see(torch.cat([noisy, one], 1)), see(torch.cat([noisy, other], 1)), rtol=0, atol=0)
    ours, theirs = start.unet.state_dict(), base.unet.state_dict()
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == ["conv_in.weight"]
    assert torch.equal(ours["conv_in.weight"][:, :4], theirs["conv_in.weight"][:, :4])
    for part in ("vae", "text_encoder"):
        for name, weights in getattr(base, part).state_dict().items():
            assert torch.equal(getattr(start, part).state_dict()[name], weights)
    vision = torch.randn(1, 3, 32, 32)
    known, fresh = (pipeline.image_encoder(vision).last_hidden_state for pipeline in (base, start))
    assert not torch.allclose(known, fresh)
    assert start.resolution == 64
    start.save_pretrained(tmp_path)
    again = sourceless(build_tiny_pipeline(), 64, seed=3)
    for name, weights in load_pipeline(str(tmp_path), "cpu", torch.float32).image_encoder.state_dict().items():
        assert torch.equal(weights, again.image_encoder.state_dict()[name])
