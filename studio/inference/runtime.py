"""One GGUF model in memory: tokens in, logits or the next token out.

llama-cpp-python's ``Llama`` class is passed by on purpose: it compiles the chat template at
load and fails on training's ``{% generation %}`` marks, keeps a second copy of the logits
(300 MB for a 150k vocabulary), and cannot change adapters.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.inference.gguf import Head, read_head
from studio.inference.refusals import cannot_load, no_memory, wrong_adapter
from studio.inference.vocabulary import marks_of
from studio.models.marks import Marks, Span, ids_of

BATCH = 512
SMALL = 64 * 1024 * 1024
"""A model of fewer bytes is done sooner by one core than by several that wait for each other."""


@lru_cache(maxsize=1)
def library() -> Any:
    """llama_cpp, started once in a process and quiet."""
    import llama_cpp

    logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)
    llama_cpp.llama_backend_init()
    return llama_cpp


@lru_cache(maxsize=1)
def _has_amx() -> bool:
    """Whether llama.cpp was built for AMX. Built by GCC 12 or older it then dies of a quantised
    model: the compiler drops all but 8 bytes of the tile configuration as dead stores."""
    return b"AMX_INT8 = 1" in library().llama_print_system_info()


@lru_cache(maxsize=1)
def physical_cores() -> int:
    """Cores that this process may use, counting a core with two threads once."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    siblings = {
        path.read_text().strip()
        for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
    }
    return max(1, min(usable or 1, len(siblings) or usable or 1))


class Runtime:
    """A model and its context. Not for several threads at once: see ``model_cache``.

    ``exact`` computes attention and keeps the cache in 32 bits, for comparing with training. With
    a ``context`` of 0 no weight is read, and all it does is cut text into tokens.

    Raises:
        StudioError: the file is missing, damaged, of an unknown kind, or does not fit.
    """

    def __init__(self, path: Path, context: int, *, exact: bool = False) -> None:
        self.head: Head = read_head(path)
        self.exact = exact
        self.context = 0
        self.ids: list[int] = []
        """The tokens whose state is in the context's cache."""
        self._lib = library()
        self._context: Any = None
        self._one = (self._lib.llama_token * 1)()
        self._adapters: dict[Path, Any] = {}
        self._adapter: tuple[Path | None, float] = (None, 0.0)
        params = self._lib.llama_model_default_params()
        params.n_gpu_layers = 9999 if self._lib.llama_supports_gpu_offload() else 0
        params.use_extra_bufts = not _has_amx()
        if context == 0:
            params.no_alloc, params.n_gpu_layers, params.load_mode = True, 0, 0
        self._model = self._lib.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise cannot_load(path)
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self.bytes = int(self._lib.llama_model_size(self._model))
        self.vocabulary = int(self._lib.llama_vocab_n_tokens(self._vocab))
        self.trained_context = int(self._lib.llama_model_n_ctx_train(self._model))
        try:
            self.resize(context)
        except StudioError:
            self.close()
            raise

    @property
    def threads(self) -> int:
        return 1 if self.bytes < SMALL else physical_cores()

    def resize(self, context: int) -> None:
        """Have room for ``context`` tokens, at most what the model was trained for."""
        wanted = min(context, self.trained_context)
        if wanted <= self.context:
            return
        self._free_context()
        params = self._lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = wanted, BATCH, BATCH
        params.n_threads = params.n_threads_batch = self.threads
        params.no_perf = True
        params.flash_attn_type = self._lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        if self.exact:
            params.type_k = params.type_v = self._lib.GGML_TYPE_F32
        elif self._lib.llama_supports_gpu_offload():
            params.flash_attn_type = self._lib.LLAMA_FLASH_ATTN_TYPE_AUTO
        self._context = self._lib.llama_init_from_model(self._model, params)
        if not self._context:
            raise no_memory(self.head.path, wanted)
        self._memory = self._lib.llama_get_memory(self._context)
        self.context, self.ids = wanted, []
        adapter, scale = self._adapter
        self._adapter = (None, 0.0)
        self.use(adapter, scale)

    def use(self, adapter: Path | None, scale: float = 1.0) -> None:
        """Speak with this adapter at this strength from here on, or with none.

        Raises:
            StudioError: the adapter is damaged or was made for another model.
        """
        wanted = (adapter, scale) if adapter and scale else (None, 0.0)
        if wanted == self._adapter:
            return
        if adapter and scale:
            handles = (self._lib.llama_adapter_lora_p_ctypes * 1)(self._load_adapter(adapter))
            scales = (ctypes.c_float * 1)(scale)
            failed = self._lib.llama_set_adapters_lora(self._context, handles, 1, scales)
        else:
            failed = self._lib.llama_set_adapters_lora(self._context, None, 0, None)
        if failed:
            raise wrong_adapter(self.head, read_head(adapter or self.head.path))
        self._adapter = wanted
        self.forget()  # what is cached was computed with the other voice

    def _load_adapter(self, path: Path) -> Any:
        if path not in self._adapters:
            head = read_head(path)
            handle = None
            if head.is_adapter and head.architecture == self.head.architecture:
                handle = self._lib.llama_adapter_lora_init(self._model, str(path).encode())
            if not handle:
                raise wrong_adapter(self.head, head)
            self._adapters[path] = handle
        return self._adapters[path]

    def forget(self) -> None:
        """Empty the cache of computed tokens."""
        self._lib.llama_memory_clear(self._memory, True)
        self.ids = []

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Token ids; with ``special``, marks such as ``<|im_start|>`` in the text are tokens.

        Without it the text is prose, and a begin mark is put first where the model has one.
        """
        raw = text.encode("utf-8")
        room = len(raw) + 8
        ids = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(
            self._vocab, raw, len(raw), ids, room, not special, special
        )
        return list(ids[:count])

    @cached_property
    def marks(self) -> Marks:
        """What of its vocabulary is a mark and no word."""
        return marks_of(self._lib, self._vocab, self.head.facts)

    def ids_of(self, text: str, words: Sequence[Span], apart: Sequence[int] = ()) -> list[int]:
        """Ids of a text of which ``words`` is what people wrote: no mark is found in those. No
        token reaches across the places ``apart``."""
        cuts = sorted({*self.marks.cuts(text, words), *apart})
        return ids_of(text, cuts, lambda part: self.tokenise(part, special=True))

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for: perhaps a part of a character; none for a mark."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = self._lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def name(self, token: int) -> str:
        """How the vocabulary writes a token."""
        raw: bytes = self._lib.llama_vocab_get_text(self._vocab, token)
        return raw.decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether a token ends the text: an end mark, or a mark that is no prose."""
        return bool(
            self._lib.llama_vocab_is_eog(self._vocab, token)
            or self._lib.llama_vocab_is_control(self._vocab, token)
        )

    def reuse(self, ids: Sequence[int]) -> int:
        """Keep the computed state of the longest common beginning; how many tokens that is.

        At least the last of ``ids`` is left to compute, since its logits are wanted.
        """
        common = 0
        for old, new in zip(self.ids, ids[:-1], strict=False):
            if old != new:
                break
            common += 1
        if not self._lib.llama_memory_seq_rm(self._memory, 0, common, -1):
            self.forget()  # a recurrent model cannot go back a part of the way
            return 0
        del self.ids[common:]
        return common

    def evaluate(self, ids: Sequence[int]) -> Iterator[int]:
        """Compute tokens after those already there, a batch at a time; yields how many so far.

        Raises:
            StudioError: the context is full or memory ran out.
        """
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            array = (self._lib.llama_token * len(part))(*part)
            self._decode(self._lib.llama_batch_get_one(array, len(part)))
            self.ids.extend(part)
            yield start + len(part)

    def extend(self, token: int) -> None:
        """Compute one token after those already there.

        Raises:
            StudioError: the context is full or memory ran out.
        """
        self._one[0] = token
        self._decode(self._lib.llama_batch_get_one(self._one, 1))
        self.ids.append(token)

    def _decode(self, batch: Any) -> None:
        if self._lib.llama_decode(self._context, batch):
            self.forget()
            raise no_memory(self.head.path, self.context)

    def logits(self, ids: Sequence[int], places: Sequence[int] | None = None) -> Any:
        """Logits after each of ``ids``, or after those at ``places`` (ascending), computed afresh:
        float32 array [places, vocabulary]."""
        import numpy as np

        self.forget()
        wanted = np.arange(len(ids)) if places is None else np.asarray(places, dtype=int)
        found = np.empty((len(wanted), self.vocabulary), dtype=np.float32)
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            self._decode_all(part, start)
            rows, shape = self._lib.llama_get_logits(self._context), (len(part), self.vocabulary)
            here = (start <= wanted) & (wanted < start + len(part))
            found[here] = np.ctypeslib.as_array(rows, shape=shape)[wanted[here] - start]
        self.ids = list(ids)
        return found

    def _decode_all(self, part: Sequence[int], start: int) -> None:
        batch = self._lib.llama_batch_init(len(part), 0, 1)
        try:
            batch.n_tokens = len(part)
            for place, token in enumerate(part):
                batch.token[place] = token
                batch.pos[place] = start + place
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
                batch.logits[place] = True
            self._decode(batch)
        finally:
            self._lib.llama_batch_free(batch)

    def sample(self, chain: Any) -> int:
        """The next token after the last one computed, drawn by a sampler chain."""
        return int(self._lib.llama_sampler_sample(chain, self._context, -1))

    def bar(self, token: int) -> None:
        """Keep ``token`` from being drawn after the last one computed."""
        row = self._lib.llama_get_logits_ith(self._context, -1)
        row[token] = float("-inf")

    def _free_context(self) -> None:
        if self._context:
            self._lib.llama_free(self._context)
        self._context, self.context, self.ids = None, 0, []

    def close(self) -> None:
        """Free the memory; adapters go with their model."""
        self._free_context()
        if self._model:
            self._lib.llama_model_free(self._model)
        self._model = None
        self._adapters.clear()
