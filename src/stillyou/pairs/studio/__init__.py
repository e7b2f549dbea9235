"""The cartoon studio: vector characters with exact pairs."""
