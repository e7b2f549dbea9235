"""What makes editing faster or smaller (docs/speed.md): settings, and the parts that put them to work."""
