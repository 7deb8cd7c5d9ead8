"""The model: frozen values, enums and protocols; nothing here changes over time."""
