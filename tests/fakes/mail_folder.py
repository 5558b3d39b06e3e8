"""A folder of mails to compile: one sound mail, and whatever a test writes instead."""

from pathlib import Path

SOUND = """\
<mjml lang="{{ language }}" dir="{{ direction }}">
  <mj-head>
    <mj-title>{{ _("Your cart") }}</mj-title>
    <mj-preview>{{ _("Still here") }}</mj-preview>
  </mj-head>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello!</mj-text>
        <mj-include path="footer.mjml" />
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
FOOTER = """\
<mj-text>{{ shop.postal_address }} <a href="{{ links.unsubscribe }}">{{ _("Leave") }}</a></mj-text>
"""
#: How a German catalogue begins.
IN_GERMAN = """\
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
GERMAN = f"""\
{IN_GERMAN}msgid "Your cart"
msgstr "Ihr Warenkorb"

msgid "%(count)s thing"
msgid_plural "%(count)s things"
msgstr[0] "%(count)s Ding"
msgstr[1] "%(count)s Dinge"
"""


def mail_folder(root: Path, mail: str = SOUND, *, german: str = GERMAN, **parts: str) -> Path:
    """A folder with the mail `cart/kept.mjml`, its parts by name, and a German catalogue."""
    (root / "mails" / "cart").mkdir(parents=True)
    (root / "mails" / "cart" / "kept.mjml").write_text(mail, encoding="utf-8")
    for name, text in ({"footer": FOOTER} | parts).items():
        (root / "mails" / f"{name}.mjml").write_text(text, encoding="utf-8")
    catalogue = root / "locale" / "de" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "mails.po").write_text(german, encoding="utf-8")
    return root


def saying(content: str) -> str:
    """The sound mail with `content` (MJML of a column) in place of its greeting."""
    return SOUND.replace("<mj-text>Hello!</mj-text>", content)
