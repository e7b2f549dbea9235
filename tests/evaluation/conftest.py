"""One torch thread: tiny networks gain nothing from more, and on a busy machine threads wait for each other."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _alone(_one_torch_thread):
    torch.set_num_threads(1)
