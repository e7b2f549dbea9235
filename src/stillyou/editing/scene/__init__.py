"""What a picture shows and where it is edited: domain, faces, squares."""
