"""The judge: a classifier that evaluation alone imports, and how it is trained."""
