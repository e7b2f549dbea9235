"""Text-to-image models behind one interface (`conditioning.base`)."""
