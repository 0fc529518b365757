"""The AWS services: one package each, none importing another; `app` joins them."""
