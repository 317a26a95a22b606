"""Whether a deployment has everything that it needs: what `stride doctor` looks at."""
