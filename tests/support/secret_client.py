"""org.alknet.Secret1 for tests: python3-dbus, and libsodium's sealed boxes from python3-nacl."""

import struct
import time

import dbus
import dbus.bus
import nacl.public

NAME, PATH = "org.alknet.Secret1", "/org/alknet/Secret1"


def string(text):
    """RFC 4251."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">I", len(data)) + data


def unlock_request(mnemonic, passphrase=""):
    return (string(mnemonic) + string(passphrase)).ljust(2048, b"\0")


class Client:
    """Errors are dbus.DBusException, with our names."""

    def __init__(self, address):
        self.bus = dbus.bus.BusConnection(address)

    def call(self, member, *arguments):
        return self.bus.get_object(NAME, PATH, introspect=False).get_dbus_method(member, NAME)(*arguments)

    def seal(self, data):
        """(prepared key, box), as two arguments."""
        key = bytes(self.call("Prepare"))
        box = nacl.public.SealedBox(nacl.public.PublicKey(key)).encrypt(data)
        return dbus.ByteArray(key), dbus.ByteArray(box)

    def receive(self, member, *arguments, place=None):
        """Calls with a key of ours at `place` (last without) and opens the last thing in the answer."""
        mine = nacl.public.PrivateKey.generate()
        arguments = list(arguments)
        arguments.insert(len(arguments) if place is None else place, dbus.ByteArray(bytes(mine.public_key)))
        answer = self.call(member, *arguments)
        parts = list(answer) if isinstance(answer, tuple) else [answer]
        parts[-1] = nacl.public.SealedBox(mine).decrypt(bytes(parts[-1]))
        return parts if len(parts) > 1 else parts[0]

    def unlock(self, mnemonic, passphrase="", force=False):
        return str(self.call("Unlock", *self.seal(unlock_request(mnemonic, passphrase)), dbus.Boolean(force)))

    def generate(self, words=12, passphrase="", force=False):
        identity, mnemonic = self.receive("Generate", dbus.UInt32(words), *self.seal(unlock_request("", passphrase)),
                                          dbus.Boolean(force), place=3)
        return str(identity), mnemonic.decode()

    def derive(self, member, path):
        public, private = self.receive(member, path)
        return bytes(public), private

    def password(self, path, length):
        return self.receive("DerivePassword", path, dbus.UInt32(length))

    def encrypt(self, text, tag="", version=2):
        return self.call("Encrypt", *self.seal(text.encode()), tag, dbus.UInt32(version))

    def decrypt(self, record):
        tag, text = self.receive("Decrypt", record)
        return str(tag), text.decode()

    def sign_anchor(self, sequence, digest):
        public, signature = self.call("SignAnchor", dbus.UInt32(1), dbus.UInt64(sequence), dbus.ByteArray(digest),
                                      dbus.UInt64(int(time.time())))
        return bytes(public), bytes(signature)

    def lock(self):
        return bool(self.call("Lock"))

    def status(self):
        return {str(key): value for key, value in self.call("Status").items()}
