"""The demo business's page, with the widget on it and the e-mails that the local stack caught."""
