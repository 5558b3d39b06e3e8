"""A Temporal server, and what operators do with it."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

from tests.programs import TEMPORAL

SCRIPTS: Final = Path(__file__).parents[2] / "deploy" / "temporal"


class Server:
    """A server, and the programs that operators use on it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def runs(self, *command: str, **environment: str) -> None:
        """Run a command as an operator would, with Temporal's own program on the path."""
        subprocess.run(
            command,
            env={
                "PATH": f"{Path(TEMPORAL).parent}:{os.environ['PATH']}",
                "TEMPORAL_ADDRESS": self.address,
                **environment,
            },
            capture_output=True,
            timeout=60,
            check=True,
        )

    def is_prepared(self, namespace: str) -> None:
        """Prepare a namespace as docker-compose.yml does."""
        self.runs("sh", str(SCRIPTS / "namespace.sh"), TEMPORAL_NAMESPACE=namespace)

    def does(self, cure: str) -> None:
        """Run the first command that a finding names."""
        found = re.search(r"`(temporal [^`]*)`", cure)
        assert found, cure
        self.runs(*shlex.split(found[1]))
