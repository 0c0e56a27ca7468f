# TLS before the server on PORT: takes only connections that ask for it, and shows the certificate in
# FILE, where its key is too. Says its own port in a line; ends when standard input closes.
# usage: python3 -c "$(cat front.py)" PORT FILE
import os
import socket
import ssl
import sys
import threading

SSL_REQUEST = bytes.fromhex("0000000804d2162f")

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])


def serve(client):
    if client.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
        client.close()
        return
    client.sendall(b"S")
    try:
        client = context.wrap_socket(client, server_side=True)
    except OSError:
        return
    server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
sys.stdin.read()
os._exit(0)
