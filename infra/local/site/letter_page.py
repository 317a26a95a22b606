"""Makes the page that shows an e-mail's HTML part as a mail program would: styles and links work, scripts do not."""

LETTER_HEADERS = {
    "Content-Security-Policy": (
        # What a link opens is a page like any other; the letter itself has no origin, runs nothing and loads nothing.
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    # With another policy a sandboxed document in a tab of its own is a network error, says the HTML standard.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}


def letter_page(html: str) -> str:
    """Return the HTML with its links opening in tabs of their own: the site's pages show in no frame.

    The first doctype and the first `base` of a document count, so the letter's own are passed over.
    """
    return f'<!doctype html><base target="_blank">{html}'
