"""The versions that deployments have left: their records, and going back to one."""
