"""Merges the spellings of an e-mail address that arrive in one mailbox. E-mails go to the address as it was typed."""

from shared.mailboxes.providers import Provider, read_providers


def merge_spellings(address: str) -> str:
    """Return the one spelling that stands for all of the mailbox.

    Upper case and sub-addresses (`jan+1@`, RFC 5233) count nowhere: no important provider tells upper from lower case,
    and most who use sub-addresses have one mailbox. The large providers have further rules (`providers.json`).
    """
    name, _, domain = address.strip().lower().rpartition("@")
    if not name:
        return domain
    provider, name, domain = _find_provider(name, domain)
    if provider is None:
        return f"{_cut_tag(name, '+')}@{domain}"
    for separator in f"+{provider.tag_separators}":
        name = _cut_tag(name, separator)
    # A name of nothing but ignored characters is none that the provider knows; it stays as it is.
    name = "".join(character for character in name if character not in provider.ignored) or name
    for pair in provider.equal:
        name = name.replace(pair[0], pair[1])
    return f"{name}@{provider.find_main_domain(domain)}"


def list_suppressed_spellings(address: str) -> tuple[str, ...]:
    """Return the spellings under which feedback on an e-mail to `address` is stored.

    The merged one is among them only if the provider delivers every spelling to one mailbox. Elsewhere a stranger could
    give `somebody+nonsense@`, whose bounce says nothing about the mailbox of somebody.
    """
    name, _, domain = address.strip().lower().rpartition("@")
    provider, _, _ = _find_provider(name, domain)
    if provider is None or not provider.every_spelling_arrives:
        return (address,)
    return list_looked_up_spellings(address)


def list_looked_up_spellings(address: str) -> tuple[str, ...]:
    """Return the spellings under which an address may be suppressed: as typed, and merged if that differs."""
    merged = merge_spellings(address)
    return (address,) if merged == address.strip().lower() else (address, merged)


def _find_provider(name: str, domain: str) -> tuple[Provider | None, str, str]:
    """Return the provider with name and domain, which differ from those of the address if a subdomain is the name."""
    providers = read_providers()
    if provider := providers.get(domain):
        return provider, name, domain
    subdomain, _, parent = domain.partition(".")
    provider = providers.get(parent)
    if provider and provider.subdomain_is_name:
        return provider, subdomain, parent
    return None, name, domain


def _cut_tag(name: str, separator: str) -> str:
    return name.partition(separator)[0] or name
