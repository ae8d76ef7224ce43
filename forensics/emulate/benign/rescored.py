"""Patients or customers who are looked at again: a few of their values have moved since the last time."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One case over its visits, other cases in between."""
    model, rng = client.model, client.rng
    cases = client.natural(int(rng.integers(2, 9)))
    moving = rng.choice(model.width, size=max(2, model.width // 5), replace=False)
    for _ in range(int(rng.integers(3, 12))):
        for number in rng.permutation(len(cases)):
            changed = rng.choice(moving, size=int(rng.integers(1, len(moving) + 1)), replace=False)
            drift = rng.normal(0, 0.04, len(changed)) * model.span[changed]
            flip = np.array([model.columns[place].kind == "flag" for place in changed])
            toggled = np.where(rng.random(len(changed)) < 0.3, 1 - cases[number, changed], cases[number, changed])
            cases[number, changed] = np.where(flip, toggled, cases[number, changed] + drift)
            cases[number] = model.admit(cases[number])
            yield cases[number][None, :]


BEHAVIOUR = TabularBehaviour(name="rescored", title="Cases that are scored again after every visit", options=ANY_ROWS, episode=episode)
