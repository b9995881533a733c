"""`monitor doctor`: one check after another, each with what to do."""
