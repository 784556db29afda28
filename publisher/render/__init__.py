"""From frozen editions to finished bytes: feeds, mails, pages. No clock, no randomness, no database order, no reader."""
