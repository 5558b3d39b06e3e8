"""A mail to send, with everything a mail may have."""

from dataclasses import replace
from typing import Any

from sending.channel import Mail


def a_mail(**changes: Any) -> Mail:
    """A cart reminder to Zoë; `changes` replaces its parts."""
    return replace(
        Mail(
            message_id="msg_0b54c9a2",
            to_address="zoe@customer.example",
            to_name="Zoë Müller",
            from_address="hello@shop.example",
            from_name="Dormouse Shop",
            subject="Wir haben Ihren Korb aufgehoben … für Sie",
            html="<p>Der Käse ist <b>noch da</b>.</p>",
            text="Der Käse ist noch da.",
            reply_to="help@shop.example",
            headers={
                "List-Unsubscribe": f"<https://shop.example/unsubscribe/{'t' * 120}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            metadata={"run_id": "run_01", "journey": "cart-abandonment", "step": "kept-for-you"},
        ),
        **changes,
    )
