"""Set-up: from a bare Python to a studio that starts. Standard library only."""
