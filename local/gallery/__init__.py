"""`dormouse mails gallery`: every mail as a browser shows it, to be looked at."""
