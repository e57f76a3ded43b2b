"""The store leaves pandas alone, and pandas and sqlite_utils are none the worse for it."""

import subprocess
import sys
import threading

from studio.settings import ROOT
from studio.store import _Without, _without


def fresh(program: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, cwd=ROOT, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_store_does_not_load_pandas() -> None:
    assert fresh("import sys, studio.store.jobs; print('pandas' in sys.modules)") == "False"


def test_pandas_can_be_imported_afterwards() -> None:
    program = """
import studio.store, sys
import pandas
table = pandas.DataFrame({"words": [1, 2]})
print(int(table.words.sum()), any(type(f).__name__ == "_Without" for f in sys.meta_path))
"""
    assert fresh(program) == "3 False"


def test_streamlit_still_knows_a_table_of_pandas() -> None:
    program = """
import studio.store
from streamlit.dataframe_util import convert_anything_to_pandas_df
print(convert_anything_to_pandas_df({"a": [1, 2]}).shape)
"""
    assert fresh(program).endswith("(2, 1)")


def test_pandas_that_is_loaded_already_is_left_where_it_is() -> None:
    program = """
import pandas, sys
before = sys.modules["pandas"]
import studio.store, sqlite_utils.db
print(sys.modules["pandas"] is before, sqlite_utils.db.pd is before)
"""
    assert fresh(program) == "True True"


def test_only_the_thread_that_asked_goes_without() -> None:
    outcomes: dict[str, object] = {}

    def elsewhere() -> None:
        outcomes["elsewhere"] = finder.find_spec("colorsys", None)

    finder = _Without("colorsys")
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    try:
        finder.find_spec("colorsys", None)
    except ModuleNotFoundError as refused:
        outcomes["here"] = refused.name
    assert outcomes == {"elsewhere": None, "here": "colorsys"}


def test_the_way_is_open_again_after_a_mistake() -> None:
    before = list(sys.meta_path)
    try:
        with _without("colorsys"):
            raise ValueError("while importing")
    except ValueError:
        pass
    assert sys.meta_path == before
