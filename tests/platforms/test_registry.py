from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from caretool.domain.policy import Account
from caretool.platforms import registry
from caretool.platforms.platform import Opening
from tests.platforms.contract import NOON


def test_knowing_the_platforms_imports_none_of_them() -> None:
    code = (
        "import sys, caretool.platforms.registry as registry\n"
        "assert registry.KNOWN\n"
        "loaded = ('pydantic', 'selectolax', 'caretool.platforms.file.connector')\n"
        "print([name for name in loaded if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_every_platform_refuses_unknown_keys_and_explains_its_own() -> None:
    models = registry.settings_models()
    assert tuple(models) == registry.KNOWN
    for model in models.values():
        assert model.model_config["extra"] == "forbid"
        assert all(field.description for field in model.model_fields.values())


def test_every_platform_has_its_page() -> None:
    docs = Path(__file__).parents[2] / "docs" / "platforms"
    assert {page.stem for page in docs.glob("*.md")} >= set(registry.KNOWN)


def test_an_account_is_opened_by_its_platforms_name(tmp_path: Path) -> None:
    settings = registry.settings_models()["file"].model_validate({"comments": "comments.csv", "max_length": 9})
    account = Account("console-page", "file", settings)
    opening = Opening(tmp_path, ZoneInfo("Europe/Rome"), lambda: NOON)
    assert registry.open_platform(account, opening).limits.length == 9
