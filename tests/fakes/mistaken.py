"""A story that fails whenever it is told."""

from temporalio import workflow

from domain.journeys import RunPosition, RunStatus


@workflow.defn(name="mistaken")
class Mistaken:
    """A story with a mistake in it, as Python only finds when it comes there."""

    @workflow.run
    async def run(self) -> None:
        raise AttributeError("'Times' object has no attribute 'setles_after'")

    @workflow.query
    def position(self) -> RunPosition:
        return RunPosition(status=RunStatus.WAITING)

    @workflow.update
    def pause(self) -> RunPosition:
        return self.position()
