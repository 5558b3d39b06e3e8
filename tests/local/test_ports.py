import os
import socket
from pathlib import Path

import pytest

from local.ports import PortTaken, free_port, holder, lasting_ports, require_free


def can_be_listened_on(port: int) -> bool:
    with socket.create_server(("127.0.0.1", port)) as server:
        return int(server.getsockname()[1]) == port


class TestAPort:
    def test_that_nobody_uses_is_free(self) -> None:
        port = free_port()

        require_free(port, host="127.0.0.1", setting="DORMOUSE_PORT")

        assert can_be_listened_on(port)

    def test_that_is_taken_is_told_with_its_holder_and_the_setting_to_change(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

            with pytest.raises(PortTaken) as refusal:
                require_free(port, host="127.0.0.1", setting="DORMOUSE_TEMPORAL_PORT")

        name = Path("/proc/self/comm").read_text().strip()
        assert str(refusal.value) == (
            f"Port {port} is taken by {name} (pid {os.getpid()}): stop it, or set "
            "DORMOUSE_TEMPORAL_PORT to a free port."
        )

    def test_is_free_again_as_soon_as_its_server_is_gone(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)):
                accepted, _ = server.accept()
                accepted.close()

        require_free(port, host="127.0.0.1", setting="DORMOUSE_PORT")

        assert can_be_listened_on(port)

    def test_of_an_address_elsewhere_cannot_be_listened_on(self) -> None:
        with pytest.raises(PortTaken, match=r"Cannot listen on 192.0.2.1.*check DORMOUSE_HOST"):
            require_free(8000, host="192.0.2.1", setting="DORMOUSE_PORT")

    def test_that_is_free_has_no_holder(self) -> None:
        assert holder(free_port()) is None


class TestLastingPorts:
    def test_are_free_and_follow_each_other(self) -> None:
        ports = lasting_ports(3)

        assert [port - ports[0] for port in ports] == [0, 1, 2]
        assert all(can_be_listened_on(port) for port in ports)

    def test_lie_below_what_the_system_hands_to_outgoing_connections(self) -> None:
        assert max(lasting_ports(3)) < 32_768
