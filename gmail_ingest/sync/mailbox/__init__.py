"""The steps that every use case takes with one mailbox: discover, fetch, wait, spend.

Holds also the ports and values that all use cases share.
"""
