"""What the system costs on AWS: counted calls, prices, and the page that is generated from both."""
