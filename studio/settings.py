"""The environment becomes one frozen Settings; nothing else reads environment variables."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from studio.paths import local_path

ROOT = Path(__file__).resolve().parent.parent
LocalPath = Annotated[Path, BeforeValidator(local_path)]


class Settings(BaseSettings):
    """What an operator may set. Every name is an environment variable LOREWRIGHT_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="LOREWRIGHT_", frozen=True, extra="forbid")

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
    endpoint_key: SecretStr | None = Field(
        None, description="Key for the OpenAI-compatible address that a job may ask for text."
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


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
