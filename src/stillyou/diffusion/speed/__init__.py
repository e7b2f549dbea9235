"""What makes editing faster or smaller (docs/reference/speed.md): settings, and the parts that put them to work."""
