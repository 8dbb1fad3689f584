"""Simulate S3 until stdin ends; writes its URL. Requires the environment of loaders/moto.txt."""

import sys

from moto.server import ThreadedMotoServer

out, sys.stdout = sys.stdout, sys.stderr
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), file=out, flush=True)
sys.stdin.read()
server.stop()
