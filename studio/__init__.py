"""Lorewright: teach a language model your own voice and write with it."""

import os

# Libraries read these when they are first imported, so they are set before any of them is.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # trl reports every training otherwise
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork

__version__ = "0.1.0"
