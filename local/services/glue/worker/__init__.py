"""What runs inside the Glue runtime (Python 3.11): standard library only, so that it imports there."""
