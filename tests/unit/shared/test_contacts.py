"""A contact at which a person can be reached: any valid number, any e-mail address, nothing else."""

from shared.contacts import normalize_contact

CONTACTS = {
    " anna@EXAMPLE.com ": "anna@example.com",
    "anna@ex\u00a0ample.com": None,
    "512 345 678": "+48512345678",
    "\u0665\u0661\u0662 345 678": "+48512345678",  # Arabic digits
    "22 621 60 00": "+48226216000",  # A landline can be called.
    "+49 30 901820": "+4930901820",  # So can another country.
    "+48 512 345 678 999": None,
    "512": None,
    "call me at 512 345 678": None,
    "anna@example.com, eva@example.com": None,
    "=?utf-8?q?anna?=@example.com": None,
    "<script>@example.com": None,
    "javascript:alert(1)": None,
    "512 345 678\u202e": "+48512345678",
    "\u200b": None,
    "": None,
    "a" * 250 + "@example.com": None,
}


def test_contacts_as_visitors_type_them():
    """What is none is refused, whatever it contains."""
    for typed, contact in CONTACTS.items():
        assert normalize_contact(typed, region="PL") == contact, typed


def test_a_number_without_a_country():
    """Of a business whose country is unknown only international numbers can be read."""
    assert normalize_contact("512 345 678", region=None) is None
    assert normalize_contact("+48 512 345 678", region=None) == "+48512345678"
