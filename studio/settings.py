"""The environment becomes one frozen Settings; nothing else reads environment variables."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from studio.paths import local_path

ROOT = Path(__file__).resolve().parent.parent
LocalPath = Annotated[Path, BeforeValidator(local_path)]


def _by_host(value: Any) -> Any:
    """``host=key`` pairs, parted by commas or spaces, as a mapping; a port may follow the host."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in value.replace(",", " ").split()]
    if not all(host and key and "/" not in host for host, _equals, key in pairs):
        raise ValueError("Write it as host=key pairs, as in api.openai.com=KEY,localhost:8000=KEY.")
    return {host.lower(): key for host, _equals, key in pairs}


KeysByHost = Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_by_host)]


class Settings(BaseSettings):
    """What an operator may set, each by an environment variable; see ``variable``."""

    model_config = SettingsConfigDict(
        env_prefix="LOREWRIGHT_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data: LocalPath = Field(
        ROOT / ".lorewright", description="Folder for everything a writer makes."
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Redis or Valkey to use (REDIS_URL). Empty: an own one is started.",
    )
    artifacts: str | None = Field(
        None,
        description="fsspec URL of the artifact store. Empty: the folder artifacts in data.",
    )
    cache: LocalPath = Field(
        Path("~/.cache/lorewright").expanduser(),
        description="Folder for what can be made again: built wheels, converter scripts, models.",
    )
    hub: str | None = Field(
        None,
        validation_alias=AliasChoices("HF_ENDPOINT", "hub"),
        description="Address of the model Hub or of a mirror (HF_ENDPOINT). Empty: the public one.",
    )
    hub_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("HF_TOKEN", "hub_token"),
        description="Key for models that the Hub keeps behind consent (HF_TOKEN).",
    )
    wandb_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("WANDB_API_KEY", "wandb_key"),
        description="Key of Weights & Biases (WANDB_API_KEY).",
    )
    wandb: str | None = Field(
        None,
        validation_alias=AliasChoices("WANDB_BASE_URL", "wandb"),
        description="Address of Weights & Biases (WANDB_BASE_URL). Empty: the public one.",
    )
    language: Literal["en", "zh"] = Field("en", description="Language of the interface.")
    password: SecretStr | None = Field(
        None, description="When set, the studio asks for it before showing any page."
    )
    endpoint_keys: KeysByHost = Field(
        {}, description="Keys of OpenAI-compatible servers, as host=key pairs with commas between."
    )
    port: int = Field(8501, ge=1, le=65535, description="Port of the page server.")

    @property
    def database(self) -> Path:
        return self.data / "studio.db"

    @property
    def artifact_store(self) -> str:
        return self.artifacts or (self.data.resolve() / "artifacts").as_uri()

    @property
    def run(self) -> Path:
        """Locks, process ids, spools and logs of what is running."""
        return self.data / "run"

    @property
    def starter(self) -> Path:
        return ROOT / "data" / "starter"

    @property
    def samples(self) -> Path:
        return ROOT / "data" / "samples"

    @property
    def catalogue(self) -> Path:
        return ROOT / "data" / "models.toml"

    @classmethod
    def variable(cls, name: str) -> str:
        """The environment variable that sets a field."""
        alias = cls.model_fields[name].validation_alias
        if isinstance(alias, AliasChoices):
            return str(alias.choices[0])
        return f"LOREWRIGHT_{name.upper()}"

    def key_for(self, address: str) -> SecretStr | None:
        """The key of the host in this address, and of no other; the host with its port first."""
        place = urlsplit(address)
        host = place.hostname or ""
        return self.endpoint_keys.get(f"{host}:{place.port}") or self.endpoint_keys.get(host)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
