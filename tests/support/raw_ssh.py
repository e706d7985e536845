"""An SSH client that says exactly what a test wants: paramiko's transport with hand-made messages (RFC 4252, 4254).

/usr/bin/python3 with Debian's python3-paramiko.
"""

import queue
import socket

import paramiko
from paramiko.common import byte_chr

SERVICE_REQUEST, SERVICE_ACCEPT, USERAUTH_REQUEST = 5, 6, 50
USERAUTH_FAILURE, USERAUTH_SUCCESS, USERAUTH_PK_OK = 51, 52, 60
CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE = 90, 91, 92
KERBEROS_OID = bytes.fromhex("06092a864886f712010202")


class _Recorder:
    """Takes the place of paramiko's own authentication: every answer goes into a queue."""

    def __init__(self):
        self.answers = queue.Queue()

    def _record(self, kind):
        def handler(self_or_recorder, message):
            self.answers.put((kind, message))
        return handler

    @property
    def _handler_table(self):
        kinds = (SERVICE_ACCEPT, USERAUTH_FAILURE, USERAUTH_SUCCESS, USERAUTH_PK_OK)
        return {kind: self._record(kind) for kind in kinds}

    def is_authenticated(self):
        return True

    def abort(self):
        self.answers.put((None, None))


class RawClient:
    """Key exchange done, "ssh-userauth" accepted."""

    def __init__(self, address, timeout=20):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.transport = paramiko.Transport(self.socket)
        self.transport.start_client(timeout=timeout)
        self.recorder = _Recorder()
        self.transport.auth_handler = self.recorder
        self.timeout = timeout
        message = paramiko.Message()
        message.add_byte(byte_chr(SERVICE_REQUEST))
        message.add_string("ssh-userauth")
        self.send(message)
        kind, _ = self.answer()
        assert kind == SERVICE_ACCEPT, kind

    def send(self, message):
        self.transport._send_message(message)

    def answer(self, timeout=None):
        """(type, message); (None, None) when the server ended the connection."""
        return self.recorder.answers.get(timeout=timeout or self.timeout)

    def close(self):
        self.transport.close()

    def _request(self, user, method):
        message = paramiko.Message()
        message.add_byte(byte_chr(USERAUTH_REQUEST))
        message.add_string(user)
        message.add_string("ssh-connection")
        message.add_string(method)
        return message

    def ask_none(self, user="alknet"):
        self.send(self._request(user, "none"))

    def ask_gssapi(self, user="alknet"):
        message = self._request(user, "gssapi-with-mic")
        message.add_int(1)
        message.add_string(KERBEROS_OID)
        self.send(message)

    def probe(self, blob, user="alknet", algorithm="ssh-ed25519"):
        """A key without a signature."""
        message = self._request(user, "publickey")
        message.add_boolean(False)
        message.add_string(algorithm)
        message.add_string(blob)
        self.send(message)

    def sign_in(self, key, user="alknet", blob=None, spoil=False):
        """Signs with `key` and names `blob` (default: the key's own) as the public key."""
        blob = blob or key.asbytes()
        signed = paramiko.Message()
        signed.add_string(self.transport.session_id)
        signed.add_byte(byte_chr(USERAUTH_REQUEST))
        signed.add_string(user)
        signed.add_string("ssh-connection")
        signed.add_string("publickey")
        signed.add_boolean(True)
        signed.add_string("ssh-ed25519")
        signed.add_string(blob)
        signature = key.sign_ssh_data(signed.asbytes()).asbytes()
        if spoil:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        message = self._request(user, "publickey")
        message.add_boolean(True)
        message.add_string("ssh-ed25519")
        message.add_string(blob)
        message.add_string(signature)
        self.send(message)

    def logged_in(self, key):
        """Logs in and hands authentication back to paramiko, whose channels work from then on."""
        self.sign_in(key)
        kind, _ = self.answer()
        assert kind == USERAUTH_SUCCESS, kind
        return self


def load_key(path):
    return paramiko.Ed25519Key.from_private_key_file(str(path))
