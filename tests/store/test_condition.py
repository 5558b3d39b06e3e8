from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from store.condition import connections_per_process, server_condition
from store.sessions import Database


class TestTheConditionOfTheServer:
    async def test_is_told_where_there_is_a_server(self, database: Database) -> None:
        async with database.reading() as session:
            server = await server_condition(session)

        if database.dialect == "sqlite":
            assert server is None
            return
        assert server is not None
        assert server.version.startswith(f"{server.major}.")
        assert 1 <= server.connections < server.most_connections
        assert abs(server.now - datetime.now(UTC)) < timedelta(seconds=5)

    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_leaves_out_the_room_that_others_take(self, database: Database) -> None:
        async with database.writing() as session:
            alone = await server_condition(session)
            await session.execute(text("CREATE ROLE neighbour"))
            await session.execute(text("SET LOCAL ROLE neighbour"))
            beside_us = await server_condition(session)
            await session.execute(text("RESET ROLE"))
            await session.execute(text("DROP ROLE neighbour"))

        assert alone is not None
        assert beside_us is not None
        assert beside_us.most_connections < alone.most_connections

    def test_counts_the_connections_that_a_process_may_open(self) -> None:
        assert connections_per_process("postgresql://shop@db/shop?pool_size=7") == 7
