"""The desk in the browser: pages are rendered on the server, and every action works without JavaScript."""
