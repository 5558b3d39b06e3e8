"""Pictures for sample products: drawn here, so that the gallery needs no network."""

from hashlib import sha256
from html import escape
from typing import Final

from sending.context import MailContext

_DRAWING: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600" viewBox="0 0 600 600">
<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">
<stop offset="0" stop-color="hsl({hue}, 38%, 82%)"/>
<stop offset="1" stop-color="hsl({far}, 42%, 64%)"/>
</linearGradient></defs>
<rect width="600" height="600" fill="url(#g)"/>
<ellipse cx="300" cy="452" rx="172" ry="22" fill="hsl({hue}, 30%, 40%)" opacity="0.25"/>
<path d="M150 262 h300 c0 118 -52 184 -150 184 s-150 -66 -150 -184z" fill="hsl({hue}, 34%, 44%)"/>
<ellipse cx="300" cy="262" rx="150" ry="42" fill="hsl({hue}, 32%, 34%)"/>
</svg>
"""


def drawing(name: str) -> str:
    """An SVG of something to buy, in a colour of its own for each name."""
    hue = int(sha256(name.encode()).hexdigest(), 16) % 360
    return _DRAWING.format(hue=hue, far=(hue + 40) % 360)


def picture_names(context: MailContext) -> dict[str, str]:
    """The file of each picture that a mail to this sample may show, by its address."""
    addresses = [product.image_url for product in context.products if product.image_url]
    return {address: f"{sha256(address.encode()).hexdigest()[:8]}.svg" for address in addresses}


def with_local_pictures(html: str, context: MailContext, folder: str) -> str:
    """The page with the sample's pictures taken from `folder`."""
    for address, name in picture_names(context).items():
        html = html.replace(f'src="{escape(address)}"', f'src="{folder}/{name}"')
    return html
