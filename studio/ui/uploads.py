"""Files that are given to a page: they end with its server, and are asked for once more."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from studio.language import _
from studio.ui import again
from studio.ui.words import plain


def uploads(label: str, key: str, **options: Any) -> list[UploadedFile]:
    """The files that were given, in a field whose ``options`` are a file uploader's own."""
    name = f"{key}_names"
    again.keep(name)
    found = st.file_uploader(label, key=f"{key}_{again.SERVER}", **options) or []
    files: list[UploadedFile] = found if isinstance(found, list) else [found]
    known = st.session_state.get(name, {})
    if files or known.get("server") == again.SERVER:
        names = [file.name for file in files]
        st.session_state[name] = {"server": again.SERVER, "names": names}
    elif known.get("names"):
        st.info(
            _(
                "The studio was started again and no longer has these files: {names}. Give them "
                "once more if they were not read yet."
            ).format(names=plain(", ".join(known["names"]))),
            icon=":material/upload_file:",
        )
    return files
