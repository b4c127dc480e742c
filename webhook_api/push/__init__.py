"""The push endpoint: verify a push, gather it with others, write it down, acknowledge."""
