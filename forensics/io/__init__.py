"""Opening sources: which files a user meant, and their bytes without the compression."""
