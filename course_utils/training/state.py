"""Everything that training changes, as one nested dictionary, and the way back."""

from collections.abc import Mapping
from typing import Any

import torch


def state_of(players: Mapping[str, Any]) -> dict[str, object]:
    """Return the state of every network, optimizer, schedule and average, and the random state.

    Args:
        players: the players by name.

    Returns:
        {"players": {name: {attribute: state dictionary}}, "rng": …} and, with a GPU, "cuda".
    """
    parts = {
        name: {
            part: value.state_dict()
            for part, value in vars(player).items()
            if hasattr(value, "state_dict")
        }
        for name, player in players.items()
    }
    cuda = {"cuda": torch.cuda.get_rng_state_all()} if torch.cuda.is_available() else {}
    return {"players": parts, "rng": torch.get_rng_state(), **cuda}


def restore(players: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Put players and the random state back to a state that `state_of` returned, in place.

    Args:
        players: the players by name, as for `state_of`.
        state: what `state_of` returned.
    """
    for name, parts in state["players"].items():
        for part, value in parts.items():
            getattr(players[name], part).load_state_dict(value)
    torch.set_rng_state(state["rng"])
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])
