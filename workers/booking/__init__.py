"""The booking worker: free times, holds, codes and appointments."""
