"""The models that behaviours ask, trained once."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from forensics.emulate.interface import Behaviour, TabularBehaviour
from forensics.emulate.plan import LANGUAGE_MODELS, TABULAR_MODELS
from forensics.emulate.scenario import build_models
from forensics.emulate.workers import Worker, language_worker, tabular_worker


@pytest.fixture(scope="session")
def models() -> Mapping[str, Any]:
    return build_models((*TABULAR_MODELS, *LANGUAGE_MODELS), seed=1)


@pytest.fixture
def worker(models: Mapping[str, Any]) -> Callable[..., Worker]:
    """Somebody who behaves so, asking a model."""

    def make(behaviour: Behaviour, model: str, *, option: str, batch: int = 1, seed: int = 1, disguise: str = "") -> Worker:
        if isinstance(behaviour, TabularBehaviour):
            return tabular_worker(behaviour, models[model], (seed, 2), batch, option, disguise)
        return language_worker(behaviour, models[model], (seed, 2), option, batch, disguise)  # type: ignore[arg-type]

    return make
