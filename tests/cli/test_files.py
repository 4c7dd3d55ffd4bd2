"""Files are written completely or not at all."""

import os
from pathlib import Path

import pytest

from vdm_alerts_cli.files import write_file


def test_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    write_file(path, "old")
    path.chmod(0o600)
    write_file(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["counts.json"]


def test_earlier_file_stays_when_the_new_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "counts.json"
    write_file(path, "old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_file(path, "new")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["counts.json"]


def test_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as caught:
        write_file(tmp_path / "no" / "counts.json", "new")
    assert caught.value.filename == str(tmp_path / "no" / "counts.json")


def test_device_is_written_to(tmp_path: Path) -> None:
    del tmp_path
    write_file(Path(os.devnull), "new")
    assert Path(os.devnull).exists()
