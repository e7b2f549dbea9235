"""Between a picture's own pixels and the model's, and back without touching what the mask leaves out."""
