"""The names in paths, as the OpenAPI document explains them."""

from typing import Annotated, Final

from fastapi import Path
from starlette.convertors import StringConvertor, register_url_convertor


class _ProductIdConvertor(StringConvertor):
    """Shopify's ids have slashes in them; only what is said about a product ends one."""

    regex = "(?:(?!/complements$).)+"


register_url_convertor("product", _ProductIdConvertor())

#: Which ids of a customer are understood, wherever one is asked for.
WHICH_CUSTOMER: Final = "The shop's id, or ours; of a visitor also a browser's."
CustomerId = Annotated[str, Path(description=WHICH_CUSTOMER, examples=["4711"])]
JourneyName = Annotated[
    str, Path(description="As `GET /v1/journeys` lists it.", examples=["win-back"])
]
RunId = Annotated[str, Path(examples=["run_01j9zq3x7m8k2v5w6y7z8a9b0c"])]
MessageId = Annotated[str, Path(examples=["msg_5a0c6a1e5d0a5d0b9a433d2f6a1f7c55"])]
ProductId = Annotated[
    str, Path(description="The shop's id; may contain slashes.", examples=["mug-blue"])
]
LinkToken = Annotated[
    str,
    Path(
        description="The end of a link in a mail, signed by us.",
        examples=["WyJjdXNfMDFqOXpxM3g3bThrMnY1dzZ5N3o4YTliMGMiXQ.c2lnbmF0dXJl"],
    ),
]
