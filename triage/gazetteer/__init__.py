"""The list of places: read from a table that people made, and found again in what people write. Pure: no database."""
