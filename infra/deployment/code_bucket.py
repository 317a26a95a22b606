"""Keeps the packages, templates and records of deployments in a bucket of the account.

Its name can be guessed, so somebody else may have created a bucket of that name, open to us, to exchange the packages.
Therefore each request names the owner, and S3 refuses it if the bucket is another account's
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.errors import DeployError, error_code
from infra.deployment.pages import read_object_pages
from infra.deployment.request import Environment, Request


@dataclass(frozen=True)
class CodeBucket:
    """The bucket; its name has the account, because bucket names are unique across all accounts."""

    s3: Any
    name: str
    region: str
    endpoint_url: str | None = None
    """The endpoint of an emulator."""
    owner: str = ""
    """The account that must own the bucket; empty with an emulator."""

    def url(self, key: str) -> str:
        """Return the address under which CloudFormation reads a template."""
        if self.endpoint_url:
            return f"{self.endpoint_url}/{self.name}/{key}"
        return f"https://{self.name}.s3.{self.region}.amazonaws.com/{key}"

    def exists(self) -> bool:
        """Return whether it is there.

        Raises:
            DeployError: another account has a bucket of that name, or we may not look.
        """
        try:
            self.s3.head_bucket(**self._target)
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchBucket", "NotFound"}:
                return False
            if error_code(error) in {"403", "AccessDenied"}:
                raise DeployError(
                    f"the bucket {self.name} exists, but this identity may not use it: allow s3:ListBucket,"
                    " s3:GetObject and s3:PutObject on it, or use another --stack if it belongs to another account"
                ) from error
            raise
        return True

    def create(self) -> None:
        """Create it, closed to the public."""
        # us-east-1 is S3's default, and is refused when it is named
        # (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html).
        where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        try:
            self.s3.create_bucket(Bucket=self.name, **where)
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise DeployError(f"the bucket {self.name} belongs to another account: use another --stack") from error
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise
        self.s3.put_public_access_block(
            **self._target,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
        )

    def upload(self, path: Path) -> str:
        """Upload a file and return its key."""
        return self.put(path.stem, path.suffix, path.read_bytes())

    def put(self, stem: str, suffix: str, content: bytes) -> str:
        """Store content under a key that is named by it: the same content is the same key to CloudFormation."""
        key = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
        if not self.has(key):
            self.write(key, content)
        return key

    def write(self, key: str, content: bytes) -> None:
        """Store content under this key."""
        self.s3.put_object(**self._target, Key=key, Body=content)

    def has(self, key: str) -> bool:
        """Return whether there is an object with this key."""
        try:
            self.s3.head_object(**self._target, Key=key)
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True

    def get(self, key: str) -> bytes:
        """Return an object's content."""
        content: bytes = self.s3.get_object(**self._target, Key=key)["Body"].read()
        return content

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix, sorted."""
        pages = read_object_pages(self.s3, **self._target, Prefix=prefix)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    @property
    def _target(self) -> dict[str, str]:
        return {"Bucket": self.name} | ({"ExpectedBucketOwner": self.owner} if self.owner else {})


def open_code_bucket(request: Request, environment: Environment) -> CodeBucket:
    """Return the bucket of the packages of a stack."""
    name = f"{request.stack}-code-{environment.account}-{environment.region}".lower()
    s3 = environment.clients("s3")
    return CodeBucket(s3, name, environment.region, environment.endpoint_url, owner=environment.account)
