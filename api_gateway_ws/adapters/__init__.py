"""What ingress and authorizer call, without boto3."""
