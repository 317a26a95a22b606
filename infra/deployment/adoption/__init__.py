"""Resources that exist already: what is known of them, and what a deployment does with them."""
