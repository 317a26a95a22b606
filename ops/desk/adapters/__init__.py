"""What fills the desk's roles."""
