"""The desk in the browser: pages rendered on the server, every action without JavaScript too."""
