"""A TCP pipe in front of the gateway that counts what comes back."""
import socket
import threading
import time


class Tap:
    def __init__(self, target):
        self.target = target
        self.back = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target, 5)
            for source, sink, counted in ((near, far, False), (far, near, True)):
                threading.Thread(target=self.pump, args=(source, sink, counted), daemon=True).start()

    def pump(self, source, sink, counted):
        try:
            while data := source.recv(65536):
                if counted:
                    self.back += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            s.close()

    def settled(self):
        """Bytes that came back, when no more come."""
        last, quiet = -1, 0
        while quiet < 5:
            quiet = quiet + 1 if self.back == last else 0
            last = self.back
            time.sleep(0.02)
        return last

    def stop(self):
        self.listener.close()
