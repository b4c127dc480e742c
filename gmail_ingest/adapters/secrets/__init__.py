"""Where the encryption key comes from."""
