"""Shares the weights of a model among the processes that teach it (FSDP).

What a LoRA leaves as it is need not be whole on every card: the frozen weights of each decoder
layer are shared out, and gathered for that layer's turn (torch's ``fully_shard``, FSDP2). What is
learned is small, and stays whole in every process, where DDP averages its gradients: adapter,
optimiser and checkpoint are therefore the same files as in one process. So are embeddings and the
output layer, which are read outside of any layer's turn.
"""

from __future__ import annotations

from typing import Any


def share(model: Any, device: str) -> Any:
    """Share out the layers of ``model``, which lies in the machine's memory with its adapter in
    it, and move what stays whole to ``device``."""
    from torch.distributed import get_world_size
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from torch.nn.parallel import DistributedDataParallel

    base = model.get_base_model()
    mesh = init_device_mesh(device, (get_world_size(),))
    layers = _layers(base)
    frozen = {p for layer in layers for p in layer.parameters() if not p.requires_grad}
    whole = set(model.parameters()) - frozen
    for layer in layers:
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    # The layers plan the gathering of the next one where they have a root in common.
    fully_shard(base.base_model, mesh=mesh, ignored_params=whole)
    names = [name for name, p in model.named_parameters() if not p.requires_grad]
    # DDP would compare and send all of the model at the start.
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, names)  # type: ignore[no-untyped-call]
    return model.to(device)


def _layers(base: Any) -> list[Any]:
    """The decoder layers, which transformers never splits between devices."""
    names = set(base._no_split_modules)
    return [module for module in base.modules() if type(module).__name__ in names]
