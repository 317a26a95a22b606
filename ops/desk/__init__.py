"""The desk: an operator finds failures, sees what a replay would do, edits them and replays them."""
