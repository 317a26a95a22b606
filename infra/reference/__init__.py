"""What developers of pages read: made from the widget's sources and the schemas of the frames."""
