"""A TCP proxy in front of the gateway that cuts connections: after a random number of bytes, or when told to."""
import random
import socket
import struct
import threading


class CuttingProxy:
    """Cuts `cuts` times, each after a random amount of traffic, then only forwards."""

    def __init__(self, target, cuts=0, seed=1, low=20_000, high=400_000):
        self.target = target
        self.left = cuts
        self.made = 0
        self.rng = random.Random(seed)
        self.low, self.high = low, high
        self.lock = threading.Lock()
        self.connections = []
        self.stopping = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"localhost:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stopping:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, 5)
            except OSError:
                self.reset(near)
                continue
            with self.lock:
                budget = [self.rng.randrange(self.low, self.high) if self.left > 0 else None]
                self.connections.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink, near, far, budget), daemon=True).start()

    def is_cut(self, budget, size):
        """Counts a connection's traffic of both directions; true once, when it has used up its budget."""
        with self.lock:
            if budget[0] is None:
                return False
            budget[0] -= size
            if budget[0] >= 0 or self.left == 0:
                return False
            budget[0] = None
            self.left -= 1
            self.made += 1
            return True

    def pump(self, source, sink, near, far, budget):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if self.is_cut(budget, len(data)):
                    sink.sendall(data[:self.rng.randrange(len(data))])  # in the middle of a frame
                    break
                sink.sendall(data)
        except OSError:
            pass
        self.reset(near)
        self.reset(far)

    @staticmethod
    def reset(sock):
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        try:
            sock.close()
        except OSError:
            pass

    def cut_all(self):
        with self.lock:
            for near, far in self.connections:
                self.reset(near)
                self.reset(far)
            self.connections.clear()

    def stop(self):
        self.stopping = True
        self.listener.close()
        self.cut_all()
