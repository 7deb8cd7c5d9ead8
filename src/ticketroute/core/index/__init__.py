"""Makes deciding fast; nothing outside asks how."""
