"""Writes with llama.cpp in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from studio.domain.findings import Finding
from studio.domain.writing import WriteSpec
from studio.inference.draft import Finish, Piece
from studio.inference.gguf import only_gguf
from studio.inference.model_cache import CACHE
from studio.inference.prompt import build
from studio.inference.prose import Prose
from studio.inference.runtime import Runtime
from studio.inference.sampling import Chain, seed_of
from studio.language import _


class Options(BaseModel):
    """llama.cpp needs no settings of its own: threads and layers follow the machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LlamaCppDraft:
    """A page being written by a GGUF model."""

    def __init__(self, spec: WriteSpec, base: Path, adapter: Path | None) -> None:
        self.prompt_tokens = 0
        self.shortened = False
        self.seed = seed_of(spec.sampling)
        self.finish: Finish = ""
        self._spec = spec
        self._base = only_gguf(base)
        self._adapter = only_gguf(adapter) if adapter else None
        self._pieces = self._write()

    def __iter__(self) -> Iterator[Piece]:
        return self._pieces

    def close(self) -> None:
        self._pieces.close()

    def _write(self) -> Generator[Piece, None, None]:
        with CACHE.borrow(self._base, self._spec.context_tokens) as runtime:
            runtime.use(self._adapter, self._spec.adapter_scale)
            prompt = build(self._spec, runtime)
            self.prompt_tokens, self.shortened = len(prompt.ids), prompt.shortened
            known = self._reuse(runtime, prompt.ids)
            for _done in runtime.evaluate(prompt.ids[known:]):
                yield Piece("", 0)
            with Chain(self._spec.sampling, self.seed, runtime.vocabulary) as chain:
                chain.remember(runtime, prompt.ids)
                yield from self._go_on(runtime, chain, prompt.room)

    def _reuse(self, runtime: Runtime, ids: list[int]) -> int:
        """Tokens of the prompt that are computed already.

        None when a seed was given: a batch of another size rounds otherwise, and the same
        seed is to give the same page to the letter.
        """
        if self._spec.sampling.seed is None:
            return runtime.reuse(ids)
        runtime.forget()
        return 0

    def _go_on(self, runtime: Runtime, chain: Chain, room: int) -> Iterator[Piece]:
        prose = Prose(self._spec.stop)
        begun = False
        for written in range(1, room + 1):
            token = runtime.sample(chain.handle)
            while not begun and runtime.ends(token):  # a page that was asked for is never empty
                runtime.bar(token)
                token = runtime.sample(chain.handle)
            if runtime.ends(token):
                break
            text = prose.feed(runtime.piece(token))
            begun = begun or bool(text.strip())
            yield Piece(text, 1)
            if prose.stopped:
                break
            if written < room:
                runtime.extend(token)
        else:
            self.finish = "length"
        self.finish = self.finish or "stop"
        yield Piece(prose.finish(), 0)


class LlamaCpp:
    kind = "llamacpp"
    label = "llama.cpp, on this machine"
    Spec = Options

    def check(self, spec: WriteSpec) -> Finding | None:
        """A finding when llama.cpp is not installed here."""
        if find_spec("llama_cpp"):
            return None
        return Finding(
            check="llamacpp",
            level="blocks",
            sentence=_("This machine cannot write with llama.cpp."),
            reason=_("The library llama-cpp-python is not installed."),
        )

    def run(self, spec: WriteSpec, base: Path, adapter: Path | None) -> LlamaCppDraft:
        """A draft that writes when it is iterated.

        Raises:
            StudioError: here or while iterating: a file is missing, damaged or does not fit.
        """
        return LlamaCppDraft(spec, base, adapter)


plugin = LlamaCpp()
