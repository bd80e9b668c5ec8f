"""What a file is, and a copy of it that does not tell who made it, where and with what. Done in a limited child."""
