"""How a mail is made: MJML, Jinja and catalogues of texts."""
