"""Which spellings of an e-mail address are one mailbox."""
