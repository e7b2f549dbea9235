"""Settings files that are damaged in unusual ways."""

import pytest

from stillyou.config import MaskSettings, load_toml, load_yaml
from stillyou.errors import UsageError


@pytest.mark.parametrize(("load", "text"), [(load_yaml, "["), (load_toml, "a = [")])
def test_deep_nesting_is_refused_in_a_line(tmp_path, load, text):
    path = tmp_path / "settings"
    path.write_text(text.ljust(20_000, "["))
    with pytest.raises(UsageError, match="settings is (nested too deeply|not valid)"):
        load(path, MaskSettings)
