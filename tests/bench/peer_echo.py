#!/usr/bin/python3
"""The peer of the unary figure: grpcio's own server, mutual TLS, an empty health answer, no store and no log.

usage: peer_echo.py PKI_DIR     prints its port, serves until it is killed
"""
import pathlib
import sys
from concurrent import futures

import grpc

pki = pathlib.Path(sys.argv[1])
SERVING = b"\x08\x01"


class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: SERVING)


server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Health()])
credentials = grpc.ssl_server_credentials([((pki / "gateway-key.pem").read_bytes(), (pki / "gateway.pem").read_bytes())],
                                          (pki / "ca.pem").read_bytes(), True)
print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
server.start()
server.wait_for_termination()
