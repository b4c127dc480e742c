"""The wire: HTTP messages, the protocol on a socket, and Google's refusals word for word."""
