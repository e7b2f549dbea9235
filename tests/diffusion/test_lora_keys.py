"""A LoRA's keys: whole pairs of halves for modules that the UNet has, and nothing else."""

import pytest
from torch import nn

from stillyou.diffusion.lora import LoraMixin


class Model(LoraMixin):
    def __init__(self) -> None:
        self.unet = nn.ModuleDict({"to_q": nn.Linear(2, 2)})


PAIR = ("unet.to_q.lora_A.weight", "unet.to_q.lora_B.weight")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ((*PAIR, "vae.to_q.lora_A.weight"), "'vae.to_q.lora_A.weight' is no update"),
        ((*PAIR, "unet.to_k.lora_A.weight", "unet.to_k.lora_B.weight"), "'unet.to_k.lora_A.weight' is no update"),
        ((*PAIR, "unet.to_q.weight"), "'unet.to_q.weight' is no update"),
        (PAIR[:1], "'unet.to_q' has lora_A without its other half"),
        (PAIR[1:], "'unet.to_q' has lora_B without its other half"),
        ((), "it holds no updates"),
    ],
)
def test_foreign_and_lonely_keys_are_refused_by_name(keys: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Model()._check_keys(dict.fromkeys(keys))


def test_whole_pairs_are_fine() -> None:
    Model()._check_keys((dict.fromkeys((*PAIR, "unet.to_q.alpha")), None))
    Model()._check_keys(dict.fromkeys(("unet.to_q.lora.down.weight", "unet.to_q.lora.up.weight")))
