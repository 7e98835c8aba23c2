"""Published neural surrogates of others, installed and run on request."""
