# An SFTP server on loopback over FOLDER/files. Says where it is and what opens it, in a line of JSON;
# ends when standard input closes, which is the test process's, and takes its folder with it.
# usage: python3 -c "$(cat server.py)" FOLDER
#
# Reads give less than they are asked for, as they may. Names tell it to misbehave:
#   grows…    gets longer when it is opened
#   breaks…   ends the connection when it is read
#   stalls…   never answers a read
#   floods…   reads give more than they were asked for
#   drips…    reads give nothing, and not the end
# and a folder `hollow` answers without names, and without end.
import asyncio
import json
import os
import shutil
import sys

import asyncssh
from asyncssh import sftp

MOST_AT_ONCE = 10_000
USER = "agency"
PASSWORD = "dtm-tests-secret"
PASSPHRASE = "dtm-tests-passphrase"

folder = sys.argv[1]
files = os.path.join(folder, "files")


class Server(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return username == USER and password == PASSWORD


class Nothing(bytes):
    """What is sent although it is empty: the library would say that the file ends."""

    def __bool__(self):
        return True


hollow = set()
opendir, readdir = sftp.SFTPServerHandler._process_opendir, sftp.SFTPServerHandler._process_readdir


async def open_hollow(handler, packet):
    is_hollow = packet.get_remaining_payload().rstrip(b"/").endswith(b"/hollow")
    handle = await opendir(handler, packet)
    if is_hollow:
        hollow.add((id(handler), handle))
    return handle


async def read_hollow(handler, packet):
    asked = packet.get_remaining_payload()
    if any(of == id(handler) and asked.endswith(handle) for of, handle in hollow):
        return [], False
    return await readdir(handler, packet)


handlers = sftp.SFTPServerHandler._packet_handlers
handlers[sftp.FXP_OPENDIR] = open_hollow
handlers[sftp.FXP_READDIR] = read_hollow


class Files(asyncssh.SFTPServer):
    def __init__(self, channel):
        super().__init__(channel, chroot=files)
        self.names = {}

    def open(self, path, pflags, attrs):
        opened = super().open(path, pflags, attrs)
        name = os.path.basename(path)
        self.names[id(opened)] = name
        if name.startswith(b"grows"):
            with open(self.map_path(path), "ab") as file:
                file.write(b"more\n")
        return opened

    async def read(self, file_obj, offset, size):
        name = self.names.get(id(file_obj), b"")
        if name.startswith(b"breaks"):
            self.connection.abort()
        if name.startswith(b"stalls"):
            await asyncio.Event().wait()
        if name.startswith(b"drips"):
            return Nothing()
        if name.startswith(b"floods"):
            return b"x" * (size + 1)
        return super().read(file_obj, offset, min(size, MOST_AT_ONCE))


async def main():
    os.makedirs(files)
    host_key, client_key, other_key = (asyncssh.generate_private_key(kind) for kind in
                                       ("ssh-ed25519", "ssh-ed25519", "ecdsa-sha2-nistp256"))
    clients = (client_key.export_public_key() + other_key.export_public_key()).decode()
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Server, server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(clients),
        sftp_factory=Files, login_timeout=60)
    said = {
        "port": server.get_port(),
        "host_key": host_key.get_fingerprint("sha256"),
        "client_key": client_key.export_private_key("openssh").decode(),
        "pkcs8_key": other_key.export_private_key("pkcs8-pem").decode(),
        "encrypted_key": client_key.export_private_key(
            "pkcs8-pem", passphrase=PASSPHRASE).decode(),
        "stranger_key": asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(),
        "user": USER,
        "password": PASSWORD,
        "passphrase": PASSPHRASE,
    }
    print(json.dumps(said), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


try:
    asyncio.run(main())
finally:
    shutil.rmtree(folder, ignore_errors=True)
