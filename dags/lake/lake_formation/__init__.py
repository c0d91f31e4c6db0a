"""Who may see what, as code: the contract's permissions compared with Lake Formation's, and the difference applied."""
