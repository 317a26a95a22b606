"""The desk: where a person finds what failed, sees what a replay would do, repairs it and replays it."""
