"""What the ingress talks to, on boto3: the Lambda runtime brings it along."""
