"""The laptop's AWS: real engines behind AWS's own APIs, on 127.0.0.1 only. Nothing here is ever deployed."""
