"""All that a training changes, as one nested dictionary, and the way back."""

from collections.abc import Mapping
from typing import Any

import torch


def state_of(players: Mapping[str, Any]) -> dict[str, object]:
    """The state of every network, optimizer, schedule and average, by player, and PyTorch's random
    state.
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
    """Undo of `state_of`, in place."""
    for name, parts in state["players"].items():
        for part, value in parts.items():
            getattr(players[name], part).load_state_dict(value)
    torch.set_rng_state(state["rng"])
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])
