"""Runs LocalStack on 127.0.0.1 alone; the Python of LocalStack's own environment executes this file.

LocalStack's server ignores the host in `GATEWAY_LISTEN` and listens on every IPv4 address of the machine
(localstack/runtime/server/twisted.py, "TODO: interface = host?").
"""

import functools
import runpy

from twisted.internet import endpoints

endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")

if __name__ == "__main__":
    runpy.run_module("localstack.runtime.main", run_name="__main__", alter_sys=True)
