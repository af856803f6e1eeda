"""Makes the tutorial models that ship with the package. Nothing else imports this."""
