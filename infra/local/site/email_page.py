"""Builds the page that shows an e-mail's HTML part as a mail client does: styles and links work, scripts do not."""

EMAIL_HEADERS = {
    "Content-Security-Policy": (
        # The page of a link is an ordinary page; the e-mail has no origin, runs no script and loads nothing.
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    # By the HTML standard, a sandboxed document in a separate tab is a network error with another policy.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}


def render_email_page(html: str) -> str:
    """Return the HTML with links that open in new tabs, because the site's pages can't be shown in frames.

    Only the first doctype and the first `base` of a document have an effect, so those of the e-mail are ignored.
    """
    return f'<!doctype html><base target="_blank">{html}'
