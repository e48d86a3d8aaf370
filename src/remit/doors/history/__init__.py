"""History: what prices, equity and exits were, kept beside the journal for charts. Disposable; it decides nothing."""
