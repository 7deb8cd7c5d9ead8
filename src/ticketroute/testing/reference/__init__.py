"""A desk that is obviously right, and slow: lists and scans, nothing kept that can be added up."""
