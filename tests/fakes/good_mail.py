"""A mail that no rule has anything against, to be broken in one place at a time."""

from pathlib import Path

from sending.checking.check import check_mails
from tests.fakes.mail_folder import IN_GERMAN, mail_folder

GREETING = '<mj-text color="#222222">Hello!</mj-text>'
BUTTON = (
    '<mj-button href="{{ links.cart }}" background-color="#222222" color="#ffffff">Go</mj-button>'
)
#: The greeting is on line 17.
GOOD = f"""\
<mjml lang="{{{{ language }}}}" dir="{{{{ direction }}}}">
  <mj-head>
    <mj-title>{{{{ _("Your cart") }}}}</mj-title>
    <mj-preview>{{{{ _("Still here, just as you left it a while ago") }}}}</mj-preview>
    <mj-raw><meta name="color-scheme" content="light dark" /></mj-raw>
    <mj-style>
      @media (prefers-color-scheme: dark) {{
        .page div {{
          background: #000000 !important; color: #ffffff !important;
        }}
      }}
    </mj-style>
  </mj-head>
  <mj-body css-class="page">
    <mj-section background-color="#ffffff">
      <mj-column>
        {GREETING}
        {BUTTON}
        <mj-include path="footer.mjml" />
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
FOOTER = """\
<mj-text color="#222222">
  {{ shop.postal_address }}
  <a href="{{ links.unsubscribe }}" style="color: inherit;">{{ _("Leave") }}</a>
</mj-text>
"""
GERMAN = f"""\
{IN_GERMAN}msgid "Your cart"
msgstr "Ihr Warenkorb"

msgid "Still here, just as you left it a while ago"
msgstr "Noch da, so wie Sie ihn vor einer Weile verlassen haben"

msgid "Leave"
msgstr "Abmelden"
"""


def showing(content: str) -> str:
    """The good mail with `content` (MJML of a column) on line 17 instead of its greeting."""
    return GOOD.replace(GREETING, content)


def told(root: Path, mail: str = GOOD, *, german: str = GERMAN, footer: str = FOOTER) -> list[str]:
    """What the check says about a mail, sentence by sentence."""
    folder = mail_folder(root, mail, german=german, footer=footer)
    return [str(finding) for finding in check_mails(folder).findings]
