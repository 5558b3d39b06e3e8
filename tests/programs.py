"""Where the programs are that tests run: beside the interpreter, from their PyPI packages."""

import sys
from pathlib import Path
from typing import Final

_SCRIPTS: Final = Path(sys.executable).parent

#: Temporal's time-skipping test server.
TEST_SERVER: Final = str(_SCRIPTS / "temporal-test-server")
#: Temporal's development server.
TEMPORAL: Final = str(_SCRIPTS / "temporal")
