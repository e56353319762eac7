"""The pages of the room. They read what was asked, call one query or verb, and show the answer; no rules here."""
