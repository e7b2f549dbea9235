"""Atomic writes: what a killed process leaves is cleared, and what a living one writes is not."""

from __future__ import annotations

from pathlib import Path

from stillyou.files import atomic_path, clear_dead_parts, clear_parts, take_place


def test_only_the_temporary_files_of_dead_writers_are_cleared(tmp_path: Path) -> None:
    dead, own = tmp_path / ".part-1a2b3c_8.png", tmp_path / ".part-of mine.png"
    for path in (dead, own):
        path.write_bytes(b"half")
    with atomic_path(tmp_path / "a.png") as part:
        part.write_bytes(b"whole")
        clear_dead_parts(tmp_path, tmp_path / "missing")
        assert part.exists() and not dead.exists() and own.exists()
    assert (tmp_path / "a.png").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == [own.name, "a.png"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"mine")
    (tmp_path / ".part-1a2b3c_8.png").symlink_to(tmp_path / "kept")
    clear_dead_parts(tmp_path)
    clear_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("part", "final", ".part-old-final"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    take_place(tmp_path / "part", tmp_path / "final")
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["final", "final/part"]
